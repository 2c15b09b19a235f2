import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { type Checkpoint, Journal, type JournalHeader } from '../../../src/batch/journal/journal.ts';
import { rejection } from '../../support/outcome.ts';

const header: JournalHeader = { input: { size: 7 }, recipe: 'abc' };
const at = (records: number): Checkpoint => ({
  done: [0, records],
  output: records * 10,
  deadLetter: 0,
  tally: { records },
});

describe('Journal', () => {
  let folder = '';
  let path = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-journal-'));
  });
  beforeEach(() => {
    path = join(folder, `${Math.random()}.journal`);
  });
  after(() => rm(folder, { recursive: true }));

  /** A journal with so many checkpoints, of a run that was killed. */
  async function written(checkpoints: number): Promise<string> {
    const journal = await Journal.open(path, header, 'new');
    for (let record = 1; record <= checkpoints; record++) await journal.checkpoint(at(record), 'written');
    const text = await readFile(path, 'utf8');
    await journal.close('unfinished');
    return text;
  }

  /** What the next run goes on with. */
  async function resumed(): Promise<Journal['state']> {
    const journal = await Journal.open(path, header, 'resume');
    await journal.close('unfinished');
    return journal.state;
  }

  it('goes on at the last checkpoint', async () => {
    await written(3);
    expect(await resumed()).to.deep.include({ checkpoint: at(3), begun: 0 });
    expect(await resumed()).to.deep.include({ checkpoint: at(3), begun: 0 });
  });

  it('goes on at the last whole checkpoint, wherever it was torn', async () => {
    const text = await written(3);
    const ends = [...text.matchAll(/\n/g)].map((match) => match.index + 1);
    for (let length = ends[1]!; length <= text.length; length++) {
      await writeFile(path, text.slice(0, length));
      const whole = ends.filter((end) => end <= length).length - 2;
      const expected = whole === 0 ? { done: [], output: 0, deadLetter: 0 } : at(whole);
      expect((await resumed()).checkpoint, `${length}`).to.deep.equal(expected);
    }
  });

  it('does not believe a line that was changed', async () => {
    const text = await written(3);
    await writeFile(path, text.replace('"output":30', '"output":90'));
    expect((await resumed()).checkpoint).to.deep.equal(at(2));
  });

  it('keeps which records may have begun', async () => {
    const journal = await Journal.open(path, header, 'new');
    await journal.begin(64);
    await journal.checkpoint(at(2), 'written');
    await journal.close('unfinished');
    expect(await resumed()).to.deep.include({ checkpoint: at(2), begun: 64 });
  });

  it('believes only synced checkpoints after another boot', async () => {
    const journal = await Journal.open(path, header, 'new');
    await journal.checkpoint(at(1), 'written');
    await journal.checkpoint(at(2), 'synced');
    await journal.checkpoint(at(3), 'written');
    await journal.close('unfinished');
    const [first = '', ...rest] = (await readFile(path, 'utf8')).split('\n');
    const other = JSON.stringify({ ...JSON.parse(first.slice(9)), boot: 'another' });
    await writeFile(path, [`${crc32(other).toString(16).padStart(8, '0')} ${other}`, ...rest].join('\n'));
    expect((await resumed()).checkpoint).to.deep.equal(at(2));
  });

  it('goes when the run is complete, or nothing was done', async () => {
    const journal = await Journal.open(path, header, 'new');
    await journal.checkpoint(at(1), 'written');
    await journal.close('complete');
    await (await Journal.open(path, header, 'new')).close('untouched');
    await written(1);
    await (await Journal.open(path, header, 'resume')).close('untouched');
    expect((await resumed()).checkpoint).to.deep.equal(at(1));
  });

  it('is not begun anew over an unfinished run', async () => {
    await written(1);
    const error = await rejection(Journal.open(path, header, 'new'));
    expect([error.code, error.hint?.includes('resume')]).to.deep.equal(['ERR_BATCH_JOURNAL', true]);
    expect((await resumed()).checkpoint).to.deep.equal(at(1));
  });

  it('is refused to another batch', async () => {
    await written(1);
    for (const [other, message] of [
      [{ ...header, input: { size: 8 } }, /has changed since/],
      [{ ...header, recipe: 'abd' }, /other plugins or options/],
    ] as const) {
      const error = await rejection(Journal.open(path, other, 'resume'));
      expect(error.code).to.equal('ERR_BATCH_JOURNAL');
      expect(error.message).to.match(message);
    }
  });

  it('is refused when it is something else', async () => {
    await writeFile(path, 'precious\n');
    expect((await rejection(Journal.open(path, header, 'resume'))).message).to.match(/no journal of a batch/);
    expect(await readFile(path, 'utf8')).to.equal('precious\n');
  });

  it('is refused to a second run', async () => {
    const journal = await Journal.open(path, header, 'new');
    expect((await rejection(Journal.open(path, header, 'resume'))).code).to.equal('ERR_BATCH_JOURNAL');
    await journal.close('unfinished');
  });

  it('does not grow for ever', async () => {
    const journal = await Journal.open(path, header, 'new');
    const large = { ...at(1), done: Array.from({ length: 100_000 }, (_, index) => index) };
    let most = 0;
    for (let index = 0; index < 60; index++) {
      await journal.checkpoint(large, index % 10 === 9 ? 'synced' : 'written');
      most = Math.max(most, (await readFile(path)).length);
    }
    await journal.close('unfinished');
    expect(most).to.be.below(24 * 1024 * 1024);
    expect((await resumed()).checkpoint).to.deep.equal(large);
  });

  it('ignores what a crash left at its end', async () => {
    await written(2);
    await appendFile(path, 'deadbeef {"done":[0,9');
    expect((await resumed()).checkpoint).to.deep.equal(at(2));
    await truncate(path, 0);
    expect((await rejection(Journal.open(path, header, 'resume'))).code).to.equal('ERR_BATCH_JOURNAL');
  });
});
