import { readdir, readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { jsonl } from '../../cli/cli.ts';
import { rejection } from '../../support/outcome.ts';
import { batchFolder } from './batch-folder.ts';

describe('engine.batchFiles() of some of the records', () => {
  const { at, run } = batchFolder();
  const indexes = async (name = 'out.jsonl'): Promise<number[]> =>
    (jsonl(await readFile(at(name), 'utf8')) as { index: number; output: string }[]).map(({ index, output }) => {
      expect(output).to.equal(`${index}`);
      return index;
    });

  beforeEach(async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `{"input":"${index}"}\n`);
    await writeFile(at('in.jsonl'), lines.join(''));
  });

  // One flow takes blocks, the other records by themselves.
  for (const concurrency of [256, 1]) {
    it(`takes a stretch, with ${concurrency} records in flight`, async () => {
      expect(await run({ skip: 7, limit: 9000, concurrency })).to.include({ records: 9000, succeeded: 9000 });
      expect(await indexes()).to.deep.equal(Array.from({ length: 9000 }, (_, place) => place + 7));
    });

    it(`goes on with a stretch where it was interrupted, with ${concurrency} records in flight`, async () => {
      const stop = new AbortController();
      const options = { skip: 100, limit: 15_000, concurrency };
      const onProgress = (): void => stop.abort();
      const first = await run({ ...options, progressIntervalMs: 1, onProgress, interrupt: stop.signal });
      const refused = await rejection(run({ ...options, skip: 99, resume: true }));
      if (first.interrupted) expect(refused.message).to.match(/\(selection\)$/);
      if (first.interrupted) expect(await run({ ...options, resume: true })).to.include({ records: 15_000 });
      expect(await indexes()).to.deep.equal(Array.from({ length: 15_000 }, (_, place) => place + 100));
    });
  }

  it('has each record in the output of one part, with its own index', async () => {
    for (const part of [1, 2, 3]) await run({ shard: `${part}/3`, output: `${part}.jsonl` });
    const all = (await Promise.all([1, 2, 3].map((part) => indexes(`${part}.jsonl`)))).flat();
    expect(all.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 20_000 }, (_, index) => index));
  });

  it('keeps a short journal of a part that is interrupted', async () => {
    const stop = new AbortController();
    let journal = '';
    const onProgress = ({ done }: { done: number }): void => {
      if (done > 3000) stop.abort();
    };
    const options = { shard: '1/2', ordered: false } as const;
    await run({ ...options, progressIntervalMs: 1, onProgress, interrupt: stop.signal });
    journal = await readFile(at('out.jsonl.journal'), 'utf8').catch(() => '');
    for (const line of journal.split('\n').slice(1)) expect(line.length).to.be.below(5000);
    if (journal !== '') await run({ ...options, resume: true });
    expect((await indexes()).sort((a, b) => a - b)).to.deep.equal(
      Array.from({ length: 10_000 }, (_, place) => place * 2),
    );
  });

  it('keeps to a rate', async () => {
    const began = performance.now();
    expect(await run({ limit: 51, rate: 500 })).to.include({ succeeded: 51 });
    expect(performance.now() - began).to.be.above(45);
    const stop = new AbortController();
    const onProgress = (): void => stop.abort();
    const slow = { rate: 0.001, progressIntervalMs: 1, onProgress, interrupt: stop.signal, journal: false } as const;
    expect(await run(slow)).to.include({ interrupted: true });
  });

  describe('ends when too many are without success', () => {
    const nonsense = (count: number): string => 'nonsense\n'.repeat(count);

    for (const concurrency of [256, 1]) {
      it(`with ${concurrency} records in flight, and goes on with more`, async () => {
        const good = '{"input":"a"}\n'.repeat(50_000);
        await writeFile(at('in.jsonl'), nonsense(200) + good + nonsense(200_000));
        const failed = await rejection(run({ maxFailures: 100, concurrency }));
        expect(failed).to.include({ code: 'ERR_BATCH_FAILURES' });
        expect(failed.message).to.match(
          /^\d+ of \d+ records are without success \(\d+ ERR_INVALID_ARGUMENT\); the first: line 1 is malformed: it is not JSON.*; 100 may be$/s,
        );
        const written = jsonl(await readFile(at('out.jsonl'), 'utf8')).length;
        expect(written).to.be.within(101, 150_000);
        expect((await rejection(run({ maxFailures: 100, concurrency, resume: true }))).code).to.equal(
          'ERR_BATCH_FAILURES',
        );
        const all = await run({ maxFailures: '90%', concurrency, resume: true });
        expect(all).to.include({ records: 250_200, failed: 200_200 });
        expect(await readdir(at('.'))).to.have.members(['in.jsonl', 'out.jsonl']);
      }).timeout(180_000);
    }

    it('looks at a share at the end', async () => {
      await writeFile(at('in.jsonl'), `${nonsense(5)}{"input":"a"}\n`);
      const failed = await rejection(run({ maxFailures: '50%' }));
      expect(failed.message).to.match(/^5 of 6 records /);
      expect(await run({ maxFailures: 5, resume: true })).to.include({ records: 6, resumed: 6 });
    });
  });

  describe('in a dry run', () => {
    it('runs the first thousand, writes nothing and says why records fail', async () => {
      const bad = ['{"input":7}', 'nonsense', '{"input":"fail"}', '{"a":1}', 'more nonsense', '[1]'];
      await writeFile(at('in.jsonl'), bad.map((line) => `${line}\n`).join('') + '{"input":"a"}\n'.repeat(5000));
      await writeFile(at('out.jsonl'), 'what was there');
      const summary = await run({ dryRun: true });
      expect(summary).to.include({ records: 1000, succeeded: 994, refused: 1, failed: 5, dryRun: true });
      expect(summary.reasons!.map(({ reason, count, line }) => [reason.slice(0, 14), count, line])).to.deep.equal([
        ['it is not JSON', 2, 2],
        ['`input` is not', 1, 1],
        ['asked to fail', 1, 3],
        ['it has no `inp', 1, 4],
        ['it is not an o', 1, 6],
      ]);
      expect(await readFile(at('out.jsonl'), 'utf8')).to.equal('what was there');
      expect(await readdir(at('.'))).to.have.members(['in.jsonl', 'out.jsonl']);
      expect(await run({ dryRun: 3, skip: 10, limit: 100 })).to.include({ records: 3, succeeded: 3 });
    });

    it('is refused as the run would be', async () => {
      await writeFile(at('out.jsonl.journal'), 'of an unfinished run');
      expect(await rejection(run({ dryRun: true }))).to.include({ code: 'ERR_BATCH_JOURNAL' });
    });
  });

  for (const options of [{ limit: 1 }, { dryRun: true }, { rate: 1 }, { maxFailures: 1 }]) {
    it(`does not take ${JSON.stringify(options)} for dead letters`, async () => {
      const refused = await rejection(run({ ...options, retryDeadLetters: true, deadLetter: at('dead.jsonl') }));
      expect(refused.message).to.match(/is not for dead letters/);
    });
  }
});
