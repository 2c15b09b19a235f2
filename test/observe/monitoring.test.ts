import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { METRICS } from '../../src/observe/prometheus.ts';
import { ROOT } from '../docs/blocks.ts';
import { hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');
const known = METRICS.flatMap(({ name, type }) =>
  type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
);

/** Runs promtool; undefined where it is not installed, which is said. */
async function promtool(args: readonly string[], input = ''): Promise<string | undefined> {
  const child = promisify(execFile)('promtool', args);
  child.child.stdin?.on('error', () => {});
  child.child.stdin?.end(input);
  try {
    return (await child).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    console.log('      promtool is not installed (`apt-get install prometheus`): this was not looked at');
    return undefined;
  }
}

describe('what is monitored', () => {
  after(closeEngines);

  for (const file of ['monitoring/alerts.yml', 'monitoring/dashboard.json']) {
    it(`is made of metrics that there are, in ${file}`, async () => {
      const names = (await read(file)).match(/wasm_plugin_pool_\w+/g)!;
      expect(names.length).to.be.above(9);
      expect(known).to.include.members([...new Set(names)]);
    });
  }

  it('has a section of the runbook for each alert, and no other', async () => {
    const alerts = [...(await read('monitoring/alerts.yml')).matchAll(/alert: (\w+)/g)].map(([, name]) => name!);
    const links = [...(await read('monitoring/alerts.yml')).matchAll(/runbook\.md#(\w+)/g)].map(([, name]) => name!);
    const sections = [...(await read('docs/runbook.md')).matchAll(/^## (\w+)$/gm)].map(([, name]) => name!);
    expect(sections).to.deep.equal(alerts);
    expect(links).to.deep.equal(alerts.map((name) => name.toLowerCase()));
  });

  it('is a panel for each of the numbers of a dashboard', async () => {
    const { panels } = JSON.parse(await read('monitoring/dashboard.json')) as {
      panels: { id: number; targets: { expr: string }[] }[];
    };
    expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length);
    for (const { targets } of panels) expect(targets.length).to.be.above(0);
  });

  it('has rules that Prometheus takes', async () => {
    const said = await promtool(['check', 'rules', fileURLToPath(new URL('monitoring/alerts.yml', ROOT))]);
    if (said !== undefined) expect(said).to.include('SUCCESS: 9 rules found');
  });

  it('tells states, roles, shares, circuits and failed loads, as Prometheus takes it', async () => {
    const engine = await createEngine({ threads: 1, queueLimit: 77 });
    const failurePolicy = { maxFailures: 1, backoffMs: 2 ** 31 - 1 };
    await engine.loadPlugin('plugin', await hostile(), { version: '1', failurePolicy });
    await engine.versions('plugin').load(await hostile(), { version: '2' });
    engine.versions('plugin').deployCanary('2', 25);
    await engine.reloadPlugin('plugin', Uint8Array.of(1)).catch(() => {});
    await engine.process('plugin', { input: 'unreachable' }, { version: '1' }).catch(() => {});
    const text = await engine.metrics.prometheus();
    for (const line of [
      'limit{of="queue_depth"} 77',
      'plugin_info{plugin="plugin",state="quarantined"} 1',
      'version_info{plugin="plugin",version="1",role="stable"} 1',
      'version_info{plugin="plugin",version="2",role="canary"} 1',
      'request_share{plugin="plugin",version="1"} 0.75',
      'request_share{plugin="plugin",version="2"} 0.25',
      'circuit_open{plugin="plugin",version="1"} 1',
      'circuit_open{plugin="plugin",version="2"} 0',
      'quarantined_inputs{plugin="plugin"} 0',
      'load_failures_total{plugin="plugin"} 1',
    ]) {
      expect(text).to.include(`wasm_plugin_pool_${line}\n`);
    }
    await promtool(['check', 'metrics', '--extended'], text).catch((error: { stdout?: string; stderr?: string }) => {
      // What it finds beyond the format is taste: names that it would choose otherwise.
      expect(`${error.stderr}`).to.not.include('error while linting');
    });
  });
});
