import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { FakeHost, recordAnswers, replayAnswers } from '../../src/testing/index.ts';
import { closeEngines, createEngine } from '../support/engine.ts';

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
