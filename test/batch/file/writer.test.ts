import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { BatchOutput } from '../../../src/batch/file/output.ts';
import { Tally } from '../../../src/batch/file/tally.ts';
import { BatchWriter } from '../../../src/batch/file/writer.ts';
import { Journal } from '../../../src/batch/journal/journal.ts';
import { seeded } from '../../support/outcome.ts';

describe('BatchWriter', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'batch-writer-'));
  });
  after(() => rm(directory, { recursive: true }));

  it('writes one thing at a time, whenever results come and records begin', async () => {
    const [path, journalPath] = [join(directory, 'out'), join(directory, 'out.journal')];
    const recipe = { plugins: 'abc' };
    const journal = await Journal.open(journalPath, recipe, 'new');
    await journal.start({ input: null, recipe });
    const output = await BatchOutput.open(path, 'none');
    await output.cut();
    const tally = new Tally();
    const writer = new BatchWriter({ output, deadLetter: undefined, journal }, tally, 'prompt');
    const random = seeded(1);
    const lines = Array.from({ length: 2000 }, (_, index) => `${index} ${'x'.repeat(random.below(5000))}`);
    const begun: Promise<void>[] = [];
    for (const [index, line] of lines.entries()) {
      if (index % 3 === 0) begun.push(writer.begin(index));
      tally.keep();
      void writer.add(index, line, undefined);
      // At another point between the steps of what is being written each time.
      for (let turn = random.below(12); turn > 0; turn--) await undefined;
      if (random.below(4) === 0) await new Promise(setImmediate);
      // Whenever it is killed, what the journal speaks of is there, and ends with a line.
      expect(journal.state.checkpoint.output.bytes).to.be.at.most(output.written.bytes);
    }
    await Promise.all(begun);
    await writer.finish('complete');
    await output.close();
    await journal.close('unfinished');
    expect((await readFile(path, 'utf8')) === `${lines.join('\n')}\n`).to.equal(true);
    const again = await Journal.open(journalPath, recipe, 'resume');
    expect(again.state.checkpoint.output).to.deep.equal(output.written);
    expect(again.state.begun).to.equal(1998);
    await again.close('complete');
  });
});
