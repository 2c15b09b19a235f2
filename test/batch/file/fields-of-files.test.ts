import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { FileBatchOptions } from '../../../src/index.ts';
import { jsonl } from '../../cli/cli.ts';
import { rejection } from '../../support/outcome.ts';
import { batchFolder } from './batch-folder.ts';

describe('engine.batchFiles() with fields of other names', () => {
  const { at, run } = batchFolder();
  const read = (name: string): Promise<string> => readFile(at(name), 'utf8');

  it('runs an export of others, retries its letters, and passes its fields on', async () => {
    await writeFile(at('in.jsonl'), '{"key":1,"body":{"text":"one"},"n":1.0}\n{"key":2,"body":{"text":7},"n":2.0}\n');
    const options = { fields: { input: 'body.text', id: 'key' }, passFields: true, deadLetter: 'dead.jsonl' };
    expect(await run(options)).to.include({ records: 2, succeeded: 1, malformed: 1 });
    const first = '{"id":1,"index":0,"ok":true,"output":"one","success":true,"body":{"text":"one"},"n":1.0}';
    expect((await read('out.jsonl')).split('\n')[0]).to.equal(first);
    const [letter] = jsonl(await read('dead.jsonl')) as { text: string }[];
    expect(letter!.text).to.equal('{"key":2,"body":{"text":7},"n":2.0}');
    // Somebody mends the letter.
    await writeFile(at('dead.jsonl'), JSON.stringify({ ...letter, text: letter!.text.replace('7', '"two"') }));
    expect(await run({ ...options, retryDeadLetters: true })).to.include({ succeeded: 2, failed: 0 });
    expect(await read('out.jsonl')).to.equal(
      `${first}\n{"id":2,"index":1,"ok":true,"output":"two","success":true,"body":{"text":"two"},"n":2.0}\n`,
    );
    expect(await read('dead.jsonl')).to.equal('');
  });

  it('takes columns of CSV by their names', async () => {
    await writeFile(at('in.csv'), 'key,body.text,lang\nk1,one,en\nk2,fail,de\n');
    const options = { input: 'in.csv', fields: { input: 'body.text', id: 'key' }, passFields: true };
    expect(await run({ ...options, deadLetter: 'dead.jsonl' })).to.include({ succeeded: 1, refused: 1 });
    expect(jsonl(await read('out.jsonl'))[0]).to.include({ id: 'k1', output: 'one', lang: 'en' });
    expect(jsonl(await read('dead.jsonl'))[0]).to.deep.include({
      id: 'k2',
      input: 'fail',
      options: [['lang', 'de']],
      lang: 'de',
    });
    const again = await run({ ...options, deadLetter: 'dead.jsonl', retryDeadLetters: true });
    expect(again).to.include({ succeeded: 1, refused: 1, malformed: 0 });
    expect(jsonl(await read('out.jsonl'))[1]).to.include({ id: 'k2', success: false, lang: 'de' });
    const none = await rejection(run({ ...options, fields: { input: 'text' }, journal: false }));
    expect(none.message).to.match(/it has no column `text`; it has /);
  });

  it('is another run with other fields', async () => {
    await writeFile(at('in.jsonl'), '{"a":"one","b":"two"}\n'.repeat(3000));
    const stop = new AbortController();
    const onProgress = (): void => stop.abort();
    const other = { output: 'other.jsonl', concurrency: 1, progressIntervalMs: 1 };
    const first = await run({ ...other, fields: { input: 'a' }, onProgress, interrupt: stop.signal });
    expect(first.interrupted).to.equal(true);
    const refused = await rejection(run({ ...other, fields: { input: 'b' }, resume: true }));
    expect(refused).to.include({ code: 'ERR_BATCH_JOURNAL' });
    expect(refused.message).to.match(/\(fields\)$/);
    expect((await run({ ...other, fields: { input: 'a' }, resume: true })).succeeded).to.equal(3000);
  });

  const refused: readonly [Partial<FileBatchOptions>, RegExp][] = [
    [{ input: 'in.txt', fields: { input: 'a' } }, /^`fields` and `passFields` need records with fields/],
    [{ passFields: true, output: 'out.txt' }, /^`passFields` needs an output of JSONL/],
    [{ input: 'in.csv', fields: { options: 'a' } }, /^`fields.options` is no column/],
    [{ fields: { input: 'a..b' } }, /^Expected `fields.input` to be a path/],
    [{ fields: { name: 'a' } as object }, /^`fields` has no option `name`/],
  ];
  for (const [options, message] of refused) {
    it(`refuses ${JSON.stringify(options)}`, async () =>
      expect((await rejection(run(options))).message).to.match(message));
  }
});
