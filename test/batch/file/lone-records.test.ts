import { expect } from 'chai';
import { LoneRecords } from '../../../src/batch/file/lone-records.ts';
import { FileRecord } from '../../../src/batch/file/record.ts';
import type { Done } from '../../../src/batch/file/result-line.ts';
import { type BatchOptions, resolveBatchOptions } from '../../../src/batch/options.ts';
import { CallStatistics } from '../../../src/batch/statistics.ts';
import { PluginError } from '../../../src/errors.ts';
import type { JobListener } from '../../../src/scheduler/job.ts';
import { until } from '../../support/outcome.ts';

const record = (index: number, fields: ConstructorParameters<typeof FileRecord>[1] = {}): FileRecord => {
  const made = new FileRecord(index + 1, { input: `${index}`, ...fields });
  made.index = index;
  return made;
};

const full = (): PluginError => new PluginError('ERR_QUEUE_FULL', 'full', { began: false });

describe('records beside the blocks of a batch', () => {
  const waiting: { readonly input: string; readonly listener: JobListener }[] = [];
  let over: Done[];
  beforeEach(() => {
    waiting.length = 0;
    over = [];
  });

  function lone(options: BatchOptions): LoneRecords {
    const submit = (_: string, { input }: { readonly input: string }, __: unknown, listener: JobListener) => {
      let state: 'open' | 'settled' = 'open';
      const once = (settle: () => void): void => {
        if (state === 'open') settle();
        state = 'settled';
      };
      const reject = (error: PluginError): void => once(() => listener.reject(error));
      waiting.push({ input, listener: { resolve: (response) => once(() => listener.resolve(response)), reject } });
      return { aborted: (): void => reject(new PluginError('ERR_ABORTED', 'aborted', { began: false })) };
    };
    return new LoneRecords(
      resolveBatchOptions({ plugin: 'p', ...options }),
      submit,
      (plugin, requests, call, listeners) => {
        const jobs = requests.map((request, index) => submit(plugin, request, call, listeners[index]!));
        return { aborted: () => jobs.forEach((job) => void job.aborted()) };
      },
      new CallStatistics(),
      (done) => over.push(done),
    );
  }

  it('run as many at once as the batch has in flight', async () => {
    const records = lone({ concurrency: 8 });
    records.add(Array.from({ length: 20 }, (_, index) => record(index)));
    await until(() => waiting.length > 0);
    expect([waiting.length, records.waiting]).to.deep.equal([8, 12]);
    for (let index = 0; index < 20; index++) {
      await until(() => waiting.length > index);
      waiting[index]!.listener.resolve({ output: 'o', success: true });
    }
    expect(over.map(({ record: { index }, attempts }) => [index, attempts])).to.deep.equal(
      Array.from({ length: 20 }, (_, index) => [index, 1]),
    );
  });

  it('are tried again where a block had failed before they began, and else are over', async () => {
    const records = lone({ concurrency: 8, retry: { attempts: 3, backoffMs: 1 } });
    records.failed(record(0), full());
    records.failed(record(1), new PluginError('ERR_TRAP', 'trap', { began: true }));
    records.failed(record(2, { malformed: 'it is none', text: '' }), full());
    expect(over.map(({ record: { index }, error }) => [index, error?.code])).to.deep.equal([
      [1, 'ERR_TRAP'],
      [2, 'ERR_INVALID_ARGUMENT'],
    ]);
    await until(() => waiting.length === 1);
    waiting[0]!.listener.reject(full());
    await until(() => waiting.length === 2);
    waiting[1]!.listener.reject(full());
    expect(over.map(({ record: { index }, attempts }) => [index, attempts])).to.deep.equal([
      [1, 1],
      [2, 0],
      [0, 3],
    ]);
    expect(records.retried).to.equal(2);
  });

  it('say how many of them will not be over once they are stopped', async () => {
    const records = lone({ concurrency: 4, retry: { attempts: 3, backoffMs: 60_000, maxBackoffMs: 60_000 } });
    records.add(Array.from({ length: 10 }, (_, index) => record(index)));
    await until(() => waiting.length === 4);
    waiting[0]!.listener.reject(full());
    // Six wait for room and one to be tried again; three run, and are over with an error.
    expect(records.stop(undefined)).to.equal(7);
    expect(over.map(({ error }) => error?.code)).to.deep.equal(['ERR_ABORTED', 'ERR_ABORTED', 'ERR_ABORTED']);
  });
});
