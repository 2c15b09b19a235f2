import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { FileBatchOptions } from '../../../src/index.ts';
import { rejection } from '../../support/outcome.ts';
import { batchFolder } from './batch-folder.ts';

const COUNT = 4000;

describe('a batch that says whether it can be resumed', () => {
  const batch = batchFolder();
  const { at, run } = batch;
  const OUTPUTS: readonly (readonly [string, Partial<FileBatchOptions>, boolean])[] = [
    ['a file', {}, true],
    ['a file without a journal', { journal: false }, false],
    ['a device', { output: '/dev/null' }, false],
    ['a table with an index', { output: 'out.parquet' }, false],
  ];

  beforeEach(() => writeFile(at('in.jsonl'), '{"input":"a"}\nno record\n'.repeat(COUNT / 2)));

  for (const [name, options, resumable] of OUTPUTS) {
    it(`into ${name}`, async () => {
      const stop = new AbortController();
      const onProgress = ({ done }: { readonly done: number }): void => {
        if (done > 0) stop.abort();
      };
      const how = { ...options, concurrency: 1, progressIntervalMs: 1 };
      const summary = await run({ ...how, interrupt: stop.signal, onProgress });
      expect(summary).to.deep.include({ interrupted: true, resumable });
      if (resumable) {
        const done = await run({ ...how, resume: true });
        expect(done).to.deep.include({ records: COUNT, interrupted: false, resumable: false });
        expect((await readFile(at('out.jsonl'), 'utf8')).split('\n')).to.have.lengthOf(COUNT + 1);
      }
    });

    it(`into ${name}, where too many are without success or it is aborted`, async () => {
      const few = await rejection(run({ ...options, maxFailures: 1 }));
      expect([few.code, /`resume`/.test(few.hint ?? '')]).to.deep.equal(['ERR_BATCH_FAILURES', resumable]);
      const resume = resumable ? { resume: true } : {};
      const aborted = await rejection(run({ ...options, ...resume, signal: AbortSignal.abort() }));
      expect([aborted.code, /`resume`/.test(aborted.hint ?? '')]).to.deep.equal(['ERR_ABORTED', resumable]);
    });
  }
});
