import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { FileBatchOptions } from '../../../src/index.ts';
import { echo } from '../../fixtures/guests.ts';
import { rejection } from '../../support/outcome.ts';
import { batchFolder } from './batch-folder.ts';

interface Line {
  readonly id?: string;
  readonly index: number;
  readonly output?: string;
  readonly file?: string;
  readonly line?: number;
  readonly error?: { readonly message: string };
}

describe('engine.batchFiles() with several inputs', () => {
  const batch = batchFolder();
  const { at, run } = batch;

  const write = async (name: string, text: string | Buffer): Promise<void> => {
    await mkdir(dirname(at(name)), { recursive: true });
    await writeFile(at(name), text);
  };
  const lines = async (name: string): Promise<Line[]> =>
    (await readFile(at(name), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  const outputs = async (name = 'out.jsonl'): Promise<(string | undefined)[]> =>
    (await lines(name)).map(({ output }) => output);

  it('reads them one after the other, each as its name says', async () => {
    // Without a line break at its end, with a byte order mark and none, and with lines that are left out.
    await write('b.jsonl', '{"input":"1"}\n{"input":"2"}');
    await write('a.jsonl', '\ufeff{"input":"3"}\r\n\n');
    await write('empty.jsonl', '');
    await write('c.txt', '4\n\n');
    await write('d.csv.gz', gzipSync('input,id\n6,x\n'));
    for (const input of [
      ['b.jsonl', 'a.jsonl', 'empty.jsonl', 'c.txt'],
      ['b.jsonl', 'a.jsonl', 'empty.jsonl', 'c.txt', 'd.csv.gz'],
    ]) {
      const summary = await run({ input });
      const found = await lines('out.jsonl');
      const expected = ['1', '2', '3', '4', '', ...(input.length === 5 ? ['6'] : [])];
      expect(found.map(({ output }) => output)).to.deep.equal(expected);
      expect(found.map(({ index }) => index)).to.deep.equal([...expected.keys()]);
      expect(summary).to.deep.include({ records: expected.length, succeeded: expected.length });
    }
  });

  it('says in which file a record stands that is none, however it is read', async () => {
    await write('a.jsonl', '{"input":"1"}\n');
    await write('b.jsonl', '{"input":"2"}\n\nno record\n');
    for (const how of [{}, { passFields: true }] satisfies Partial<FileBatchOptions>[]) {
      const heard: unknown[] = [];
      const onMalformed = (line: number, _reason: string, file?: string): number => heard.push([file, line]);
      await run({ input: ['a.jsonl', 'b.jsonl'], deadLetter: 'dead.jsonl', onMalformed, ...how });
      expect(heard).to.deep.equal([[at('b.jsonl'), 3]]);
      const [, , wrong] = await lines('out.jsonl');
      expect(wrong!.error!.message).to.include(`${at('b.jsonl')}:3 is malformed: it is not JSON`);
      const [letter] = await lines('dead.jsonl');
      expect(letter).to.deep.include({ index: 2, file: at('b.jsonl'), line: 3 });
    }
    const error = await rejection(run({ input: ['a.jsonl', 'b.jsonl'], maxFailures: 0 }));
    expect(error.message).to.include(`${at('b.jsonl')}:3 is malformed`);
    const dry = await run({ input: ['a.jsonl', 'b.jsonl'], output: 'dry.jsonl', dryRun: true });
    expect(dry.reasons).to.have.lengthOf(1);
    expect(dry.reasons![0]).to.deep.include({ file: at('b.jsonl'), line: 3, index: 2 });
  });

  it('runs the dead letters of several again, whatever each input was', async () => {
    await write('a.jsonl', '{"input":"1","plugin":"gone"}\n');
    await write('b.csv', 'input,plugin\n2,gone\n');
    const files = { input: ['a.jsonl', 'b.csv'], deadLetter: 'dead.jsonl' };
    expect(await run(files)).to.deep.include({ records: 2, failed: 2 });
    await batch.engine.loadPlugin('gone', await echo());
    try {
      expect(await run({ ...files, retryDeadLetters: true })).to.deep.include({ records: 2, succeeded: 2 });
    } finally {
      await batch.engine.unloadPlugin('gone');
    }
    expect(await outputs()).to.deep.equal(['1', '2']);
  });

  it('takes the files of a pattern by their names, but for those that it writes', async () => {
    await write('logs/b.jsonl', '{"input":"2"}\n');
    await write('logs/a.jsonl', '{"input":"1"}\n');
    await write('logs/sub.jsonl/c.txt', '');
    await write('a[1].jsonl', '{"input":"0"}\n');
    for (let runs = 0; runs < 2; runs++) {
      const output = 'logs/out.jsonl';
      await run({ input: ['a[1].jsonl', 'logs/*.jsonl'], output, deadLetter: 'logs/dead.jsonl' });
      expect(await outputs(output)).to.deep.equal(['0', '1', '2']);
    }
  });

  it('finds what is wrong with a file as a whole before anything is written', async () => {
    await write('a.csv', 'input\n1\n');
    await write('b.csv', 'text\n2\n');
    await write('c.jsonl.gz', '{"input":"not compressed"}\n');
    await write('out.jsonl', 'of an earlier run\n');
    for (const [input, message] of [
      [['a.csv', 'b.csv'], /b\.csv`: it has no column `input`; it has `text`$/],
      [['b.csv'], /b\.csv`: it has no column `input`; it has `text`$/],
      [
        ['a.csv', 'c.jsonl.gz'],
        /c\.jsonl\.gz`: it is not gzip, as its name says, or not all of it: incorrect header check$/,
      ],
    ] as const) {
      for (const dryRun of [false, true]) {
        const error = await rejection(run({ input, dryRun }));
        expect(error.code).to.equal('ERR_BATCH_FILE');
        expect(error.message).to.match(message);
        expect(await readFile(at('out.jsonl'), 'utf8')).to.equal('of an earlier run\n');
      }
    }
    // And what is mended runs: nothing was begun that would have to be gone on with.
    expect(await run({ input: ['a.csv', 'b.csv'], fields: { input: 'text' } }).catch(({ code }) => code)).to.equal(
      'ERR_BATCH_FILE',
    );
    await write('b.csv', 'input\n2\n');
    expect((await run({ input: ['a.csv', 'b.csv'] })).succeeded).to.equal(2);
  });

  it('refuses what would run twice, not at all, or only once', async () => {
    await write('a.jsonl', '{"input":"1"}\n');
    const refused = async (input: FileBatchOptions['input']): Promise<string> => {
      const error = await rejection(
        batch.engine.batchFiles({ plugin: 'echo', input, output: at('out.jsonl'), journal: false }),
      );
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      return error.message;
    };
    expect(await refused([at('*.jsonl'), at('a.jsonl')])).to.match(/a\.jsonl` is among the inputs twice$/);
    expect(await refused(at('*.csv'))).to.match(/there is no such file, and none that it matches/);
    expect(await refused([at('a.jsonl'), '-'])).to.match(/^Cannot read `-`: among several inputs/);
    expect(await refused([])).to.match(/^Expected `input` to be a path, or an array of them/);
    expect(await refused([at('a.jsonl'), at('none.jsonl')])).to.match(/no such file/);
    expect(await refused([at('a.jsonl'), at('out.jsonl')])).to.match(/no such file|the same file/);
  });

  for (const [name, count, concurrency, end] of [
    ['blocks', 20_000, 256, ''],
    ['blocks, compressed', 20_000, 256, '.gz'],
    ['records', 1500, 1, ''],
  ] as const) {
    it(`goes on where a run of several was interrupted, with the same inputs only, in ${name}`, async () => {
      const input = ['a.jsonl', 'b.jsonl', 'c.jsonl'].map((file) => file + end);
      const [first, second] = input as [string, string, string];
      const all: string[] = [];
      for (const file of input) {
        const texts = Array.from({ length: count }, (_, at) => `${file} ${at}`);
        all.push(...texts);
        const text = texts.map((input) => `${JSON.stringify({ input })}\n`).join('');
        await write(file, end === '' ? text : gzipSync(text));
      }
      const stop = new AbortController();
      const onProgress = ({ done }: { readonly done: number }): void => {
        if (done > count) stop.abort();
      };
      const how = { input, concurrency, progressIntervalMs: 1 };
      const begun = await run({ ...how, interrupt: stop.signal, onProgress });
      expect(begun.interrupted).to.equal(true);

      const other = async (inputs: readonly string[], message: RegExp): Promise<void> => {
        const before = await readFile(at('out.jsonl'));
        const error = await rejection(run({ ...how, input: inputs, resume: true }));
        expect(error.code).to.equal('ERR_BATCH_JOURNAL');
        expect(error.message).to.match(message);
        expect(await readFile(at('out.jsonl'))).to.deep.equal(before);
      };
      await other([first, second], /there are 2 inputs|other plugins or options \(formats, tables\)/);
      await write(`c2.jsonl${end}`, '{"input":"other"}\n');
      await other([first, second, `c2.jsonl${end}`], /c2\.jsonl(?:\.gz)?`, it has 18 bytes/);
      const kept = await readFile(at(first));
      const edited = Buffer.from(kept);
      edited[1000] = edited[1000]! ^ 1;
      await write(first, edited);
      await other(input, /it has other bytes|begins with other bytes/);
      await write(first, kept);
      // Another time of modification alone is no other file.
      await utimes(at(second), 1, 1);

      const done = await run({ ...how, resume: true });
      expect(done).to.deep.include({ records: 3 * count, succeeded: 3 * count, interrupted: false });
      expect(done.resumed).to.be.above(0);
      expect(await outputs()).to.deep.equal(all);
    });
  }
});
