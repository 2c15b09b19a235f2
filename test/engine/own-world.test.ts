import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { PluginEngine } from '../../src/engine.ts';
import { PluginError } from '../../src/errors.ts';
import { dummy, plugin } from '../support/wat.ts';

/** Two files of one package, which use another one. */
const TYPES = `package acme:app@1.2.0;
interface types { variant payment { cash, card(string) } flags extras { gift, express } }`;
const WORLD = `package acme:app@1.2.0;
interface pricing {
  use types.{payment, extras};
  use acme:base/money@0.1.0.{price};
  quote: func(base: price, how: payment, and: extras) -> price;
}
interface store { get: func(key: string) -> option<string>; set: func(key: string, value: string); }
world plugin { import store; export pricing; }`;
const BASE = 'package acme:base@0.1.0; interface money { type price = f64; }';
const V2 = `package acme:app@2.0.0;
interface pricing { quote: func(base: f64) -> f64; }
world plugin { export pricing; }`;

/** What toolchains build for a world with these packages, in one document. */
const document = (world: string): string => `${world}
package acme:base@0.1.0 { interface money { type price = f64; } }`;
const V1 = document(`${TYPES}\n${WORLD.replace(/^package.*$/m, '')}`);

describe('a world of your own', () => {
  let engine: PluginEngine;
  let directory: string;
  let v1: string;
  let v2: string;

  before(async () => {
    engine = await PluginEngine.create({ threads: 1, cacheDirectory: false });
    directory = await mkdtemp(join(tmpdir(), 'own-world-'));
    v1 = join(directory, 'wit');
    await mkdir(join(v1, 'deps', 'base'), { recursive: true });
    await writeFile(join(v1, 'types.wit'), TYPES);
    await writeFile(join(v1, 'world.wit'), WORLD);
    await writeFile(join(v1, 'deps', 'base', 'money.wit'), BASE);
    v2 = join(directory, 'v2.wit');
    await writeFile(v2, V2);
  });
  after(async () => {
    await engine.close();
    await rm(directory, { recursive: true });
  });

  const refusal = async (loading: Promise<unknown>): Promise<PluginError> => {
    try {
      await loading;
    } catch (error) {
      expect(error).to.be.instanceOf(PluginError);
      return error as PluginError;
    }
    throw new Error('It was not refused');
  };
  const store = { 'acme:app/store@1.2.0': { get: () => undefined, set: () => undefined } };
  const built = (text: string): Promise<Uint8Array> => dummy('plugin', text);

  it('is held against a component when it is loaded', async () => {
    const info = await engine.loadPlugin('shop', await built(V1), {
      world: 'acme:app/plugin@1',
      wit: v1,
      imports: store,
    });
    expect(info).to.include({ world: 'none', ownWorld: 'acme:app/plugin@1.2.0' });
  });

  it('is implemented by a later version that is compatible, and by no other', async () => {
    const later = await built(V1.replaceAll('acme:app@1.2.0', 'acme:app@1.3.0'));
    const imports = { 'acme:app/store@1.3.0': store['acme:app/store@1.2.0'] };
    const info = await engine.loadPlugin('later', later, { world: 'acme:app/plugin', wit: pathToFileURL(v1), imports });
    expect(info.ownWorld).to.equal('acme:app/plugin@1.2.0');
    const error = await refusal(engine.loadPlugin('v2', await built(V2), { world: 'acme:app/plugin', wit: v1 }));
    expect(error.code).to.equal('ERR_INCOMPATIBLE_WIT');
    expect(error.message).to.equal(
      'The component does not fit acme:app/plugin@1.2.0: it does not export "acme:app/pricing@1.2.0"; it exports "acme:app/pricing@2.0.0"',
    );
  });

  it('says which type of which function is another one', async () => {
    const cases = [
      ['card(string)', 'card(u32)', 'quote: parameter how: case "card": expected string, got u32'],
      ['cash, card(string)', 'cash', 'quote: parameter how: expected case 2 to be "card", got none'],
      ['{ gift, express }', '{ gift, fast }', 'quote: parameter and: expected case 2 to be "express", got "fast"'],
      ['type price = f64', 'type price = f32', 'quote: parameter base: expected f64, got f32'],
    ];
    for (const [right, wrong, what] of cases) {
      const component = await built(V1.replace(right!, wrong!));
      const error = await refusal(
        engine.loadPlugin('wrong', component, { world: 'acme:app/plugin', wit: v1, imports: store }),
      );
      expect(error.code, what).to.equal('ERR_INCOMPATIBLE_WIT');
      expect(error.message)
        .to.include(`the export "acme:app/pricing@1.2.0" has other types: ${what}`)
        .and.match(/interface hashes: expected \w+, got \w+/);
    }
    const asking = await built(
      V1.replace('get: func(key: string) -> option<string>', 'get: func(key: u32) -> option<string>'),
    );
    const error = await refusal(
      engine.loadPlugin('asking', asking, { world: 'acme:app/plugin', wit: v1, imports: store }),
    );
    expect(error.message).to.include(
      'the import "acme:app/store@1.2.0" has other types: get: parameter key: expected string, got u32',
    );
  });

  it('may be one of several versions', async () => {
    const both = { world: ['acme:app/plugin@1', 'acme:app/plugin@2'], wit: [v1, v2] };
    const second = await engine.loadPlugin('second', await built(V2), both);
    expect(second.ownWorld).to.equal('acme:app/plugin@2.0.0');
    const first = await engine.loadPlugin('first', await built(V1), { ...both, imports: store });
    expect(first.ownWorld).to.equal('acme:app/plugin@1.2.0');
    const wrong = await built(V2.replace('base: f64', 'base: u32'));
    expect((await refusal(engine.loadPlugin('neither', wrong, both))).message).to.match(
      /^The component does not fit acme:app\/plugin@2\.0\.0, nor the 1 other world: .*quote: parameter base: expected f64/,
    );
  });

  it('has its functions called as any', async () => {
    const PRICING = 'acme:app/pricing@2.0.0';
    const doubling = `(module (func (export "${PRICING}#quote") (param f64) (result f64) (f64.add (local.get 0) (local.get 0))))`;
    await engine.loadPlugin('doubling', await plugin(doubling, 'plugin', V2), { world: 'acme:app/plugin', wit: v2 });
    expect(await engine.call('doubling', 'acme:app/pricing#quote', [1.5])).to.equal(3);
  });

  it('is refused where it is none, or its WIT is', async () => {
    const component = await built(V2);
    const load = (options: object): Promise<unknown> => engine.loadPlugin('bad', component, options);
    const broken = join(directory, 'broken.wit');
    await writeFile(broken, 'package a:b;\nworld plugin { import ; }');
    for (const [options, message] of [
      [{ world: 'acme:app/plugin' }, /Expected `wit` to be the path of the WIT/],
      [{ world: 'any', wit: v2 }, /Expected `wit` to be `undefined`/],
      [{ world: 'app', wit: v2 }, /Expected `world` to be/],
      [{ world: [], wit: v2 }, /Expected `world` to be/],
      [{ world: 'acme:app/plugin', wit: join(directory, 'nothing') }, /^The WIT cannot be read: /],
      [{ world: 'acme:app/plugin', wit: join(v1, 'deps') }, /the directory has no \.wit files/],
      [{ world: 'acme:other/plugin', wit: v2 }, /^The WIT has no package for the world "acme:other\/plugin"/],
      [{ world: 'acme:app/plugin@1', wit: v2 }, /^The WIT has no package for the world/],
      [{ world: 'acme:app/none', wit: v2 }, /^The WIT is not valid: /],
      [{ world: 'a:b/plugin', wit: broken }, /^The WIT is not valid: /],
    ] as const) {
      const error = await refusal(load(options));
      expect(error.code, String(message)).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).to.match(message);
    }
  });
});
