import { expect } from 'chai';
import { corePlugin } from '../fixtures/core-plugin.ts';
import { echo, misfits, pluginBytes } from '../fixtures/guests.ts';
import { plugin } from '../support/wat.ts';
import { linesOf, Workplace } from './cli.ts';

describe('wasm-plugin-pool conformance', () => {
  const workplace = new Workplace();

  it('shows each check, and ends with 0 when none failed', async () => {
    await workplace.file('echo.wasm', echo);
    const { status, stdout } = await workplace.run(['conformance', 'echo.wasm', '--calls', '400']);
    const lines = linesOf(stdout);
    expect(lines[0]).to.equal('✓ contract       implements plugin-world of toolsku:plugin-system@1');
    expect(lines.at(-1)).to.equal('echo.wasm conforms: 12 passed');
    expect(status).to.equal(0);
  });

  it('says what to mend, and ends with 1', async () => {
    const traps = '(if (i32.eqz (local.get $n)) (then unreachable)) (call $ok (local.get $p) (local.get $n))';
    await workplace.file('traps.wasm', await plugin(corePlugin({ process: traps })));
    const { status, stdout } = await workplace.run(['conformance', 'traps.wasm', '--calls', '400']);
    expect(linesOf(stdout)).to.include.members([
      '✗ odd-input      1 of 25 odd requests end its instance',
      '    "": The plugin trapped: unreachable (ERR_TRAP)',
      '    → Refuse what it cannot work on, with `success: false` and a message.',
    ]);
    expect(linesOf(stdout).at(-1)).to.equal('traps.wasm does not conform: 11 passed, 1 failed');
    expect(status).to.equal(1);
  });

  it('asks a plugin for bytes with bytes', async () => {
    await workplace.file('invert.wasm', pluginBytes);
    const { status, stdout } = await workplace.run(['conformance', 'invert.wasm', '--calls', '400']);
    expect(linesOf(stdout)[0]).to.equal('✓ contract       implements plugin-bytes of toolsku:plugin-system@1');
    expect(linesOf(stdout).at(-1)).to.equal('invert.wasm conforms: 12 passed');
    expect(status).to.equal(0);
  });

  it('reports to a program', async () => {
    await workplace.file('misfit.wasm', misfits.missingExport);
    const { status, stdout } = await workplace.run(['conformance', 'misfit.wasm', '--json']);
    const { conforms, sha256, findings } = JSON.parse(stdout);
    expect({ conforms, status }).to.deep.equal({ conforms: false, status: 1 });
    expect(sha256).to.match(/^[0-9a-f]{64}$/);
    expect(findings[0]).to.include({ check: 'contract', status: 'failed' });
    expect(findings[1]).to.deep.equal({ check: 'start', status: 'skipped', summary: 'it fails contract' });
  });

  it('ends with 2 for what is no component, and for wrong usage', async () => {
    await workplace.file('core.wasm', misfits.coreModule);
    for (const args of [['core.wasm'], ['nowhere.wasm'], ['core.wasm', '--calls', '0']]) {
      const { status, stdout } = await workplace.run(['conformance', ...args]);
      expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
    }
  });
});
