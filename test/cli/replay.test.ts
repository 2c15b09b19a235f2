import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { hostile, wasi } from '../fixtures/guests.ts';
import { Workplace } from './cli.ts';

describe('wasm-plugin-pool replay', () => {
  const workplace = new Workplace();

  before(async () => {
    await workplace.file('wasi.wasm', wasi);
    await workplace.file('other.wasm', hostile);
    const run = ['run', 'wasi.wasm', '--record', 'recordings', '--quiet', '--input'];
    expect((await workplace.run([...run, 'panic it broke'])).status).to.equal(1);
    expect((await workplace.run([...run, 'Hello'])).status).to.equal(0);
  });

  it('runs what failed again, with the same component', async () => {
    expect(await readdir(workplace.path('recordings'))).to.have.length(1);
    const { status, stdout, stderr } = await workplace.run(['replay', 'recordings', '--component', 'wasi.wasm']);
    expect(stdout).to.match(
      /^✓ recordings\/.*-wasi-r-1-.*\.recording\.json\n {4}ERR_TRAP: The plugin trapped: unreachable; it wrote: it broke\n$/,
    );
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
  });

  it('tries another one, and says what is different', async () => {
    const refused = await workplace.run(['replay', 'recordings', '--component', 'other.wasm']);
    expect(refused.stderr).to.match(
      /^error: `recordings.*` was recorded with the component .* --against runs it all the same\.\n$/,
    );
    expect(refused.status).to.equal(2);
    const { status, stdout } = await workplace.run(['replay', 'recordings', '--against', 'other.wasm', '--json']);
    const [replayed] = JSON.parse(stdout);
    expect(replayed).to.include({ requestId: 'r-1', verdict: 'different', fails: false });
    expect(replayed.is).to.deep.equal({ response: { output: 'panic it broke', success: true } });
    expect(status).to.equal(0);
  });

  it('prints nothing of a file that a terminal would obey', async () => {
    const [name] = await readdir(workplace.path('recordings'));
    const recording = JSON.parse(await readFile(workplace.path(join('recordings', name!)), 'utf8'));
    recording.outcome.error.message = '\u001b[2J\nforged';
    await writeFile(workplace.path('forged.recording.json'), JSON.stringify(recording));
    const { stdout } = await workplace.run(['replay', 'forged.recording.json', '--against', 'other.wasm']);
    expect(stdout).to.contain('was ERR_TRAP: \\u{1b}[2J\\u{a}forged\n').and.not.contain('\u001b');
  });

  it('says what is no recording, and what to give', async () => {
    await writeFile(workplace.path('no.recording.json'), '{"format":1}');
    const [kept] = await readdir(workplace.path('recordings'));
    const recording = JSON.parse(await readFile(join(workplace.path('recordings'), kept!), 'utf8'));
    recording.outcome.error.backtrace = [null];
    await writeFile(workplace.path('frames.recording.json'), JSON.stringify(recording));
    const cases: [args: string[], says: RegExp][] = [
      [
        ['frames.recording.json', '--component', 'wasi.wasm'],
        /Cannot use the recording `frames\.recording\.json`: it is no/,
      ],
      [['recordings'], /^error: Give either `--component` or `--against`/],
      [
        ['no.recording.json', '--against', 'wasi.wasm'],
        /Cannot use the recording `no\.recording\.json`: it is no recording/,
      ],
      [
        ['missing.json', '--against', 'wasi.wasm'],
        /Cannot use the recording `missing\.json`: no such file or directory/,
      ],
      [['.', '--against', 'missing.wasm'], /Cannot read the plugin `missing\.wasm`/],
    ];
    for (const [args, says] of cases) {
      const { status, stderr } = await workplace.run(['replay', ...args]);
      expect(stderr).to.match(says);
      expect(status, stderr).to.equal(2);
    }
    expect(
      (await workplace.run(['replay', join('recordings', '..', '.cache'), '--against', 'wasi.wasm'])).stderr,
    ).to.match(/^error: There are no recordings \(\*\.recording\.json\) in /);
  });
});
