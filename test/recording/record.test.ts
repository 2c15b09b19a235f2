import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { differencesOf } from '../../src/cli/replay/differences.ts';
import { play } from '../../src/cli/replay/player.ts';
import type { PluginEngine, RecordOptions } from '../../src/index.ts';
import { type Recording, readRecording } from '../../src/recording/recording.ts';
import { hostile, wasi } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

describe('recorded requests', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-recordings-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  after(closeEngines);

  /** Asks an engine for some things, closes it, and gives what was recorded of them. */
  async function recorded(
    component: Promise<Uint8Array>,
    inputs: readonly string[],
    record: Partial<RecordOptions> = { when: 'all' },
    sandbox = {},
    config: Record<string, string> = { key: 'secret', name: 'Ada' },
  ): Promise<Recording[]> {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('guest', await component, { sandbox, config, record: { directory: folder, ...record } });
    for (const [index, input] of inputs.entries()) {
      await engine
        .process('guest', { input, options: [['n', `${index}`]] }, { requestId: `r/${index}` })
        .catch(() => {});
    }
    await engine.close();
    const recordings = await Promise.all(readdirSync(folder).map((name) => readRecording(join(folder, name))));
    return recordings.sort((a, b) => (a.request.requestId < b.request.requestId ? -1 : 1));
  }

  async function replayed(recording: Recording, component: Promise<Uint8Array>): Promise<string[]> {
    const engine: PluginEngine = await createEngine({ threads: 1 });
    return differencesOf(recording, await play(engine, recording, await component, {}));
  }

  it('have what their answer follows from, in a file that only its owner reads', async () => {
    const [recording] = await recorded(wasi(), ['sleep 1']);
    expect(recording).to.deep.include({
      format: 1,
      plugin: 'guest',
      version: '1.0.0',
      config: { key: 'secret', name: 'Ada' },
      leftOut: [],
      request: { requestId: 'r/0', input: 'sleep 1', options: [['n', '0']] },
      served: 0,
      outcome: { response: { output: 'slept', success: true } },
    });
    expect(recording!.calls).to.deep.equal([
      {
        name: 'wasi:clocks/monotonic-clock#subscribeDuration',
        args: [{ $: 'integer', v: '1000000' }],
        returned: { $: 'resource', v: 1 },
      },
      { name: 'wasi:io/poll#Pollable.block', args: [{ $: 'resource', v: 1 }], returned: { $: 'none' } },
    ]);
    const [name] = readdirSync(folder);
    expect(name).to.match(/^[\dT.Z-]+-guest-r_0-\d+-1\.recording\.json$/);
    expect(statSync(join(folder, name!)).mode & 0o777).to.equal(0o600);
  });

  it('are those that fail, unless more are asked for', async () => {
    const inputs = ['Hello', 'panic it broke', 'exit 1'];
    const failures = await recorded(wasi(), inputs, {});
    expect(failures.map(({ request }) => request.input)).to.deep.equal(['panic it broke', 'exit 1']);
    const chosen = await recorded(wasi(), ['Hello'], { when: ({ request }) => request.input === 'Hello' });
    expect(chosen).to.have.length(3);
  });

  it('end as they did when they are played: answers, traps with their words, and exits', async () => {
    const inputs = ['Hello', 'sleep 1', 'print a line', 'panic it broke', 'complain', 'environment', 'exit 1'];
    const recordings = await recorded(wasi(), inputs);
    expect(recordings).to.have.length(inputs.length);
    for (const recording of recordings) {
      expect(await replayed(recording, wasi()), recording.request.input).to.deep.equal([]);
    }
    const [trap] = recordings.filter(({ request }) => request.input.startsWith('panic'));
    expect(trap!.outcome).to.have.nested.property(
      'error.message',
      'The plugin trapped: unreachable; it wrote: it broke',
    );
  });

  it('say what another component does otherwise', async () => {
    const [recording] = await recorded(wasi(), ['sleep 1']);
    const differences = await replayed(recording!, hostile());
    expect(differences[0]).to.match(/^was answer "slept"/);
    expect(differences.at(-1)).to.match(/^call 1 to the host was wasi:clocks.*, and is none$/);
  });

  it('have the calls of what was killed, up to its end', async () => {
    const limits = { cpuTimeLimitMs: 50, maxHostCalls: 1e9 };
    const [spin] = await recorded(hostile(), ['spin'], {}, limits);
    expect(spin!.outcome).to.have.nested.property('error.code', 'ERR_CPU_TIME_LIMIT');
    expect(spin!.served).to.equal(0);
    expect(await replayed(spin!, hostile())).to.deep.equal([]);
  });

  it('leave out what they are told to', async () => {
    const redact = (recording: Recording): Recording => ({
      ...recording,
      request: { ...recording.request, input: 'taken out' },
    });
    const [recording] = await recorded(wasi(), ['Hello'], { when: 'all', leaveOut: ['key'], redact });
    expect(recording).to.deep.include({ config: { key: '(left out)', name: 'Ada' }, leftOut: ['key'] });
    expect(recording!.request.input).to.equal('taken out');
    expect(readFileSync(join(folder, readdirSync(folder)[0]!), 'utf8')).not.to.contain('secret');
  });

  it('are kept within bounds, and what is lost is told once', async () => {
    const engine = await createEngine({ threads: 1 });
    const warnings = collect(engine, 'plugin:warning');
    const kept = collect(engine, 'plugin:recorded');
    const record = { directory: folder, when: 'all', maxFiles: 2, maxBytes: 4096 } as const;
    await engine.loadPlugin('guest', await wasi(), { record });
    await engine.process('guest', { input: `x${'-'.repeat(5000)}` });
    for (let request = 0; request < 5; request++) await engine.process('guest', { input: 'Hello' });
    await engine.close();
    expect(readdirSync(folder)).to.have.length(2);
    expect(kept.map(({ file }) => file).sort()).to.deep.equal(
      readdirSync(folder)
        .map((name) => join(folder, name))
        .sort(),
    );
    expect(warnings.map(({ message }) => message)).to.deep.equal([
      'a request and its answer have more than the 4096 bytes of `record.maxBytes`',
      `\`${folder}\` has as many recordings as \`record.maxFiles\` says: 2`,
    ]);
  });

  it('do no harm where a function of the embedder throws', async () => {
    const engine = await createEngine({ threads: 1 });
    const warnings = collect(engine, 'plugin:warning');
    const when = (): boolean => {
      throw new Error('not so');
    };
    await engine.loadPlugin('guest', await wasi(), { record: { directory: folder, when } });
    expect((await engine.process('guest', { input: 'Hello' })).output).to.equal('Hello');
    await engine.close();
    expect(warnings.map(({ message }) => message)).to.deep.equal([
      '`when` or `redact` of `record` failed: Error: not so',
    ]);
  });

  it('are not kept where `redact` gives something else, and what it writes into is a copy', async () => {
    const engine = await createEngine({ threads: 1 });
    const warnings = collect(engine, 'plugin:warning');
    const rubbish: unknown[] = [undefined, null, Promise.resolve(), {}];
    const redact = (recording: Recording): Recording => {
      if (rubbish.length > 0) return rubbish.shift() as Recording;
      const open = recording as never as { outcome: { response: { output: string } }; policy: object };
      open.outcome.response.output = 'taken out';
      Object.assign(open.policy, { maxMemoryBytes: 1 });
      return recording;
    };
    await engine.loadPlugin('guest', await wasi(), { record: { directory: folder, when: 'all', redact } });
    for (let request = 0; request < 5; request++) {
      expect((await engine.process('guest', { input: 'Hello' })).output).to.equal('Hello');
    }
    await engine.close();
    expect(warnings.map(({ message }) => message)).to.deep.equal([
      '`when` or `redact` of `record` failed: TypeError: `redact` has to return a recording',
    ]);
    const [name, ...others] = readdirSync(folder);
    expect(others).to.deep.equal([]);
    const { outcome, policy } = await readRecording(join(folder, name!));
    expect(outcome).to.have.nested.property('response.output', 'taken out');
    expect(policy.maxMemoryBytes).to.equal(1);
  });

  it('have nothing of what the instance does when it goes', async () => {
    const config = { initialize: 'sleep 1', shutdown: 'sleep 1' };
    const inputs = ['Hello', 'Hello', 'Hello'];
    for (const one of await recorded(wasi(), inputs, { when: 'all' }, { instances: 'fresh' }, config)) {
      expect(one.start).to.have.length(2);
      expect(one.calls).to.deep.equal([]);
      expect(await replayed(one, wasi())).to.deep.equal([]);
    }
  });

  it('have no calls where those cannot be seen, and change nothing there', async () => {
    const engine = await createEngine({ threads: 1, binding: 'glue' });
    await engine.loadPlugin('guest', await wasi(), { record: { directory: folder, when: 'all' } });
    expect((await engine.process('guest', { input: 'sleep 1' })).output).to.equal('slept');
    await engine.close();
    const recording = await readRecording(join(folder, readdirSync(folder)[0]!));
    expect(recording.calls).to.deep.equal([]);
    expect(recording.gap).to.contain("it runs on jco's glue, because");
    const other = await createEngine({ threads: 1, binding: 'glue' });
    const playing = await rejection(play(other, recording, await wasi(), {}));
    expect(playing.message).to.contain('cannot be played to this component');
  });

  it('do not hang where a request is refused before it is one', async () => {
    const [recording] = await recorded(wasi(), ['Hello']);
    const { request } = recording!;
    const changed = { ...recording!, request: { ...request, options: [['a', 1]] as never } };
    expect((await rejection(replayed(changed, wasi()))).code).to.equal('ERR_INVALID_ARGUMENT');
  });

  it('are refused where they cannot be made, and options that are none', async () => {
    const inline = await createEngine({ threads: 1 });
    const sandbox = { maxInstructions: 1e9 };
    const here = inline.loadPlugin('guest', await hostile(), {
      sandbox,
      placement: 'inline',
      record: { directory: folder },
    });
    expect((await rejection(here)).message).to.contain("this has `placement: 'inline'`");
    for (const record of [{}, { directory: '' }, { directory: folder, when: 'never' }, { directory: folder, max: 1 }]) {
      const loading = inline.loadPlugin('guest', await hostile(), { record: record as never });
      expect((await rejection(loading)).code).to.equal('ERR_INVALID_ARGUMENT');
    }
  });
});
