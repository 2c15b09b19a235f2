import { expect } from 'chai';
import type { PluginError } from '../../src/errors.ts';
import { type PluginDefinition, Refusal } from '../../src/guest/define-plugin.ts';
import { FakeHost, hostApi, type UnbuiltPlugin } from '../../src/testing/index.ts';

const PLUGIN = new URL('../../examples/plugins/csv-to-json/plugin.js', import.meta.url);
const BUILT = new URL('../../examples/plugins/csv-to-json/build/csv-to-json.wasm', import.meta.url);

const ABOUT = { name: 'mine', version: '1.2.3', description: '' };

async function failure(promise: Promise<unknown>): Promise<PluginError> {
  return promise.then(
    () => expect.fail('It did not fail'),
    (error) => error,
  );
}

/** What a plugin answers that does just this. */
async function ask(process: PluginDefinition['process'], input = 'x'): Promise<unknown> {
  const host = await FakeHost.define({ ...ABOUT, process });
  return host.process(input);
}

describe('A plugin that is not built', () => {
  it('answers, logs and refuses as its component does', async () => {
    const { pluginApi } = (await import(PLUGIN.href)) as { pluginApi: UnbuiltPlugin };
    const config = { delimiter: ';' };
    const hosts = [await FakeHost.define(pluginApi, { config }), await FakeHost.start(BUILT, { config })];
    const [unbuilt, built] = await Promise.all(
      hosts.map(async (host) => [
        await host.process('a;b\n1;2'),
        await host.process('a,b\n1,2', { delimiter: ',' }),
        await host.process('a,b\n1,2', { nonsense: '' }),
        await host.process('"open'),
        host.logs.map(({ version: _, ...log }) => log),
        await failure(host.process('\ud800')).then(({ code, message }) => [code, message]),
        await host.close(),
        await failure(host.process('')).then(({ code }) => code),
      ]),
    );
    expect(unbuilt).to.deep.equal(built);
    const refused = await Promise.all([
      failure(FakeHost.define(pluginApi, { config: { delimiter: 'no' } })),
      failure(FakeHost.start(BUILT, { config: { delimiter: 'no' } })),
    ]);
    expect(refused[0]).to.include({ code: 'ERR_INITIALIZE_FAILED', message: refused[1]!.message });
  });

  it('is what definePlugin is given, for each of its worlds', async () => {
    const request = ['sixteen', { a: 'b' }] as const;
    const worlds: UnbuiltPlugin[] = [
      { ...ABOUT, process: ({ input, options }) => `${input} ${options}` },
      { ...ABOUT, processBytes: (input, options) => new Uint8Array(Buffer.from(`${Buffer.from(input)} ${options}`)) },
      { ...ABOUT, processBatch: (requests) => requests.map(({ input, options }) => `${input} ${options}`) },
    ];
    for (const plugin of worlds) {
      const host = await FakeHost.define(plugin);
      expect(await host.process(...request)).to.deep.equal({ output: 'sixteen a,b', success: true });
    }
    const refuses = (): never => {
      throw new Refusal('no');
    };
    for (const plugin of [
      { ...ABOUT, process: refuses },
      { ...ABOUT, processBytes: refuses },
    ]) {
      const host = await FakeHost.define(plugin);
      expect(await host.process('')).to.deep.equal({ output: '', success: false, errorMessage: 'no' });
    }
  });

  it('begins anew after an error that is no refusal', async () => {
    const starts: string[] = [];
    const host = await FakeHost.define({
      ...ABOUT,
      initialize(config) {
        starts.push(`${config}`);
      },
      process({ input }) {
        if (input === '') throw new TypeError('a bug');
        return input;
      },
      shutdown: () => {
        throw new Error('too late');
      },
    });
    const error = await failure(host.process(''));
    expect(error).to.include({ code: 'ERR_TRAP', requestId: 'r-1', version: '1.2.3', began: true });
    expect(error.cause).to.be.instanceOf(TypeError);
    expect((await host.process('x')).output).to.equal('x');
    expect(starts).to.have.lengthOf(2);
    await host.close();
    expect(host.logs.map(({ level, message }) => [level, message])).to.deep.equal([
      ['warn', 'shutdown failed: too late'],
    ]);
  });

  it('has the budgets of a real one', async () => {
    const plugin: PluginDefinition = {
      ...ABOUT,
      process({ input }) {
        const [what, count] = input.split(' ');
        if (what === 'output') return 'x'.repeat(Number(count));
        try {
          for (let call = 0; call < Number(count); call++) hostApi.emitEvent('tick', `${call}`);
        } catch (error) {
          return `${error}`;
        }
        return 'ok';
      },
    };
    const sandbox = { maxHostCalls: 10, maxLogBytes: 200, maxOutputBytes: 20 };
    const host = await FakeHost.define(plugin, { sandbox });
    expect((await host.process('event 3')).output).to.equal('ok');
    expect(host.events.map(({ type, payload, requestId }) => [type, payload, requestId])).to.deep.equal([
      ['tick', '0', 'r-1'],
      ['tick', '1', 'r-1'],
      ['tick', '2', 'r-1'],
    ]);
    expect(await failure(host.process('output 21'))).to.include({ code: 'ERR_OUTPUT_LIMIT' });
    // It catches the error, as no component could.
    expect(await failure(host.process('event 11'))).to.include({ code: 'ERR_OUTPUT_LIMIT' });
    const quiet = await FakeHost.define(plugin, { sandbox: { maxHostCalls: 10 } });
    expect(await failure(quiet.process('event 11'))).to.include({ code: 'ERR_HOST_CALL_LIMIT' });
  });

  it('is told what of its answer does not fit the contract', async () => {
    const wrong: [unknown, RegExp][] = [
      [Promise.resolve('late'), /a string or an object, and it gave a promise/],
      [undefined, /a string or an object, and it gave undefined/],
      [{ output: 1, success: true }, /`output` is a string, and it gave number/],
      [{ output: '' }, /`success` is a boolean, and it gave undefined/],
      [{ output: '', success: false, errorMessage: null }, /`errorMessage` is a string or undefined, and it gave null/],
    ];
    for (const [answer, message] of wrong) {
      const error = await failure(ask(() => answer as string));
      expect(error).to.include({ code: 'ERR_TRAP' });
      expect(error.message).to.match(message);
    }
    expect(await ask(() => '\ud800')).to.deep.equal({ output: '\ufffd', success: true });
  });

  it('finds its host only while it runs', () => {
    expect(() => hostApi.getConfig('a')).to.throw('call it from `initialize`, `process` or `shutdown`');
  });
});
