import { expect } from 'chai';
import { Registry } from 'prom-client';
import { METRICS } from '../../src/observe/prometheus.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { outcome, rejection } from '../support/outcome.ts';

/** The lines of the text format: name, labels and value. */
function samplesOf(text: string): { name: string; labels: Record<string, string>; value: number }[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels, value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)!;
      const pairs = [...(labels ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key!, text!]);
      return { name: name!, labels: Object.fromEntries(pairs), value: Number(value!.replace('+Inf', 'Infinity')) };
    });
}

describe('engine.metrics.prometheus', () => {
  after(closeEngines);

  it('says in the text format what the snapshot says', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('hostile', await hostile());
    await Promise.all(Array.from({ length: 100 }, () => engine.process('hostile', { input: 'x' })));
    await outcome(engine.process('hostile', { input: 'divide' }));
    const text = await engine.metrics.prometheus();
    const [plugin] = engine.metrics.snapshot().plugins;
    const samples = samplesOf(text);
    const value = (name: string, labels: Record<string, string> = {}) =>
      samples.find((sample) => sample.name === name && Object.entries(labels).every(([k, v]) => sample.labels[k] === v))
        ?.value;
    const id = { plugin: 'hostile', version: '1.0.0' };
    expect(value('wasm_plugin_pool_calls_total', id)).to.equal(101);
    expect(value('wasm_plugin_pool_errors_total', { ...id, code: 'ERR_TRAP' })).to.equal(1);
    expect(value('wasm_plugin_pool_call_duration_seconds_count', id)).to.equal(101);
    expect(value('wasm_plugin_pool_call_duration_seconds_sum', id)).to.be.closeTo(plugin!.durationMs.sum / 1000, 1e-9);
    expect(value('wasm_plugin_pool_memory_peak_bytes', id)).to.equal(plugin!.memoryPeakBytes);
    expect(value('wasm_plugin_pool_threads', { state: 'busy' })).to.equal(0);
  });

  it('has histograms that never fall and end with their count', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('echo', await echo());
    await Promise.all(Array.from({ length: 300 }, () => engine.process('echo', { input: 'x' })));
    const samples = samplesOf(await engine.metrics.prometheus());
    for (const { name, type } of METRICS) {
      if (type !== 'histogram') continue;
      const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
      const values = buckets.map((sample) => sample.value);
      expect(values, name).to.deep.equal([...values].sort((a, b) => a - b));
      const bounds = buckets.map(({ labels }) => Number(labels.le!.replace('+Inf', 'Infinity')));
      expect(bounds, name).to.deep.equal([...bounds].sort((a, b) => a - b));
      expect(values.at(-1)).to.equal(samples.find((sample) => sample.name === `${name}_count`)!.value);
    }
  });

  it('counts versions together, and has fewer buckets, where that is asked for', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('echo', await echo(), { version: '1' });
    await engine.versions('echo').load(await echo(), { version: '2' });
    for (const version of ['1', '1', '2']) await engine.process('echo', { input: 'x' }, { version });
    const full = samplesOf(await engine.metrics.prometheus());
    const brief = samplesOf(await engine.metrics.prometheus({ detail: 'plugin', buckets: 'few' }));
    const calls = (samples: typeof full) => samples.filter(({ name }) => name === 'wasm_plugin_pool_calls_total');
    expect(calls(full).map(({ value }) => value)).to.deep.equal([2, 1]);
    expect(calls(brief)).to.deep.equal([
      { name: 'wasm_plugin_pool_calls_total', labels: { plugin: 'echo' }, value: 3 },
    ]);
    const name = 'wasm_plugin_pool_call_duration_seconds_bucket';
    const buckets = brief.filter((sample) => sample.name === name);
    expect(buckets.at(-1)).to.deep.include({ labels: { plugin: 'echo', le: '+Inf' }, value: 3 });
    for (const { labels, value } of buckets) {
      const same = full.filter((sample) => sample.name === name && sample.labels.le === labels.le);
      expect(value, labels.le).to.equal(same.reduce((sum, sample) => sum + sample.value, 0));
    }
    const none = samplesOf(await engine.metrics.prometheus({ buckets: 'none' }));
    expect(none.filter((sample) => sample.name === name).map(({ labels }) => labels.le)).to.deep.equal([
      '+Inf',
      '+Inf',
    ]);
    expect(brief.length * 3).to.be.lessThan(full.length);
    expect((await rejection(engine.metrics.prometheus({ detail: 'all' as never }))).code).to.equal(
      'ERR_INVALID_ARGUMENT',
    );
  });

  it('fills a registry, which is asked anew at each scrape, in both formats', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('echo', await echo());
    for (const type of [Registry.PROMETHEUS_CONTENT_TYPE, Registry.OPENMETRICS_CONTENT_TYPE]) {
      const registry = new Registry();
      (registry as Registry<typeof type>).setContentType(type);
      await engine.metrics.register(registry);
      const calls = async () =>
        samplesOf(await registry.metrics()).find(({ name }) => name === 'wasm_plugin_pool_calls_total')?.value;
      const before = await calls();
      await engine.process('echo', { input: 'x' });
      expect(await calls()).to.equal(before! + 1);
    }
  });

  it('cannot be made to forge a line by what plugins are called', async () => {
    const engine = await createEngine({ threads: 1 });
    const name = 'a"} 1\nforged{x="\\';
    await engine.loadPlugin(name, await echo(), { version: 'v"\n1' });
    const text = await engine.metrics.prometheus();
    expect(text).to.not.match(/^forged/m);
    for (const line of text.split('\n')) expect(line).to.match(/^$|^# (HELP|TYPE) |^wasm_plugin_pool_\w+[ {]/);
  });

  it('has labels whose number of values is bounded', () => {
    for (const { labels } of METRICS)
      expect(['plugin', 'version', 'code', 'state', 'role', 'of']).to.include.members([...labels]);
  });
});
