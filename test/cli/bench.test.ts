import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { parseReport } from '../../src/bench/schema.ts';
import { echo } from '../fixtures/echo.ts';
import { hostile } from '../fixtures/hostile.ts';
import { twofold } from '../fixtures/suppliers.ts';
import { Workplace } from './cli.ts';

describe('wasm-plugin-pool bench', () => {
  const work = new Workplace();

  it('measures a plugin, writes the report and compares it with an older one', async function () {
    this.timeout(120_000);
    const plugin = await work.file('echo.wasm', echo);
    const tiny = ['--input', 'hello', '--effort', 'quick', '--rounds', '1', '--round-ms', '5', '--threads', '1'];
    const scenarios = ['--scenario', 'throughput', 'memory-per-instance'];
    const first = await work.run(['bench', plugin, ...tiny, ...scenarios, '--json', 'report.json']);
    const [estimate, ...steps] = first.stderr.trim().split('\n');
    expect(estimate).to.match(/^4 cases, about \d+ seconds.*\. Nothing else should run meanwhile\.$/);
    expect(steps.filter((line) => !line.startsWith('Warning: The machine was busy'))).to.deep.equal([
      '1/4 throughput: 1 caller',
      '2/4 throughput: 64 callers',
      '3/4 throughput: 1024 callers',
      '4/4 memory-per-instance: 50 more plugins',
    ]);
    expect(first.status).to.equal(0);
    expect(first.stdout).to.include('### throughput').and.to.include('plugin `echo.wasm`');
    const report = parseReport(await readFile(work.path('report.json'), 'utf8'));
    expect(report.cases.map(({ scenario }) => scenario)).to.deep.equal([
      ...Array(3).fill('throughput'),
      'memory-per-instance',
    ]);
    const again = await work.run(['bench', plugin, ...tiny, ...scenarios.slice(0, 2), '--compare', 'report.json']);
    // No verdict where the machine was busy.
    expect(again.stdout).to.match(/9 of 9 comparisons show no change beyond the noise|busy with other things/);
  });

  it('has --import supply what the plugin imports, in every process that measures', async function () {
    this.timeout(120_000);
    await work.file('twofold.wasm', twofold);
    await work.file('shop.mjs', 'export const twice = (x) => 2 * x;');
    const tiny = ['--effort', 'quick', '--rounds', '1', '--round-ms', '5', '--threads', '1'];
    const args = ['bench', 'twofold.wasm', '--input', 'four', ...tiny, '--scenario', 'throughput', 'instantiate'];
    const supplied = await work.run([...args, '--import', 'acme:shop/api=shop.mjs']);
    expect([supplied.status, supplied.stdout.includes('### instantiate')]).to.deep.equal([0, true]);
    const refused = await work.run(args);
    expect([refused.status, refused.stderr]).to.satisfy(
      ([status, said]: [number, string]) => status === 2 && said.includes('ERR_UNKNOWN_IMPORT'),
    );
  });

  it('says what is wrong before it measures anything', async () => {
    const plugin = await work.file('hostile.wasm', hostile);
    const trap = await work.run(['bench', plugin, '--input', 'unreachable']);
    expect(trap.status).to.equal(1);
    expect(trap.stderr).to.match(/^error: .*\(ERR_TRAP\)\n$/);
    await work.file('no.json', '{"format": 7}');
    const report = await work.run(['bench', plugin, '--compare', 'no.json']);
    expect(report.status).to.equal(2);
    expect(report.stderr).to.match(
      /^error: `no.json`: This is no benchmark report: `report.startedAt` is missing\.\n$/,
    );
    const scenario = await work.run(['bench', plugin, '--scenario', 'speed']);
    expect(scenario.status).to.equal(2);
    expect(scenario.stderr).to.include('Allowed choices are throughput, latency, instantiate, memory-per-instance');
  });
});
