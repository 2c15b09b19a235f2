import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, link, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { crc32, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { expect } from 'chai';
import { readsZstd } from '../../../src/batch/file/decompress.ts';
import type { PluginEngine } from '../../../src/engine.ts';
import type { FileBatchOptions, FileBatchProgress } from '../../../src/index.ts';
import { jsonl, linesOf } from '../../cli/cli.ts';
import { echo, hostile } from '../../fixtures/guests.ts';
import { rejection, until } from '../../support/outcome.ts';
import { batchFolder } from './batch-folder.ts';

const lines = (records: readonly unknown[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');
const numbered = (count: number, input: (index: number) => string = (index) => `${index}`): string =>
  lines(Array.from({ length: count }, (_, index) => ({ id: `r${index}`, input: input(index) })));

describe('engine.batchFiles()', function () {
  this.timeout(120_000);
  const batches = batchFolder();
  const { at, run } = batches;
  const read = (name: string): Promise<string> => readFile(at(name), 'utf8');

  let engine: PluginEngine;
  before(async () => {
    engine = batches.engine;
    await engine.loadPlugin('hostile', await hostile());
  });

  describe('reads and writes', () => {
    const gunzip = (bytes: Buffer): string => gunzipSync(bytes).toString();
    const unzstd = (bytes: Buffer): string => zstdDecompressSync(bytes).toString();
    const plain = (bytes: Buffer): string => bytes.toString();
    const cases: readonly [string, (text: string) => string | Buffer, string, (bytes: Buffer) => string][] = [
      ['in.jsonl', (text) => text, 'out.jsonl', plain],
      ['in.jsonl.gz', (text) => gzipSync(text), 'out.jsonl.gz', gunzip],
      ['in.jsonl.zst', (text) => zstdCompressSync(text), 'out.jsonl.zst', unzstd],
    ];
    for (const [input, encode, output, decode] of cases) {
      if (input.endsWith('.zst') && !readsZstd()) continue;
      it(`${input} and ${output}`, async () => {
        await writeFile(at(input), encode(numbered(5000)));
        const summary = await run({ input, output });
        expect(summary).to.deep.include({ records: 5000, succeeded: 5000, resumed: 0, interrupted: false });
        const results = jsonl(decode(await readFile(at(output))));
        expect(results.map(({ id, output: text }) => `${id} ${text}`)).to.deep.equal(
          Array.from({ length: 5000 }, (_, index) => `r${index} ${index}`),
        );
        expect(await readdir(at('.'))).to.have.members([input, output]);
      });
    }

    it('members one after the other, as `cat` makes them', async () => {
      await writeFile(at('in.jsonl.gz'), Buffer.concat([gzipSync(numbered(3)), gzipSync(numbered(2))]));
      expect((await run({ input: 'in.jsonl.gz', journal: false })).records).to.equal(5);
    });

    it('frames one after the other, or refuses them', async () => {
      await writeFile(
        at('in.jsonl.zst'),
        Buffer.concat([zstdCompressSync(numbered(3)), zstdCompressSync(numbered(2))]),
      );
      const read = run({ input: 'in.jsonl.zst', journal: false });
      if (readsZstd()) expect((await read).records).to.equal(5);
      else expect((await rejection(read)).message).to.match(/^This version of Node cannot read all of/);
    });

    it('plain lines', async () => {
      await writeFile(at('in.txt'), 'first\n\n{"input": 7}\r\nlast');
      const summary = await run({ input: 'in.txt', output: 'out.txt' });
      expect(summary.succeeded).to.equal(4);
      expect(await read('out.txt')).to.equal('first\n\n{"input": 7}\nlast\n');
    });

    it('plain lines, as many as there are, blank ones at both ends of a block too', async () => {
      const text = `\n \n${'a\n\n\t\n'.repeat(100_000)}\n\n`;
      await writeFile(at('in.txt'), text);
      await run({ input: 'in.txt', output: 'out.txt' });
      expect((await read('out.txt')) === text).to.equal(true);
    });

    it('ids that are no strings, and what others have in a record', async () => {
      const text = '{"id":12345678901234567890,"input":"fail","mine":{"n":1.0}}\n{"input":"b","id":null,"mine":[]}\n';
      await writeFile(at('in.jsonl'), `${text}{"id":true,"input":"c"}\n{"id":"x","input":"\\ud800"}\n`);
      const summary = await run({ deadLetter: 'dead.jsonl' });
      expect(summary).to.deep.include({ succeeded: 2, refused: 1, failed: 1, malformed: 1 });
      expect(linesOf(await read('out.jsonl')).map((line) => line.slice(0, 30))).to.deep.equal([
        '{"id":12345678901234567890,"index":0,"ok":true,"output":"","success"'.slice(0, 30),
        '{"id":null,"index":1,"ok":true'.slice(0, 30),
        '{"id":true,"index":2,"ok":true'.slice(0, 30),
        '{"id":"x","index":3,"ok":false'.slice(0, 30),
      ]);
      const [first = ''] = linesOf(await read('dead.jsonl'));
      expect(first).to.match(/^\{"id":12345678901234567890,.*"mine":\{"n":1\.0\}/);
      await run({ deadLetter: 'dead.jsonl', retryDeadLetters: true });
      const [again = ''] = linesOf(await read('dead.jsonl'));
      expect(again).to.equal(first.replace('"attempts":1', '"attempts":2'));
    });

    it('CSV that is no UTF-8 here and there, with an error of that record', async () => {
      const row = (bytes: readonly number[]) => Buffer.from([0x22, ...bytes, 0x22, 0x0a]);
      const rows = [Buffer.from('input\n'), row([0x61]), row([0xff, 0x61]), row([0xef, 0xbf, 0xbd]), row([0xe2, 0x82])];
      await writeFile(at('in.csv'), Buffer.concat(rows));
      const summary = await run({ input: 'in.csv' });
      expect([summary.succeeded, summary.malformed]).to.deep.equal([2, 2]);
      expect(jsonl(await read('out.jsonl')).map(({ output, error }) => output ?? error.message)).to.deep.equal([
        'a',
        'Line 3 is malformed: its column 1 is not UTF-8',
        '\ufffd',
        'Line 5 is malformed: its column 1 is not UTF-8',
      ]);
    });

    it('CSV with a byte order mark, however it comes, and not with a column twice', async () => {
      const text = '\ufeff"input",k\na,1\n';
      await writeFile(at('in.csv'), text);
      expect((await run({ input: 'in.csv' })).succeeded).to.equal(1);
      await writeFile(at('in.csv'), 'input,k,k\na,1,2\n');
      expect((await rejection(run({ input: 'in.csv' }))).message).to.contain('names the column `k` twice');
    });

    it('plain lines, each on one line, and none for what failed', async () => {
      await writeFile(at('in.jsonl'), lines([{ input: 'a\nb\rc' }, { input: 'fail' }, { input: 'd' }]));
      await run({ output: 'out.txt' });
      expect(await read('out.txt')).to.equal('a\\nb\\rc\n\nd\n');
    });

    it('CSV, with its other columns as options', async () => {
      await writeFile(at('in.csv'), '\ufeffid,input,k\na,"x, ""y""\nz",1\r\nb,option,"the, value"\n');
      await run({ input: 'in.csv' });
      expect(jsonl(await read('out.jsonl')).map(({ id, output }) => [id, output])).to.deep.equal([
        ['a', 'x, "y"\nz'],
        ['b', 'the, value'],
      ]);
    });

    it('CSV that is malformed here and there', async () => {
      await writeFile(at('in.csv'), 'input,k\na,1\nb\nc,3,4\nd"e,5\nf,6\n');
      const malformed: number[] = [];
      const summary = await run({ input: 'in.csv', onMalformed: (line) => malformed.push(line) });
      expect([summary.records, summary.malformed]).to.deep.equal([5, 3]);
      expect(malformed).to.deep.equal([3, 4, 5]);
      expect(jsonl(await read('out.jsonl')).map(({ ok }) => ok)).to.deep.equal([true, false, false, false, true]);
    });

    it('no CSV without a column `input`', async () => {
      await writeFile(at('in.csv'), 'text\na\n');
      const error = await rejection(run({ input: 'in.csv' }));
      expect(error.message).to.match(/it has no column `input`; it has `text`/);
    });

    it('the plugin that a record names', async () => {
      await writeFile(
        at('in.jsonl'),
        lines([{ input: 'unreachable' }, { plugin: 'hostile', input: 'unreachable' }, { plugin: 7, input: '' }]),
      );
      await run();
      expect(jsonl(await read('out.jsonl')).map(({ ok, error }) => (ok ? 'ok' : error.code))).to.deep.equal([
        'ok',
        'ERR_TRAP',
        'ERR_INVALID_ARGUMENT',
      ]);
    });

    it('what is no gzip, with an error', async () => {
      await writeFile(at('in.jsonl.gz'), 'no gzip');
      const error = await rejection(run({ input: 'in.jsonl.gz' }));
      expect([error.code, error.message.includes('in.jsonl.gz')]).to.deep.equal(['ERR_BATCH_FILE', true]);
      // Its own words: the numbers of zlib's errors mean others to the system.
      expect(error.message).to.include('incorrect header check');
    });
  });

  describe('is interrupted and resumed', () => {
    it('and has every record once', async () => {
      await writeFile(
        at('in.jsonl'),
        numbered(400, (index) => (index % 5 === 0 ? 'fail' : 'burn 1')),
      );
      let runs = 0;
      for (let interrupted = true; interrupted; runs++) {
        const controller = new AbortController();
        const onProgress = ({ done, resumed }: FileBatchProgress): void => {
          if (done - resumed > 90) controller.abort();
        };
        const summary = await run({
          deadLetter: 'dead.jsonl',
          ordered: false,
          concurrency: 8,
          resume: runs > 0,
          interrupt: controller.signal,
          progressIntervalMs: 1,
          onProgress,
        });
        interrupted = summary.interrupted;
        if (interrupted) continue;
        expect(summary).to.deep.include({ records: 400, succeeded: 320, refused: 80, failed: 0 });
        expect(summary.resumed).to.be.above(0);
      }
      expect(runs).to.be.above(2);
      const results = jsonl(await read('out.jsonl'));
      expect(results.map(({ index }) => index).sort((a, b) => a - b)).to.deep.equal(
        Array.from({ length: 400 }, (_, i) => i),
      );
      const letters = jsonl(await read('dead.jsonl')).map(({ index }) => index);
      expect(letters.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 80 }, (_, i) => i * 5));
      expect(await readdir(at('.'))).to.have.members(['in.jsonl', 'out.jsonl', 'dead.jsonl']);
    });

    /** Interrupts a run after some records, and leaves its journal. */
    async function leave(options: Partial<FileBatchOptions> = {}, records = 5): Promise<void> {
      const controller = new AbortController();
      const onProgress = ({ done }: FileBatchProgress): void => {
        if (done > records) controller.abort();
      };
      const rest = { concurrency: 2, progressIntervalMs: 1, onProgress, interrupt: controller.signal };
      expect((await run({ ...rest, ...options })).interrupted).to.equal(true);
    }

    beforeEach(() =>
      writeFile(
        at('in.jsonl'),
        numbered(300, () => 'burn 1'),
      ),
    );

    const changes: readonly [string, () => Promise<unknown>, Partial<FileBatchOptions>, RegExp][] = [
      ['its input has changed', () => appendFile(at('in.jsonl'), '{"input":""}\n'), {}, /an input that was another/],
      ['it is in another order', async () => {}, { ordered: false }, /other plugins or options/],
      ['it is of another plugin', async () => {}, { plugin: 'hostile' }, /other plugins or options/],
      ['it has another configuration', async () => {}, { identity: 'another' }, /other plugins or options/],
      ['its output is shorter', () => writeFile(at('out.jsonl'), ''), {}, /has 0 bytes, and its journal speaks of/],
    ];
    for (const [name, change, options, message] of changes) {
      it(`not where ${name}`, async () => {
        await leave();
        await change();
        const error = await rejection(run({ resume: true, ...options }));
        expect([error.code, message.test(error.message)], error.message).to.deep.equal(['ERR_BATCH_JOURNAL', true]);
      });
    }

    it('not by accident begun anew', async () => {
      await leave();
      const before = await read('out.jsonl');
      expect((await rejection(run())).code).to.equal('ERR_BATCH_JOURNAL');
      expect(await read('out.jsonl')).to.equal(before);
    });

    it('not where it was finished', async () => {
      await writeFile(at('in.jsonl'), numbered(3));
      await run({ resume: true });
      const error = await rejection(run({ resume: true }));
      expect([error.code, error.message.includes('no journal')]).to.deep.equal(['ERR_BATCH_JOURNAL', true]);
    });

    it('whatever was written after the checkpoint', async () => {
      await leave();
      await appendFile(at('out.jsonl'), '{"index":299,"ok":tr');
      await appendFile(at('out.jsonl.journal'), '12345678 {"done":[0,3');
      await run({ resume: true });
      expect(jsonl(await read('out.jsonl')).map(({ index }) => index)).to.deep.equal(
        Array.from({ length: 300 }, (_, i) => i),
      );
    });

    it('not where its output, or a dead letter, was edited at equal length', async () => {
      for (const name of ['out.jsonl', 'dead.jsonl']) {
        await writeFile(
          at('in.jsonl'),
          numbered(300, () => 'fail'),
        );
        await leave({ deadLetter: 'dead.jsonl', concurrency: 1 });
        const before = await read(name);
        await writeFile(at(name), before.replace('"index":1', '"index":2'));
        const files = await everything();
        const error = await rejection(run({ resume: true, deadLetter: 'dead.jsonl' }));
        expect([error.code, error.message.includes(`${name}\` was changed`)]).to.deep.equal([
          'ERR_BATCH_JOURNAL',
          true,
        ]);
        expect(await everything()).to.deep.equal(files);
        await Promise.all((await readdir(at('.'))).map((file) => rm(at(file))));
      }
    });

    it('whatever the time of modification of its input', async () => {
      await leave();
      await utimes(at('in.jsonl'), 1, 1);
      expect((await run({ resume: true })).records).to.equal(300);
    });

    it('not where bytes of its input are others, at equal length and time', async () => {
      await leave();
      const { atime, mtime } = await stat(at('in.jsonl'));
      await writeFile(at('in.jsonl'), (await read('in.jsonl')).replace('"id":"r1"', '"id":"x1"'));
      for (const [when, reason] of [
        [new Date(1), 'begins with other bytes'],
        [mtime, 'begins with other bytes'],
      ] as const) {
        await utimes(at('in.jsonl'), atime, when);
        const files = await everything();
        const error = await rejection(run({ resume: true }));
        expect([error.code, error.message.includes(reason)]).to.deep.equal(['ERR_BATCH_JOURNAL', true]);
        expect(await everything()).to.deep.equal(files);
      }
    });

    it('not where bytes beyond the beginning are others', async () => {
      const long = 'x'.repeat(1000);
      await writeFile(
        at('in.jsonl'),
        numbered(1000, (index) => (index < 500 ? `${index} ${long}` : 'burn 1')),
      );
      await leave({}, 500);
      const { atime, mtime } = await stat(at('in.jsonl'));
      await writeFile(at('in.jsonl'), (await read('in.jsonl')).replace('r80"', 'x80"'));
      for (const when of [new Date(1), mtime]) {
        await utimes(at('in.jsonl'), atime, when);
        expect((await rejection(run({ resume: true }))).code).to.equal('ERR_BATCH_JOURNAL');
      }
    });

    it('not where a plugin that records name is another', async () => {
      await engine.loadPlugin('named', await echo());
      await leave();
      await engine.unloadPlugin('named');
      const files = await everything();
      for (const load of [
        async () => engine.loadPlugin('named', await hostile()),
        async () => engine.loadPlugin('named', await echo(), { config: { prefix: '> ' } }),
        async () => engine.loadPlugin('named', await echo(), { sandbox: 'standard' }),
      ]) {
        await load();
        const error = await rejection(run({ resume: true }));
        expect([error.code, error.message.includes('(plugins)')]).to.deep.equal(['ERR_BATCH_JOURNAL', true]);
        await engine.unloadPlugin('named');
      }
      expect(await everything()).to.deep.equal(files);
      await engine.loadPlugin('named', await echo());
      expect((await run({ resume: true })).records).to.equal(300);
      await engine.unloadPlugin('named');
    });

    it('before its dead letters are run again', async () => {
      await leave({ deadLetter: 'dead.jsonl' });
      const files = await everything();
      for (const options of [{ retryDeadLetters: true }, { journal: false }, { journal: at('another') }] as const) {
        const error = await rejection(run({ deadLetter: 'dead.jsonl', ...options }));
        expect([error.code, error.hint?.includes('resume')]).to.deep.equal(['ERR_BATCH_JOURNAL', true]);
        expect(await everything()).to.deep.equal(files);
      }
    });

    it('not where the journal names fewer records than the input has, however well', async () => {
      await writeFile(at('in.jsonl'), numbered(5));
      await leaveJournal([0, 12], 12);
      const error = await rejection(run({ resume: true }));
      expect([error.code, error.message.includes('speaks of 12 records')]).to.deep.equal(['ERR_BATCH_JOURNAL', true]);
    });

    it('not where the journal counts other lines than the output has', async () => {
      await writeFile(at('in.jsonl'), numbered(3000));
      await leaveJournal([0, 3000], 12);
      const error = await rejection(run({ resume: true }));
      expect([error.code, error.message.includes('has 12 results')]).to.deep.equal(['ERR_BATCH_JOURNAL', true]);
    });

    /** Every file, and what is in it. */
    async function everything(): Promise<Record<string, string>> {
      const names = (await readdir(at('.'))).sort();
      return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await read(name)] as const)));
    }

    /** A journal with the right checksums that says other records are done than were. */
    async function leaveJournal(done: readonly number[], lines: number): Promise<void> {
      const controller = new AbortController();
      controller.abort();
      await run({ interrupt: controller.signal });
      const output = Buffer.from('{"index":0}\n'.repeat(lines));
      await writeFile(at('out.jsonl'), output);
      const written = { bytes: output.length, crc: crc32(output) };
      const none = { bytes: 0, crc: 0 };
      const tally = { succeeded: done[1]!, refused: 0, failed: 0, malformed: 0, errors: {} };
      const json = JSON.stringify({ done, output: written, deadLetter: none, input: none, tally, synced: true });
      await appendFile(at('out.jsonl.journal'), `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`);
    }

    it('by one run at a time, by whatever hard link it knows the output', async () => {
      await writeFile(at('out.jsonl'), '');
      await writeFile(at('dead.jsonl'), '');
      await link(at('out.jsonl'), at('hard.jsonl'));
      await link(at('dead.jsonl'), at('hard-dead.jsonl'));
      const first = run({ deadLetter: 'dead.jsonl' });
      await until(() => engine.status().threads.busy > 0);
      for (const options of [
        { output: 'hard.jsonl' },
        { output: 'hard.jsonl', journal: false },
        { output: 'other.jsonl', deadLetter: 'hard-dead.jsonl' },
        { output: 'hard.jsonl', deadLetter: 'hard-dead.jsonl', retryDeadLetters: true },
      ] as const) {
        const refused = await rejection(run(options));
        expect(refused.code, JSON.stringify(options)).to.equal('ERR_BATCH_JOURNAL');
        expect(refused.message).to.match(/^Another run writes to .* under another name: /);
      }
      expect((await first).succeeded).to.equal(300);
      expect(jsonl(await read('hard.jsonl'))).to.have.length(300);
      // It was the first one's, and is free again.
      expect((await run({ output: 'hard.jsonl' })).succeeded).to.equal(300);
    });

    it('by one run at a time, whatever that one keeps, and by whatever name it calls the output', async () => {
      await symlink('out.jsonl', at('link.jsonl'));
      await symlink(at('.'), at('elsewhere'));
      const first = run({ deadLetter: 'dead.jsonl' });
      await until(() => engine.status().threads.busy > 0);
      for (const options of [
        { journal: false },
        { journal: at('another.journal') },
        { output: 'link.jsonl' },
        { output: 'elsewhere/out.jsonl' },
        { output: 'other.jsonl', deadLetter: 'dead.jsonl' },
        { output: 'other.jsonl', deadLetter: 'out.jsonl' },
        { output: 'other.jsonl', journal: at('out.jsonl.journal') },
        { deadLetter: 'dead.jsonl', retryDeadLetters: true },
      ] as const) {
        expect((await rejection(run(options))).code, JSON.stringify(options)).to.equal('ERR_BATCH_JOURNAL');
      }
      expect((await first).succeeded).to.equal(300);
      expect(jsonl(await read('out.jsonl'))).to.have.length(300);
    });

    it('by one run at a time', async () => {
      const first = run();
      await until(() => engine.status().threads.busy > 0);
      expect((await rejection(run({ resume: true }))).code).to.equal('ERR_BATCH_JOURNAL');
      expect((await first).succeeded).to.equal(300);
    });
  });

  it('fails with ERR_ABORTED when it is aborted, and can be resumed', async () => {
    await writeFile(
      at('in.jsonl'),
      numbered(300, () => 'burn 1'),
    );
    const controller = new AbortController();
    const onProgress = ({ done }: FileBatchProgress): void => {
      if (done > 5) controller.abort();
    };
    const rest = { progressIntervalMs: 1, concurrency: 4 };
    expect((await rejection(run({ ...rest, onProgress, signal: controller.signal }))).code).to.equal('ERR_ABORTED');
    expect((await run({ ...rest, resume: true })).records).to.equal(300);
  });

  describe('notices', () => {
    const changes: readonly [string, () => Promise<unknown>, RegExp][] = [
      ['grows', () => appendFile(at('in.jsonl'), '{"input":"more"}\n'), /was written to while/],
      [
        'is replaced',
        async () => {
          await writeFile(
            at('new'),
            numbered(500, () => 'burn 1'),
          );
          await rename(at('new'), at('in.jsonl'));
        },
        /was replaced while/,
      ],
      ['is removed', () => rm(at('in.jsonl')), /was removed while/],
      [
        'has other bytes at equal length',
        async () => writeFile(at('in.jsonl'), (await read('in.jsonl')).replace('"r1"', '"x1"')),
        /was written to while/,
      ],
    ];
    for (const [name, change, message] of changes) {
      it(`that its input ${name}`, async () => {
        await writeFile(
          at('in.jsonl'),
          numbered(500, () => 'burn 1'),
        );
        let changed: Promise<unknown> | undefined;
        const onProgress = ({ done }: FileBatchProgress): void => {
          if (done > 5) changed ??= change();
        };
        const error = await rejection(run({ progressIntervalMs: 1, onProgress }));
        await changed;
        expect([error.code, message.test(error.message)], error.message).to.deep.equal(['ERR_BATCH_FILE', true]);
      });
    }
  });

  it('does not mind a new time of modification alone', async () => {
    await writeFile(
      at('in.jsonl'),
      numbered(500, () => 'burn 1'),
    );
    let touched: Promise<unknown> | undefined;
    const onProgress = ({ done }: FileBatchProgress): void => {
      if (done > 5) touched ??= utimes(at('in.jsonl'), 1, 1);
    };
    expect((await run({ progressIntervalMs: 1, onProgress })).succeeded).to.equal(500);
    await touched;
  });

  it('keeps no journal of what is no regular file, and neither cuts nor syncs it', async () => {
    await writeFile(at('in.jsonl'), numbered(3000));
    const options = { plugin: 'echo', input: at('in.jsonl'), output: '/dev/null' };
    expect((await engine.batchFiles(options)).succeeded).to.equal(3000);
    for (const more of [{ resume: true }, { atMostOnce: true }, { journal: at('j') }]) {
      const error = await rejection(engine.batchFiles({ ...options, ...more }));
      expect([error.code, error.message.includes('regular file')]).to.deep.equal(['ERR_INVALID_ARGUMENT', true]);
    }
    expect(await readdir(at('.'))).to.deep.equal(['in.jsonl']);
  });

  it('reads and writes named pipes', async () => {
    execFileSync('mkfifo', [at('in.fifo'), at('out.fifo')]);
    const result = run({ input: 'in.fifo', output: 'out.fifo' });
    const [text] = await Promise.all([read('out.fifo'), writeFile(at('in.fifo'), numbered(5000))]);
    expect((await result).succeeded).to.equal(5000);
    expect(jsonl(text)).to.have.length(5000);
  });

  it('does not wait for the other end of a named pipe once it is interrupted', async () => {
    execFileSync('mkfifo', [at('in.fifo'), at('out.fifo')]);
    await writeFile(at('in.jsonl'), numbered(5));
    for (const options of [{ input: 'in.fifo' }, { output: 'out.fifo' }]) {
      const controller = new AbortController();
      const result = rejection(run({ ...options, interrupt: controller.signal }));
      setImmediate(() => controller.abort());
      expect((await result).code).to.equal('ERR_ABORTED');
    }
  });

  it('fails where the disk is full', async () => {
    await writeFile(at('in.jsonl'), numbered(10));
    const error = await rejection(engine.batchFiles({ plugin: 'echo', input: at('in.jsonl'), output: '/dev/full' }));
    expect([error.code, error.message]).to.deep.equal([
      'ERR_BATCH_FILE',
      'Cannot go on writing `/dev/full`: no space left on device',
    ]);
    expect(error.hint).to.equal(undefined);
  });

  it('goes on where a disk that was full is not any more', async () => {
    await writeFile(at('in.jsonl'), numbered(3000));
    // The limit of a process's files, in blocks of 512 or 1024 bytes, cuts a write in two as a full disk does.
    const main = new URL('../../../src/cli/main.ts', import.meta.url).pathname;
    await writeFile(at('echo.wasm'), await echo());
    const node = `exec '${process.execPath}' --disable-warning=ExperimentalWarning '${main}'`;
    const start = async (limit: string, input = 'in.jsonl', output = 'out.jsonl'): Promise<[number, string]> => {
      const command = `${limit} ${node} batch echo.wasm --input ${input} --output ${output} --resume`;
      const env = { ...process.env, XDG_CACHE_HOME: at('.cache'), NODE_OPTIONS: '' };
      const child = spawn('sh', ['-c', command], { cwd: at('.'), env });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      const [status] = await once(child, 'close');
      return [status, said];
    };
    // Fills the cache, in which files are larger than the limit.
    await writeFile(at('warm.jsonl'), numbered(1));
    expect((await start('', 'warm.jsonl', 'warm-out.jsonl'))[0]).to.equal(0);
    for (const blocks of [40, 90, 160]) {
      const [status, said] = await start(`ulimit -f ${blocks};`);
      expect([status, said.includes('ERR_BATCH_FILE')], said).to.deep.equal([1, true]);
      const { size } = await stat(at('out.jsonl'));
      expect(size).to.be.at.most(blocks * 1024);
    }
    const [status, said] = await start('');
    expect(status, said).to.equal(0);
    const results = jsonl(await read('out.jsonl')).map(({ index }) => index);
    expect(results.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 3000 }, (_, index) => index));
  });

  describe('retries dead letters', () => {
    it('and puts their results into the places of the failures', async () => {
      await writeFile(
        at('in.jsonl'),
        lines([{ input: 'a' }, { id: 'b', input: 'unreachable' }, { input: 'c' }, { input: 'fail' }, { input: 'e' }]) +
          'nonsense\n',
      );
      const first = await run({ plugin: 'hostile', deadLetter: 'dead.jsonl' });
      expect([first.succeeded, first.refused, first.failed]).to.deep.equal([3, 1, 2]);
      const before = jsonl(await read('dead.jsonl'));
      expect(before.map(({ index, attempts, error }) => [index, attempts, error?.code])).to.deep.equal([
        [1, 1, 'ERR_TRAP'],
        [3, 1, undefined],
        [5, 0, 'ERR_INVALID_ARGUMENT'],
      ]);

      // The echo plugin does not trap.
      const second = await run({ deadLetter: 'dead.jsonl', retryDeadLetters: true });
      expect(second).to.deep.include({ records: 6, succeeded: 4, refused: 1, failed: 1, malformed: 1 });
      const results = jsonl(await read('out.jsonl'));
      expect(results.map(({ index, id, ok, output }) => [index, id, ok, output])).to.deep.equal([
        [0, undefined, true, 'a'],
        [1, 'b', true, 'unreachable'],
        [2, undefined, true, 'c'],
        [3, undefined, true, ''],
        [4, undefined, true, 'e'],
        [5, undefined, false, undefined],
      ]);
      const after = jsonl(await read('dead.jsonl'));
      expect(after.map(({ index, attempts, text }) => [index, attempts, text])).to.deep.equal([
        [3, 2, undefined],
        [5, 0, 'nonsense'],
      ]);
      expect(await readdir(at('.'))).to.have.members(['in.jsonl', 'out.jsonl', 'dead.jsonl']);
    });

    it('that were already retried by a run that died before it could say so', async () => {
      await writeFile(at('in.jsonl'), lines([{ input: 'unreachable' }, { input: 'b' }, { input: 'fail' }]));
      await run({ plugin: 'hostile', deadLetter: 'dead.jsonl' });
      const letters = await read('dead.jsonl');
      await run({ deadLetter: 'dead.jsonl', retryDeadLetters: true });
      await writeFile(at('dead.jsonl'), letters);
      await run({ deadLetter: 'dead.jsonl', retryDeadLetters: true });
      expect(jsonl(await read('out.jsonl')).map(({ success }) => success)).to.deep.equal([true, true, false]);
      expect(linesOf(await read('dead.jsonl'))).to.have.length(1);
    });

    it('not lines that no run has written', async () => {
      await writeFile(at('in.jsonl'), lines([{ input: 'unreachable' }]));
      for (const name of ['out.jsonl', 'dead.jsonl']) {
        for (const text of ['nonsense', 'null', '[]', '{"index":"0"}', '']) {
          await run({ plugin: 'hostile', deadLetter: 'dead.jsonl' });
          await writeFile(at(name), `${text}\n`);
          const error = await rejection(run({ deadLetter: 'dead.jsonl', retryDeadLetters: true }));
          expect([error.code, error.message.includes('no run has written')]).to.deep.equal(['ERR_BATCH_FILE', true]);
        }
      }
    });

    it('not those of another output', async () => {
      await writeFile(at('in.jsonl'), lines([{ input: 'unreachable' }]));
      await run({ plugin: 'hostile', deadLetter: 'dead.jsonl' });
      await writeFile(at('dead.jsonl'), lines([{ index: 7, line: 8, input: 'a' }]));
      const before = await read('out.jsonl');
      const error = await rejection(run({ deadLetter: 'dead.jsonl', retryDeadLetters: true }));
      expect([error.code, await read('out.jsonl')]).to.deep.equal(['ERR_BATCH_FILE', before]);
    });
  });

  it('counts attempts in a dead letter', async () => {
    await writeFile(at('in.jsonl'), lines([{ input: 'unreachable' }]));
    const summary = await run({
      plugin: 'hostile',
      deadLetter: 'dead.jsonl',
      idempotent: true,
      retry: { attempts: 3, backoffMs: 1 },
    });
    expect(summary.retried).to.equal(2);
    expect(jsonl(await read('dead.jsonl'))[0]).to.deep.include({ index: 0, attempts: 3 });
  });

  it('runs a chain, and counts each step', async () => {
    await writeFile(
      at('in.jsonl'),
      numbered(20, (index) => (index < 5 ? 'fail' : `${index}`)),
    );
    const summary = await run({ chain: ['hostile'] });
    expect(
      summary.plugins.map(({ plugin, stage, calls, unsuccessful }) => [plugin, stage, calls, unsuccessful]),
    ).to.deep.equal([
      ['echo', 0, 20, 5],
      ['hostile', 1, 15, 0],
    ]);
  });

  it('refuses options that do not go together', async () => {
    await writeFile(at('in.jsonl'), '');
    const refused = async (options: Partial<FileBatchOptions>): Promise<string> =>
      (await rejection(run(options))).message;
    expect(await refused({ journal: false, resume: true })).to.match(/`resume` needs a journal/);
    expect(await refused({ journal: false, atMostOnce: true })).to.match(/`atMostOnce` needs a journal/);
    expect(await refused({ retryDeadLetters: true })).to.match(/`retryDeadLetters` needs/);
    expect(await refused({ inputFormat: 'xml' as 'csv' })).to.match(/`inputFormat` to be one of/);
    expect(await refused({ output: 'in.jsonl' })).to.match(/are the same file/);
    expect(await refused({ deadLetter: 'out.jsonl.journal' })).to.match(/are the same file/);
    expect(await refused({ resumed: true } as object)).to.match(/no option `resumed`/);
  });
});
