import { Buffer, isUtf8 } from 'node:buffer';
import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { hostile } from '../../fixtures/guests.ts';
import { rejection } from '../../support/outcome.ts';
import { batchFolder } from './batch-folder.ts';

describe('the dead letters of a batch', () => {
  const batch = batchFolder();
  const { at, run } = batch;

  before(async () => {
    await batch.engine.loadPlugin('hostile', await hostile());
  });

  const letters = async (): Promise<Record<string, unknown>[]> =>
    (await readFile(at('dead.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const verdicts = async (): Promise<unknown[]> =>
    (await letters()).map(({ verdict, failures, attempts }) => [verdict, failures, attempts]);

  for (const [how, concurrency] of [
    ['in blocks', 256],
    ['by itself', 1],
  ] as const) {
    it(`say what is known of a record that ran ${how}, over all runs`, async () => {
      await writeFile(
        at('in.jsonl'),
        '{"input":"unreachable"}\n{"input":"a"}\nno record\n{"input":"a","plugin":"gone"}\n',
      );
      const options = { plugin: 'hostile', deadLetter: 'dead.jsonl', concurrency };
      expect(await run(options)).to.deep.include({ failed: 3, poison: 0, unlucky: 0 });
      const once = ['failed', { ERR_TRAP: 1 }, 1];
      const others = [
        ['malformed', undefined, 0],
        ['failed', undefined, 1],
      ];
      expect(await verdicts()).to.deep.equal([once, ...others]);

      // As records of another run, whose workers read them.
      const again = await run({
        ...options,
        input: 'dead.jsonl',
        output: 'again.jsonl',
        deadLetter: 'again-dead.jsonl',
      });
      expect(again).to.deep.include({ failed: 3, poison: 1 });

      const retried = await run({ ...options, retryDeadLetters: true });
      expect(retried).to.deep.include({ failed: 3, poison: 1, unlucky: 0 });
      expect(await verdicts()).to.deep.equal([
        ['poison', { ERR_TRAP: 2 }, 2],
        ['malformed', undefined, 0],
        ['failed', undefined, 2],
      ]);
    });
  }

  for (const [name, before, row] of [
    ['in.jsonl', '', Buffer.from([0x7b, 0xff, 0x7d])],
    ['in.txt', '', Buffer.from([0xff, 0xfe])],
    ['in.csv', 'input\n', Buffer.from([0x61, 0xff])],
    ['in.csv', 'input,id\n', Buffer.from('"a"b,1')],
    ['in.csv', 'input,id\n', Buffer.from('7')],
  ] as const) {
    it(`have what stood in ${name} where ${JSON.stringify(row.toString('latin1'))} is no record, as often as they run`, async () => {
      await writeFile(at(name), Buffer.concat([Buffer.from(before), row, Buffer.from('\n')]));
      const options = { plugin: 'hostile', input: name, deadLetter: 'dead.jsonl' };
      const stood = isUtf8(row) ? { text: row.toString() } : { base64: row.toString('base64') };
      const reasons = new Set<unknown>();
      for (const how of [{}, { retryDeadLetters: true }]) {
        expect(await run({ ...options, ...how })).to.deep.include({ records: 1, malformed: 1 });
        const [letter] = await letters();
        if (isUtf8(row)) reasons.add((letter!.error as Error).message);
        expect(letter).to.deep.include({ ...stood, verdict: 'malformed' });
        if (!isUtf8(row)) expect((letter!.error as Error).message).to.match(/is not UTF-8$/);
      }
      expect(reasons.size).to.be.below(2);
      // Mended by hand.
      const [{ base64: _, text: __, ...letter }] = (await letters()) as [Record<string, unknown>];
      await writeFile(at('dead.jsonl'), `${JSON.stringify({ ...letter, input: 'mended' })}\n`);
      expect(await run({ ...options, retryDeadLetters: true })).to.deep.include({ succeeded: 1, failed: 0 });
    });
  }

  for (const name of ['out.jsonl', 'dead.jsonl']) {
    it(`are not run again where ${name} has a line that is no text, and nothing is lost`, async () => {
      await writeFile(
        at('in.jsonl'),
        '{"input":"a"}\n{"input":"unreachable"}\n{"input":"unreachable"}\n{"input":"b"}\n',
      );
      const options = { plugin: 'hostile', deadLetter: 'dead.jsonl', ordered: true };
      await run(options);
      const written = await readFile(at(name));
      written[written.indexOf('unreachable')] = 0xff;
      await writeFile(at(name), written);
      const before = await Promise.all([readFile(at('out.jsonl')), readFile(at('dead.jsonl'))]);
      const error = await rejection(run({ ...options, retryDeadLetters: true }));
      expect(error).to.have.property('code', 'ERR_BATCH_FILE');
      expect((error as Error).message).to.match(/has a line that no run has written: line \d, it is not UTF-8$/);
      expect(await Promise.all([readFile(at('out.jsonl')), readFile(at('dead.jsonl'))])).to.deep.equal(before);
    });
  }

  it('say that a record was tried again where it may be', async () => {
    await writeFile(at('in.jsonl'), '{"input":"unreachable"}\n');
    const retry = { attempts: 3, backoffMs: 0 };
    const summary = await run({ plugin: 'hostile', deadLetter: 'dead.jsonl', retry, idempotent: true });
    expect(summary).to.deep.include({ failed: 1, poison: 1, retried: 2 });
    expect(await verdicts()).to.deep.equal([['poison', { ERR_TRAP: 3 }, 3]]);
  });
});
