import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import {
  type AnsweringEngine,
  FakeHost,
  recordAnswers,
  replayAnswers,
  updateAnswers,
} from '../../src/testing/index.ts';
import { fromPlain, toPlain } from '../../src/testing/plain.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { geometry } from '../support/geometry.ts';
import { thrown } from '../support/outcome.ts';

const REDACT = fileURLToPath(new URL('../../examples/plugins/redact/redact.wasm', import.meta.url));

describe('wasm-plugin-pool/testing', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-'));
  });
  after(async () => {
    await closeEngines();
    await rm(folder, { recursive: true, force: true });
  });

  it('records what a real engine answers, and replays it without one', async () => {
    const path = join(folder, 'answers.json');
    const engine = await createEngine();
    await engine.loadPlugin('redact', REDACT);
    const recorder = recordAnswers(engine, path);
    const request = { input: 'mail ada@example.org', options: { only: 'email' } };
    const answer = await recorder.process('redact', request);
    const failure = await recorder.process('nobody', { input: '' }).catch((error: unknown) => error);
    await recorder.close();
    expect(JSON.parse(await readFile(path, 'utf8')).answers).to.have.lengthOf(2);

    const replay = await replayAnswers(path);
    expect(await replay.process('redact', request)).to.deep.equal(answer);
    expect(await replay.process('redact', { ...request, options: [['only', 'email']] })).to.deep.equal(answer);
    const again = await replay.process('nobody', { input: '' }).catch((error: unknown) => error);
    expect(again).to.include({ code: 'ERR_PLUGIN_NOT_FOUND', message: (failure as Error).message });
    await replay.close();
    expect(await replay.process('redact', request).catch((error) => error.code)).to.equal('ERR_ENGINE_CLOSED');
  });

  it('records calls and batches, and replays them', async () => {
    const path = join(folder, 'calls.json');
    const engine = await createEngine();
    await engine.loadPlugin('redact', REDACT);
    await engine.loadPlugin('geometry', await geometry(), { world: 'any' });
    const shapes = 'local:geometry/shapes#move';
    const point = { x: 1, y: 2, label: 'a' };
    const ask = async (one: AnsweringEngine): Promise<unknown[]> => {
      const called = await one.call('geometry', 'version', []);
      const moved = await one.call('geometry', shapes, [point, 3]);
      const failed = await one.call('geometry', shapes, [point]).catch(({ code }) => code);
      const results = [];
      const records = [
        { id: '1', input: 'a@b.cd' },
        { input: '', plugin: 'nobody' },
      ];
      for await (const result of one.batch(records, { plugin: 'redact', ordered: true })) {
        results.push(result.ok ? [result.id, result.output] : [result.index, result.error.code]);
      }
      return [called, moved, failed, results];
    };
    const recorder = recordAnswers(engine, path);
    const answered = await ask(recorder);
    expect(answered.slice(2)).to.deep.equal([
      'ERR_INVALID_ARGUMENT',
      [
        ['1', '*@*.**'],
        [1, 'ERR_PLUGIN_NOT_FOUND'],
      ],
    ]);
    await recorder.close();
    expect(await ask(await replayAnswers(path))).to.deep.equal(answered);
    const other = await replayAnswers(path);
    const error = await other.call('geometry', shapes, [point, 4]).catch((error: unknown) => error);
    expect((error as Error).message).to.match(/to the call of `local:geometry\/shapes#move` with `\[.*4\]`$/);
  });

  it('has a real engine answer only what is missing from a recording', async () => {
    const path = join(folder, 'updated.json');
    let opened = 0;
    const open = async (): Promise<PluginEngine> => {
      opened++;
      const engine = await createEngine();
      await engine.loadPlugin('redact', REDACT);
      return engine;
    };
    const ask = async (inputs: readonly string[]): Promise<void> => {
      const engine = await updateAnswers(path, open);
      for (const input of inputs) expect((await engine.process('redact', { input })).output).to.equal('*@*.**');
      await engine.close();
    };
    await ask(['a@b.cd', 'b@c.de']);
    expect(opened).to.equal(1);
    const before = await readFile(path, 'utf8');
    await ask(['b@c.de', 'a@b.cd']);
    expect([opened, await readFile(path, 'utf8')]).to.deep.equal([1, before]);
    await ask(['a@b.cd', 'c@d.ef']);
    expect(opened).to.equal(2);
    expect(JSON.parse(await readFile(path, 'utf8')).answers).to.have.lengthOf(3);
  });

  it('keeps values of calls as they were, in JSON', () => {
    const values = [
      undefined,
      null,
      [1n, -0, Number.NaN, Number.POSITIVE_INFINITY, 'text', true],
      { tag: 'ok', val: new Uint8Array([1, 2, 255]) },
      new BigInt64Array([1n, -1n]),
      new Float32Array([0.5, Number.NaN]),
    ];
    for (const value of values) expect(fromPlain(JSON.parse(JSON.stringify(toPlain(value))))).to.deep.equal(value);
    for (const value of [() => 1, new (class Resource {})(), new Map()]) {
      expect(thrown(() => toPlain([value]))).to.include({ code: 'ERR_INVALID_ARGUMENT' });
    }
  });

  it('says what was not recorded', async () => {
    const path = join(folder, 'empty.json');
    await writeFile(path, '{"format": 1, "answers": []}');
    const replay = await replayAnswers(path);
    const error = await replay.process('redact', { input: 'a\nb' }).catch((error: unknown) => error);
    expect(error).to.include({ code: 'ERR_INVALID_ARGUMENT' });
    expect((error as Error).message).to.match(/^The recording `.*empty\.json` has no answer of `redact` to the input /);
    expect(error)
      .to.have.property('hint')
      .that.matches(/recordAnswers/);
  });

  it('replays answers that differ in their order, and then the last', async () => {
    const path = join(folder, 'two.json');
    const answers = ['1', '2'].map((output) => ({ response: { output, success: true } }));
    const entry = { plugin: 'p', input: 'x', options: [], answers };
    await writeFile(path, JSON.stringify({ format: 1, answers: [entry] }));
    const replay = await replayAnswers(path);
    const outputs: string[] = [];
    for (let i = 0; i < 3; i++) outputs.push((await replay.process('p', { input: 'x' })).output);
    expect(outputs).to.deep.equal(['1', '2', '2']);
  });

  it('refuses what is no recording', async () => {
    for (const text of ['{', '[]', '{"format": 2, "answers": []}', '{"format": 1, "answers": [{"plugin": "p"}]}']) {
      const path = join(folder, 'broken.json');
      await writeFile(path, text);
      const error = await replayAnswers(path).catch((error: unknown) => error);
      expect(error, text).to.include({ code: 'ERR_INVALID_ARGUMENT' });
    }
  });

  it('hosts one plugin and keeps what it says', async () => {
    const host = await FakeHost.start(REDACT, { config: { mask: '#' } });
    expect(await host.process('mail ada@example.org')).to.include({ output: 'mail ###@#######.###', success: true });
    await host.close();
    expect(host.logs.map(({ message }) => message).join('\n')).to.include('masks with #');
  });

  it('leaves no thread behind when the plugin does not come up', async () => {
    const error = await FakeHost.start(new Uint8Array([0])).catch((error: unknown) => error);
    expect(error)
      .to.have.property('code')
      .that.matches(/^ERR_(NOT_A|INVALID)_COMPONENT$/);
  });
});
