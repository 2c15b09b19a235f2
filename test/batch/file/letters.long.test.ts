import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { hostile } from '../../fixtures/guests.ts';
import { batchFolder } from './batch-folder.ts';

describe('dead letters that are long', function () {
  this.timeout(180_000);
  const batch = batchFolder();
  const { at, run } = batch;

  it('are read again where they are longer than records may be', async () => {
    // An opening quote and so many that are doubled: twice as long as JSON.
    const row = `"${'""'.repeat(18_000_000)}`;
    await writeFile(at('in.csv'), `input\na\n${row}`);
    await batch.engine.loadPlugin('hostile', await hostile());
    const options = { plugin: 'hostile', input: 'in.csv', deadLetter: 'dead.jsonl' };
    for (const how of [{}, { retryDeadLetters: true }]) {
      await run({ ...options, ...how });
      const letter = JSON.parse(await readFile(at('dead.jsonl'), 'utf8')) as { readonly text: string };
      expect(letter.text === row).to.equal(true);
    }
  });
});
