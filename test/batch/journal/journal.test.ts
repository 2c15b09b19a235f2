import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { Journal, type JournalHeader } from '../../../src/batch/journal/journal.ts';
import { type Checkpoint, NOTHING } from '../../../src/batch/journal/state.ts';
import { rejection } from '../../support/outcome.ts';

const header: JournalHeader = { input: { size: 7 }, recipe: { plugins: 'abc', order: 'def' } };
const none = { bytes: 0, crc: 0 };
const counted = (records: number) => ({ succeeded: records, refused: 0, failed: 0, malformed: 0, errors: {} });
const at = (records: number): Checkpoint => ({
  done: [0, records],
  output: { bytes: records * 10, crc: 7 },
  deadLetter: none,
  input: { bytes: records * 20, crc: 9 },
  tally: counted(records),
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

  async function begun(): Promise<Journal> {
    const journal = await Journal.open(path, header.recipe, 'new');
    await journal.start(header);
    return journal;
  }

  /** A journal with so many checkpoints, of a run that was killed. */
  async function written(checkpoints: number): Promise<string> {
    const journal = await begun();
    for (let record = 1; record <= checkpoints; record++) await journal.checkpoint(at(record), 'written');
    const text = await readFile(path, 'utf8');
    await journal.close('unfinished');
    return text;
  }

  /** What the next run goes on with. */
  async function resumed(): Promise<Journal['state']> {
    const journal = await Journal.open(path, header.recipe, 'resume');
    await journal.start(header);
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
      const expected = whole === 0 ? NOTHING.checkpoint : at(whole);
      expect((await resumed()).checkpoint, `${length}`).to.deep.equal(expected);
    }
  });

  it('does not believe a line that was changed', async () => {
    const text = await written(3);
    await writeFile(path, text.replace('"bytes":30', '"bytes":90'));
    expect((await resumed()).checkpoint).to.deep.equal(at(2));
  });

  it('keeps which records may have begun', async () => {
    const journal = await begun();
    await journal.begin(64);
    await journal.checkpoint(at(2), 'written');
    await journal.close('unfinished');
    expect(await resumed()).to.deep.include({ checkpoint: at(2), begun: 64 });
  });

  it('believes only synced checkpoints after another boot', async () => {
    const journal = await begun();
    await journal.checkpoint(at(1), 'written');
    await journal.checkpoint(at(2), 'synced');
    await journal.checkpoint(at(3), 'written');
    await journal.close('unfinished');
    const [first = '', ...rest] = (await readFile(path, 'utf8')).split('\n');
    const other = JSON.stringify({ ...JSON.parse(first.slice(9)), boot: 'another' });
    await writeFile(path, [`${crc32(other).toString(16).padStart(8, '0')} ${other}`, ...rest].join('\n'));
    expect((await resumed()).checkpoint).to.deep.equal(at(2));
  });

  it('goes when the run is complete, or failed before anything was done', async () => {
    const journal = await begun();
    await journal.checkpoint(at(1), 'written');
    await journal.close('complete');
    await (await begun()).close('failed');
    await written(1);
    const again = await Journal.open(path, header.recipe, 'resume');
    await again.start(header);
    await again.close('failed');
    expect((await resumed()).checkpoint).to.deep.equal(at(1));
  });

  it('is not begun anew over an unfinished run', async () => {
    await written(1);
    const error = await rejection(Journal.open(path, header.recipe, 'new'));
    expect([error.code, error.hint?.includes('resume')]).to.deep.equal(['ERR_BATCH_JOURNAL', true]);
    expect((await resumed()).checkpoint).to.deep.equal(at(1));
  });

  it('is refused to another batch, and says in what it is another', async () => {
    await written(1);
    const other = { ...header.recipe, plugins: 'abd' };
    const error = await rejection(Journal.open(path, other, 'resume'));
    expect(error.code).to.equal('ERR_BATCH_JOURNAL');
    expect(error.message).to.match(/other plugins or options \(plugins\)$/);
  });

  it('says which input it is of, and changes nothing before it starts', async () => {
    const text = await written(1);
    const journal = await Journal.open(path, header.recipe, 'resume');
    expect(journal.earlier?.input).to.deep.equal(header.input);
    await journal.close('complete');
    expect(await readFile(path, 'utf8')).to.equal(text);
  });

  describe('is not believed, whatever its checksums say,', () => {
    const senseless: readonly [string, object | string][] = [
      ['where it counts other records than it names', { ...at(12), done: [0, 3000] }],
      ['where it names records twice', { ...at(2), done: [0, 1, 0, 1] }],
      ['where a range has no end', { ...at(1), done: [0] }],
      ['where a range is empty', { ...at(0), done: [5, 5] }],
      ['where a record has no whole number', { ...at(1), done: [0.5, 1.5] }],
      ['where a length is negative', { ...at(1), output: { bytes: -1, crc: 0 } }],
      ['where a length is none', { ...at(1), output: 10 }],
      ['where nothing has a checksum', { ...at(1), output: { bytes: 0, crc: 5 } }],
      ['where a file is missing', { done: [0, 1], tally: counted(1) }],
      ['where counts are negative', { ...at(1), tally: { ...counted(2), refused: -1 } }],
      ['where errors are no counts', { ...at(1), tally: { ...counted(0), failed: 1, errors: { ERR_TRAP: 'x' } } }],
      ['where errors do not add up', { ...at(1), tally: { ...counted(0), failed: 1, errors: {} } }],
      ['where more is malformed than failed', { ...at(1), tally: { ...counted(1), malformed: 1 } }],
      ['where the name of a batch is none', { ...at(1), tally: { ...counted(1), batch: 'a:b*' } }],
      ['where counts are missing', { ...at(1), tally: {} }],
      ['where it says how much has begun, and does not', { begun: 'all' }],
      ['where it has a list', [1, 2]],
      ['where it has null', 'null'],
      ['where it has no JSON', '{"done":'],
    ];
    for (const [name, line] of senseless) {
      it(name, async () => {
        await written(1);
        const json = typeof line === 'string' ? line : JSON.stringify(line);
        await appendFile(path, `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`);
        const error = await rejection(Journal.open(path, header.recipe, 'resume'));
        expect([error.code, error.message.includes('says what cannot be')]).to.deep.equal(['ERR_BATCH_JOURNAL', true]);
      });
    }

    it('where another version wrote it, in another form', async () => {
      const text = await written(1);
      const [first = '', ...rest] = text.split('\n');
      const other = JSON.stringify({ ...JSON.parse(first.slice(9)), journal: 3, tool: '9.0.0' });
      await writeFile(path, [`${crc32(other).toString(16).padStart(8, '0')} ${other}`, ...rest].join('\n'));
      const error = await rejection(Journal.open(path, header.recipe, 'resume'));
      expect([error.code, /version 9\.0\.0/.test(error.message)]).to.deep.equal(['ERR_BATCH_JOURNAL', true]);
    });
  });

  describe('is not looked for elsewhere:', () => {
    it('what a link leads to stays as it is', async () => {
      const victim = join(folder, 'victim');
      await writeFile(victim, 'precious');
      await symlink(victim, `${path}.new`);
      const error = await rejection(begun());
      expect([error.code, /symbolic link/.test(error.message)]).to.deep.equal(['ERR_BATCH_JOURNAL', true]);
      await rm(`${path}.new`);
      await symlink(victim, path);
      expect((await rejection(Journal.open(path, header.recipe, 'resume'))).message).to.match(/symbolic link/);
      expect(await readFile(victim, 'utf8')).to.equal('precious');
    });

    it('a named pipe is refused rather than waited for', async () => {
      execFileSync('mkfifo', [path, `${path}.new`]);
      expect((await rejection(Journal.open(path, header.recipe, 'resume'))).message).to.match(/named pipe/);
      await rm(path);
      expect((await rejection(begun())).message).to.match(/named pipe/);
    });

    it('what a killed run left is replaced', async () => {
      await writeFile(`${path}.new`, 'torn');
      await (await begun()).close('unfinished');
      expect((await resumed()).checkpoint).to.deep.equal(NOTHING.checkpoint);
    });
  });

  it('is refused when it is something else', async () => {
    await writeFile(path, 'precious\n');
    expect((await rejection(Journal.open(path, header.recipe, 'resume'))).message).to.match(/no journal of a batch/);
    expect(await readFile(path, 'utf8')).to.equal('precious\n');
  });

  it('does not grow for ever', async () => {
    const journal = await begun();
    const large = { ...at(50_000), done: Array.from({ length: 100_000 }, (_, index) => index) };
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
    expect((await rejection(Journal.open(path, header.recipe, 'resume'))).code).to.equal('ERR_BATCH_JOURNAL');
  });
});
