import { readFile, writeFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { FileBatchOptions } from '../../../src/index.ts';
import { jsonl } from '../../cli/cli.ts';
import { rejection } from '../../support/outcome.ts';
import { batchFolder } from './batch-folder.ts';

describe('engine.batchFiles() with tables', function () {
  this.timeout(60_000);
  const { at, run: runBatch } = batchFolder();
  const run = (input: string, output: string, options: Partial<FileBatchOptions> = {}) =>
    runBatch({ ...options, input, output });

  it('reads TSV and writes CSV', async () => {
    await writeFile(at('in.tsv'), 'id\tinput\na\t"x, ""y"""\nb\tfail\n');
    const summary = await run('in.tsv', 'out.csv', { outputColumns: ['id', 'output', 'errorMessage'] });
    expect([summary.succeeded, summary.refused]).to.deep.equal([1, 1]);
    expect(await readFile(at('out.csv'), 'utf8')).to.equal(
      'id,output,errorMessage\na,"x, ""y""",\nb,"",asked to fail\n',
    );
  });

  it('writes CSV that is compressed, of lines that travel in blocks', async () => {
    const records = Array.from({ length: 5000 }, (_, index) => ({ id: index, input: `"${index}",\n` }));
    await writeFile(at('in.jsonl'), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    await run('in.jsonl', 'out.csv.gz', { outputColumns: ['output', 'id'], outputCsv: { delimiter: ';' } });
    const text = gunzipSync(await readFile(at('out.csv.gz'))).toString();
    expect(text).to.equal(`output;id\n${records.map(({ id }) => `"""${id}"",\n";${id}\n`).join('')}`);
  });

  it('writes the header of CSV where there is no record', async () => {
    await writeFile(at('in.jsonl'), '');
    await run('in.jsonl', 'out.tsv');
    expect(await readFile(at('out.tsv'), 'utf8')).to.equal('id\tindex\tok\toutput\tsuccess\terrorCode\terrorMessage\n');
  });

  it('reads an array of JSON, and keeps what a record was in its dead letter', async () => {
    await writeFile(at('in.json'), '[\n{"id": 1, "input": "a"},\n{"id": 2},\n{"input": "fail", "x": 1}]');
    const summary = await run('in.json', 'out.jsonl', { deadLetter: at('dead.jsonl') });
    expect([summary.succeeded, summary.refused, summary.malformed]).to.deep.equal([1, 1, 1]);
    const [none, refused] = jsonl(await readFile(at('dead.jsonl'), 'utf8'));
    expect(none).to.deep.include({ line: 3, text: '{"id": 2}' });
    expect(refused).to.deep.include({ line: 4, input: 'fail', x: 1 });
  });

  it('fails where an array of JSON is not closed, and keeps what was there', async () => {
    await writeFile(at('in.json'), '[{"input":"a"},{"input":"b"}\n');
    const error = await rejection(run('in.json', 'out.jsonl'));
    expect([error.code, error.message.includes('its array ends inside of the element')]).to.deep.equal([
      'ERR_BATCH_FILE',
      true,
    ]);
  });

  it('goes on with CSV where a run was interrupted, with every record once and one header', async () => {
    const rows = Array.from({ length: 3000 }, (_, index) => `r${index},"line ${index}\nand ""more"""`);
    await writeFile(at('in.csv'), `id,input\n${rows.join('\n')}\n`);
    const columns: Partial<FileBatchOptions> = { outputColumns: ['id', 'output'], concurrency: 8 };
    let runs = 0;
    for (let interrupted = true; interrupted && runs < 50; runs++) {
      const controller = new AbortController();
      const from = runs * 500;
      const summary = await run('in.csv', 'out.csv', {
        ...columns,
        resume: true,
        interrupt: controller.signal,
        progressIntervalMs: 1,
        onProgress: ({ done }) => {
          if (done > from) controller.abort();
        },
      });
      interrupted = summary.interrupted;
      if (interrupted)
        expect(
          (await rejection(run('in.csv', 'out.csv', { ...columns, resume: true, outputColumns: ['id'] }))).code,
        ).to.equal('ERR_BATCH_JOURNAL');
    }
    expect(runs).to.be.above(1);
    expect(await readFile(at('out.csv'), 'utf8')).to.equal(`id,output\n${rows.join('\n')}\n`);
  });

  it('refuses columns that there are not', async () => {
    await writeFile(at('in.jsonl'), '');
    const error = await rejection(run('in.jsonl', 'out.csv', { outputColumns: ['outptu' as 'output'] }));
    expect(error.message).to.match(/^Expected `outputColumns` to be one of 'id', 'index'/);
  });
});
