import { Buffer } from 'node:buffer';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import * as arrow from 'apache-arrow';
import { expect } from 'chai';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { FileBatchOptions } from '../../../src/index.ts';
import { jsonl } from '../../cli/cli.ts';
import { rejection } from '../../support/outcome.ts';
import { batchFolder } from './batch-folder.ts';

describe('engine.batchFiles() with Parquet and Arrow', function () {
  this.timeout(60_000);
  const { at, run: runBatch } = batchFolder();
  const run = (input: string, output: string, options: Partial<FileBatchOptions> = {}) =>
    runBatch({ ...options, input, output });
  const results = async (name: string): Promise<Record<string, unknown>[]> =>
    jsonl(await readFile(at(name), 'utf8')) as Record<string, unknown>[];

  const rows = Array.from({ length: 5000 }, (_, index) => ({ id: `r${index}`, input: `line ${index}\n"é"` }));
  const writeLines = (): Promise<void> =>
    writeFile(at('in.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

  const codecs: readonly [
    'UNCOMPRESSED' | 'SNAPPY' | 'GZIP' | 'ZSTD',
    ((bytes: Uint8Array) => Uint8Array) | undefined,
  ][] = [
    ['UNCOMPRESSED', undefined],
    ['SNAPPY', undefined],
    ['GZIP', (bytes) => gzipSync(bytes)],
    ['ZSTD', (bytes) => zstdCompressSync(bytes)],
  ];
  for (const [codec, compress] of codecs) {
    it(`reads Parquet with ${codec}, a row group after the other`, async () => {
      const bytes = parquetWriteBuffer({
        columnData: [
          { name: 'id', data: rows.map(({ id }) => id), type: 'STRING' },
          { name: 'input', data: rows.map(({ input }) => input), type: 'STRING' },
        ],
        codec,
        ...(compress !== undefined && { compressors: { [codec]: compress } }),
        rowGroupSize: 700,
      });
      await writeFile(at('in.parquet'), Buffer.from(bytes));
      const summary = await run('in.parquet', 'out.jsonl');
      expect(summary.succeeded).to.equal(5000);
      expect((await results('out.jsonl')).map(({ id, output }) => ({ id, input: output }))).to.deep.equal(rows);
    });
  }

  it('maps the types of Parquet, and says which cells it cannot', async () => {
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'key', data: [9_007_199_254_740_993n, 2n, 3n, 4n], type: 'INT64' },
        {
          name: 'text',
          data: [Buffer.from('é'), null, Buffer.from([0xff]), Buffer.from('option')],
          type: 'BYTE_ARRAY',
        },
        { name: 'yes', data: [true, false, null, true], type: 'BOOLEAN' },
        { name: 'much', data: [1.5, null, 2, Number.NaN], type: 'DOUBLE' },
        { name: 'when', data: [new Date(), new Date(), new Date(), new Date()], type: 'TIMESTAMP' },
      ],
    });
    await writeFile(at('in.parquet'), Buffer.from(bytes));
    const fields = { input: 'text', id: 'key' };
    const options = { fields, optionColumns: ['yes', 'much'], deadLetter: at('dead.jsonl') };
    await run('in.parquet', 'out.jsonl', options);
    const text = await readFile(at('out.jsonl'), 'utf8');
    expect(text.startsWith('{"id":9007199254740993,"index":0,"ok":true,"output":"é"')).to.equal(true);
    expect(jsonl(text).map(({ output, error }) => output ?? error.message)).to.deep.equal([
      'é',
      'Line 2 is malformed: its column `text` is null',
      'Line 3 is malformed: its column `text` has bytes that are no UTF-8',
      'true',
    ]);
    const error = await rejection(run('in.parquet', 'other.jsonl', { fields }));
    expect([error.code, error.message.includes('its column `when` is of type TIMESTAMP')]).to.deep.equal([
      'ERR_BATCH_FILE',
      true,
    ]);
    const missing = await rejection(run('in.parquet', 'other2.jsonl'));
    expect(missing.message).to.contain('it has no column `input`; it has `key`, `text`');
  });

  it('goes on with Parquet as an input, and not where that was written again', async () => {
    const bytes = parquetWriteBuffer({
      columnData: [{ name: 'input', data: rows.map(({ input }) => input), type: 'STRING' }],
      rowGroupSize: 500,
    });
    await writeFile(at('in.parquet'), Buffer.from(bytes));
    const controller = new AbortController();
    const first = await run('in.parquet', 'out.jsonl', {
      interrupt: controller.signal,
      concurrency: 8,
      progressIntervalMs: 1,
      onProgress: ({ done }) => {
        if (done > 100) controller.abort();
      },
    });
    expect(first.interrupted).to.equal(true);
    const second = await run('in.parquet', 'out.jsonl', { resume: true, concurrency: 8 });
    expect([second.records, second.resumed > 0]).to.deep.equal([5000, true]);
    expect((await results('out.jsonl')).map(({ output }) => output)).to.deep.equal(rows.map(({ input }) => input));
  });

  it('writes Parquet, which is whole or none', async () => {
    await writeLines();
    await run('in.jsonl', 'out.parquet', { outputColumns: ['index', 'id', 'output', 'success', 'errorCode'] });
    const bytes = await readFile(at('out.parquet'));
    const file = { byteLength: bytes.length, slice: (from: number, to?: number) => copy(bytes.subarray(from, to)) };
    const read = await parquetReadObjects({ file });
    expect(read).to.deep.equal(
      rows.map(({ id, input }, index) => ({ index: BigInt(index), id, output: input, success: true, errorCode: null })),
    );
    expect((await readdir(at('.'))).sort()).to.deep.equal(['in.jsonl', 'out.parquet']);
    // What is interrupted leaves what was there.
    const controller = new AbortController();
    controller.abort();
    const summary = await run('in.jsonl', 'out.parquet', { interrupt: controller.signal });
    expect(summary.interrupted).to.equal(true);
    expect((await readFile(at('out.parquet'))).equals(bytes)).to.equal(true);
    expect((await readdir(at('.'))).sort()).to.deep.equal(['in.jsonl', 'out.parquet']);
  });

  for (const [name, count] of [
    ['out.arrow', 5000],
    ['out.arrows', 5000],
    ['out.arrow', 0],
    ['out.arrows', 0],
  ] as const) {
    it(`writes ${name} of ${count} records, and reads it`, async () => {
      await writeFile(
        at('in.jsonl'),
        rows
          .slice(0, count)
          .map((row) => `${JSON.stringify(row)}\n`)
          .join(''),
      );
      await run('in.jsonl', name, { outputColumns: ['id', 'output', 'ok', 'index'] });
      const table = arrow.tableFromIPC(await readFile(at(name)));
      expect(table.schema.fields.map(({ name }) => name)).to.deep.equal(['id', 'output', 'ok', 'index']);
      expect(table.toArray().map((row) => row?.toJSON())).to.deep.equal(
        rows.slice(0, count).map(({ id, input }, index) => ({ id, output: input, ok: true, index: BigInt(index) })),
      );
      const again = await run(name, 'again.jsonl', { fields: { input: 'output' }, optionColumns: [] });
      expect(again.succeeded).to.equal(count);
      expect((await results('again.jsonl')).map(({ id, output }) => ({ id, input: output }))).to.deep.equal(
        rows.slice(0, count),
      );
    });
  }

  it('maps the types of Arrow, dictionaries among them, and says which cells it cannot', async () => {
    const table = new arrow.Table({
      key: arrow.vectorFromArray([1, 2], new arrow.Int32()),
      input: arrow.vectorFromArray(['a', 'a'], new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32())),
      bytes: arrow.vectorFromArray([Buffer.from('x'), null], new arrow.Binary()),
      when: arrow.vectorFromArray([new Date(), new Date()], new arrow.DateMillisecond()),
    });
    await writeFile(at('in.arrow'), arrow.tableToIPC(table, 'file'));
    const options = { fields: { id: 'key' }, optionColumns: ['bytes'] };
    await run('in.arrow', 'out.jsonl', options);
    expect((await results('out.jsonl')).map(({ id, output }) => [id, output])).to.deep.equal([
      [1, 'a'],
      [2, 'a'],
    ]);
    const error = await rejection(run('in.arrow', 'other.jsonl', { fields: { id: 'key' } }));
    expect(error.message).to.contain('its column `when` is of type Date');
  });

  it('goes on with an Arrow stream where a run was interrupted, with every record once', async () => {
    await writeLines();
    let runs = 0;
    for (let interrupted = true; interrupted && runs < 50; runs++) {
      const controller = new AbortController();
      const from = runs * 1000;
      const summary = await run('in.jsonl', 'out.arrows', {
        resume: true,
        deadlineMs: 60_000,
        concurrency: 8,
        interrupt: controller.signal,
        progressIntervalMs: 1,
        onProgress: ({ done }) => {
          if (done > from) controller.abort();
        },
      });
      interrupted = summary.interrupted;
    }
    expect(runs).to.be.above(1);
    const table = arrow.tableFromIPC(await readFile(at('out.arrows')));
    expect(table.toArray().map((row) => row?.toJSON().output)).to.deep.equal(rows.map(({ input }) => input));
  });

  it('refuses to go on with what cannot be added to, and to read Parquet from its beginning', async () => {
    await writeLines();
    for (const options of [{ resume: true }, { atMostOnce: true }, { journal: at('journal') }] as const) {
      const error = await rejection(run('in.jsonl', 'out.parquet', options));
      expect([error.code, /cannot go on with an output of parquet/.test(error.message)]).to.deep.equal([
        'ERR_INVALID_ARGUMENT',
        true,
      ]);
    }
    await writeFile(at('in.parquet.gz'), gzipSync('PAR1'));
    expect((await rejection(run('in.parquet.gz', 'out.jsonl'))).message).to.contain('Parquet is read from its end');
  });

  it('fails where a file is not what it is called, or torn', async () => {
    for (const [name, bytes] of [
      ['in.parquet', Buffer.alloc(100)],
      ['in.arrow', Buffer.from('ARROW1\0\0 and something else that is none')],
      ['in.arrows', Buffer.from('{"input":"a"}\n')],
    ] as const) {
      await writeFile(at(name), bytes);
      expect((await rejection(run(name, 'out.jsonl', { journal: false }))).code).to.equal('ERR_BATCH_FILE');
    }
  });
});

function copy(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
