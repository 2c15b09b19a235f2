import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { hostile } from '../../fixtures/guests.ts';
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

  it('say that a record was tried again where it may be', async () => {
    await writeFile(at('in.jsonl'), '{"input":"unreachable"}\n');
    const retry = { attempts: 3, backoffMs: 0 };
    const summary = await run({ plugin: 'hostile', deadLetter: 'dead.jsonl', retry, idempotent: true });
    expect(summary).to.deep.include({ failed: 1, poison: 1, retried: 2 });
    expect(await verdicts()).to.deep.equal([['poison', { ERR_TRAP: 3 }, 3]]);
  });
});
