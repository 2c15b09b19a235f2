import { expect } from 'chai';
import { corePlugin, guest } from '../fixtures/core-plugin.ts';
import { echo, lifecycle, misfits, wasi } from '../fixtures/guests.ts';
import { service3 } from '../fixtures/service-3.ts';
import { tool } from '../fixtures/tool.ts';
import { tool3 } from '../fixtures/tool-3.ts';
import { syscalls } from '../hostile/guests/syscalls.ts';
import { contractWit, plugin } from '../support/wat.ts';
import { linesOf, Workplace } from './cli.ts';

/** Differs from the contract in three places and imports what nobody offers. */
const manyMistakes = guest(() =>
  plugin(
    corePlugin({ imports: '(import "acme:gadgets/frobnicator@0.1.0" "frobnicate" (func))' }),
    'plugin-world',
    `${contractWit
      .replace('success: bool,', 'ok: bool,')
      .replace('description: string,', 'description: string, license: string,')
      .replace('world plugin-world {', 'world plugin-world { import acme:gadgets/frobnicator@0.1.0;')}
    package acme:gadgets@0.1.0 { interface frobnicator { frobnicate: func(); } }`,
  ),
);

describe('wasm-plugin-pool check', () => {
  const workplace = new Workplace();

  it('accepts a plugin that fits and loads', async () => {
    await workplace.file('echo.wasm', echo);
    const { status, stdout } = await workplace.run(['check', 'echo.wasm']);
    expect(stdout).to.equal('✓ echo.wasm implements plugin-world and loads under the policy restricted\n');
    expect(status).to.equal(0);
  });

  for (const [world, bytes] of [
    ['wasi:cli/command@0.2', tool],
    ['wasi:cli/command@0.3', tool3],
    ['wasi:http/service@0.3', service3],
  ] as const) {
    it(`takes a component of ${world} for what it is, as inspect does`, async () => {
      await workplace.file('standard.wasm', bytes);
      const { status, stdout } = await workplace.run(['check', 'standard.wasm']);
      expect(stdout).to.contain(`✓ standard.wasm implements ${world} and loads under the policy restricted\n`);
      expect(status).to.equal(0);
      const inspected = await workplace.run(['inspect', 'standard.wasm']);
      expect(inspected.stdout).to.contain(`none; it implements ${world}`);
      expect(inspected.status).to.equal(0);
    });
  }

  it('reports in JSON', async () => {
    await workplace.file('echo.wasm', echo);
    const { stdout } = await workplace.run(['check', 'echo.wasm', '--sandbox', 'standard', '--json']);
    expect(JSON.parse(stdout)).to.deep.include({
      file: 'echo.wasm',
      sandbox: 'standard',
      usable: true,
      world: 'plugin-world',
      problems: [],
      denials: [],
    });
  });

  it('says every mismatch, each with its hint', async () => {
    await workplace.file('many.wasm', manyMistakes);
    await workplace.file('small.json', JSON.stringify({ maxMemoryBytes: 65_536 }));
    const { status, stdout } = await workplace.run(['check', 'many.wasm', '--sandbox', 'small.json', '--json']);
    const { usable, problems } = JSON.parse(stdout);
    expect(usable).to.equal(false);
    expect(problems.map(({ code }: { code: string }) => code)).to.deep.equal([
      'ERR_INCOMPATIBLE_WIT',
      'ERR_INCOMPATIBLE_WIT',
      'ERR_UNKNOWN_IMPORT',
      'ERR_MEMORY_LIMIT',
    ]);
    expect(problems[0].message).to.include('expected field 2 to be "success", got "ok"');
    expect(problems[1].message).to.match(
      /^Also in ".*plugin-api@1\.0\.0": get-metadata: .*"license" is not in the contract/,
    );
    expect(problems[2].message).to.include('acme:gadgets/frobnicator@0.1.0');
    for (const problem of problems) expect(problem.hint).to.be.a('string');
    expect(status).to.equal(2);
  });

  it('says every mismatch to a reader', async () => {
    await workplace.file('many.wasm', manyMistakes);
    const { stdout } = await workplace.run(['check', 'many.wasm']);
    const lines = linesOf(stdout);
    expect(lines[0]).to.equal('✗ many.wasm cannot be used under the policy restricted');
    expect(lines.filter((line) => line.startsWith('ERR_'))).to.have.length(3);
    expect(lines.filter((line) => line.startsWith('  → '))).to.have.length(3);
  });

  const unusable = [
    ['a core module', misfits.coreModule, 'ERR_NOT_A_COMPONENT'],
    ['a truncated component', misfits.truncated, 'ERR_INVALID_COMPONENT'],
    ['a component of another world', misfits.otherWorld, 'ERR_INCOMPATIBLE_WIT'],
    ['a component with a wrong import', misfits.wrongImportType, 'ERR_INCOMPATIBLE_WIT'],
    ['a component that calls an unknown function', misfits.unknownHostFunction, 'ERR_INCOMPATIBLE_WIT'],
    ['a plugin that does not start', lifecycle.initializeErrs, 'ERR_INITIALIZE_FAILED'],
  ] as const;

  for (const [what, bytes, code] of unusable) {
    it(`refuses ${what}`, async () => {
      await workplace.file('unusable.wasm', bytes);
      const { status, stdout } = await workplace.run(['check', 'unusable.wasm', '--json']);
      expect(JSON.parse(stdout).problems.map((problem: { code: string }) => problem.code)).to.deep.equal([code]);
      expect(status).to.equal(2);
    });
  }

  it("holds a component against a world of the user's own", async () => {
    const wit = 'package acme:app@1.0.0; interface api { twice: func(x: u32) -> u32; } world plugin { export api; }';
    const core = '(module (func (export "acme:app/api@1.0.0#twice") (param i32) (result i32) (local.get 0)))';
    await workplace.file('own.wasm', () => plugin(core, 'plugin', wit));
    await workplace.file('app.wit', wit);
    await workplace.file('other.wit', wit.replace('x: u32', 'x: string'));
    const world = ['check', 'own.wasm', '--world', 'acme:app/plugin'];
    const fits = await workplace.run([...world, '--wit', 'app.wit']);
    expect(fits.stdout).to.match(/^✓ own\.wasm implements acme:app\/plugin@1\.0\.0 and loads/);
    expect(fits.status).to.equal(0);
    const differs = await workplace.run([...world, '--wit', 'other.wit']);
    expect(differs.stdout)
      .to.include('ERR_INCOMPATIBLE_WIT')
      .and.include('twice: parameter x: expected string, got u32');
    expect(differs.status).to.equal(2);
    const alone = await workplace.run(world);
    expect(alone.stderr).to.include('`--world` and `--wit` come together');
    expect(alone.status).to.equal(2);
  });

  it('refuses a component that is not the one of the policy', async () => {
    await workplace.file('echo.wasm', echo);
    await workplace.file('pinned.json', JSON.stringify({ sha256: '0'.repeat(64) }));
    const { status, stdout } = await workplace.run(['check', 'echo.wasm', '--sandbox', 'pinned.json']);
    expect(stdout).to.match(/^ERR_CAPABILITY_DENIED {2}The policy is for .*0{64}/m);
    expect(status).to.equal(2);
  });

  it('says what a plugin imports and its policy denies', async () => {
    await workplace.file('wasi.wasm', wasi);
    const { status, stdout } = await workplace.run(['check', 'wasi.wasm']);
    expect(stdout).to.match(
      /^! It imports wasi:cli\/environment@0\.2\.0 but sees no environment variables: the policy grants no allowEnv\.$/m,
    );
    expect(status).to.equal(0);
  });

  it('says which granted directories do not exist', async () => {
    await workplace.file('files.wasm', syscalls);
    const directory = '/no/such/directory';
    await workplace.file('files.json', JSON.stringify({ allowFsRead: [directory] }));
    const args = ['check', 'files.wasm', '--sandbox', 'files.json'];
    const { status, stdout, stderr } = await workplace.run(args);
    expect(stdout).to.match(/^! The granted directory \/no\/such\/directory does not exist: it is not mounted$/m);
    expect([status, stderr]).to.deep.equal([0, '']);
    const { warnings } = JSON.parse((await workplace.run([...args, '--json'])).stdout);
    expect(warnings).to.have.length(1);
    const run = await workplace.run(['run', 'files.wasm', '--sandbox', 'files.json', '--input', 'preopens']);
    expect(run.stderr).to.equal(
      `[warning] files: The granted directory ${directory} does not exist: it is not mounted\n`,
    );
  });

  it('refuses what a policy denies with --strict, and accepts what it grants', async () => {
    await workplace.file('wasi.wasm', wasi);
    await workplace.file('grants.json', JSON.stringify({ allowEnv: ['LANG'] }));
    const args = ['check', 'wasi.wasm', '--strict'];
    const refused = await workplace.run(args);
    expect(refused.stdout).to.match(
      /^ERR_CAPABILITY_DENIED {2}It imports wasi:cli\/environment@0\.2\.0 .* no allowEnv\.$/m,
    );
    expect(refused.stdout).to.not.match(/^!/m);
    expect(refused.status).to.equal(2);
    const json = await workplace.run([...args, '--json']);
    const { usable, problems } = JSON.parse(json.stdout);
    expect([usable, problems.length, problems[0].code]).to.deep.equal([false, 1, 'ERR_CAPABILITY_DENIED']);
    expect((await workplace.run([...args, '--sandbox', 'grants.json'])).status).to.equal(0);
  });
});
