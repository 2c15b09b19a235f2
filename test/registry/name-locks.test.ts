import { expect } from 'chai';
import { NameLocks } from '../../src/registry/name-locks.ts';
import { isSettled, turn } from '../support/outcome.ts';

/** An operation that ends when the test says so. */
function operation(): {
  run: () => Promise<string>;
  end(result: string): void;
  fail(error: Error): void;
  begun: number;
} {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const made = {
    begun: 0,
    run: () => {
      made.begun++;
      return promise;
    },
    end: resolve,
    fail: reject,
  };
  return made;
}

describe('NameLocks', () => {
  it('runs operations on one name one after the other, in the order in which they came', async () => {
    const locks = new NameLocks();
    const [first, second, third] = [operation(), operation(), operation()];
    const results = [first, second, third].map(({ run }) => locks.run('a', run));
    await turn();
    expect([first.begun, second.begun, third.begun]).to.deep.equal([1, 0, 0]);
    first.end('one');
    expect(await results[0]).to.equal('one');
    await turn();
    expect([first.begun, second.begun, third.begun]).to.deep.equal([1, 1, 0]);
    second.end('two');
    third.end('three');
    expect(await Promise.all(results)).to.deep.equal(['one', 'two', 'three']);
    expect([first.begun, second.begun, third.begun]).to.deep.equal([1, 1, 1]);
  });

  it('runs operations on different names side by side', async () => {
    const locks = new NameLocks();
    const slow = operation();
    const waiting = locks.run('a', slow.run);
    // A name that is a property of every object is a name like any other.
    expect(await locks.run('__proto__', async () => 'done')).to.equal('done');
    expect(await isSettled(waiting)).to.equal(false);
    slow.end('late');
    expect(await waiting).to.equal('late');
  });

  it('goes on after an operation that failed, which only its own caller hears of', async () => {
    const locks = new NameLocks();
    const broken = operation();
    const failed = locks.run('a', broken.run).catch((error: Error) => error.message);
    const next = locks.run('a', async () => 'next');
    broken.fail(new Error('broken'));
    expect(await failed).to.equal('broken');
    expect(await next).to.equal('next');
  });

  it('goes on after an operation that throws before it returns a promise', async () => {
    const locks = new NameLocks();
    const failed = locks.run('a', () => {
      throw new Error('at once');
    });
    expect(await failed.catch((error: Error) => error.message)).to.equal('at once');
    expect(await locks.run('a', async () => 'next')).to.equal('next');
  });

  it('is settled when nothing is under way, what was begun meanwhile included', async () => {
    const locks = new NameLocks();
    await locks.settled();
    const [first, second] = [operation(), operation()];
    void locks.run('a', first.run).then(() => locks.run('b', second.run));
    const settled = locks.settled();
    first.end('');
    expect(await isSettled(settled)).to.equal(false);
    second.end('');
    await settled;
  });

  it('settles when an operation has failed', async () => {
    const locks = new NameLocks();
    const broken = operation();
    locks.run('a', broken.run).catch(() => {});
    const settled = locks.settled();
    broken.fail(new Error('broken'));
    await settled;
  });
});
