import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type EmbedderImports, type PluginEngine, PluginError } from '../../src/index.ts';
import { shopComponent } from '../host/imports/shop-component.ts';
import { BINDING, closeEngines, createEngine } from '../support/engine.ts';

const fixture = (name: string): URL => new URL(`../host/imports/fixtures/${name}.ts`, import.meta.url);
const SHOP: EmbedderImports = { 'acme:shop/api@1.0.0': fixture('shop') };

describe('functions that the embedder supplies in a module', () => {
  let engine: PluginEngine;
  before(async function () {
    if (BINDING === 'glue') this.skip();
    engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('shop', await shopComponent(), { world: 'any', imports: SHOP, config: { greeting: 'hi' } });
  });
  after(closeEngines);

  const call = (path: string, ...args: unknown[]): Promise<unknown> => engine.call('shop', path, args);
  const failure = async (doing: Promise<unknown>): Promise<PluginError> =>
    doing.then(
      () => expect.fail('it did not fail'),
      (error: unknown) => error as PluginError,
    );

  it('take and return numbers and strings', async () => {
    expect(await call('twice', 21)).to.equal(42);
    expect(await call('greet', 'Ada')).to.equal('hi Ada from shop');
  });

  it('return the ok of a result, and throw its err', async () => {
    expect(await call('half', 8)).to.deep.equal({ tag: 'ok', val: 4 });
    expect(await call('half', 7)).to.deep.equal({ tag: 'err', val: '7 is odd' });
  });

  it('are constructors, methods and static functions of classes, which are disposed of when they are dropped', async () => {
    expect(await call('count', 40)).to.equal(1042);
    expect(await call('count', 40)).to.equal(1042);
  });

  const misfits: [what: string, kind: number, message: string, cause: string | undefined][] = [
    ['throws', 0, 'threw', 'secret of the host'],
    ['returns another type', 1, 'returned what does not fit its type: expected a u32, got a string', 'Expected'],
    [
      'returns what its type does not hold',
      4,
      'returned what does not fit its type: expected a u32, got 4294967296',
      'Expected',
    ],
    ['returns a promise', 2, 'returned a promise', undefined],
    ['throws an err that its type does not have', 3, 'threw', undefined],
  ];
  for (const [what, kind, message, cause] of misfits) {
    it(`that ${what} fail the request with ERR_HOST_FUNCTION, and the instance goes`, async () => {
      const error = await failure(call('misfit', kind));
      expect(error).to.be.instanceOf(PluginError);
      expect(error.code).to.equal('ERR_HOST_FUNCTION');
      expect(error.message).to.equal(`The host function "misfit" of "acme:shop/api@1.0.0" ${message}`);
      if (cause !== undefined) expect(String(error.cause)).to.include(cause);
      expect(error.began).to.equal(true);
      expect(await call('twice', 4)).to.equal(8);
    });
  }

  it('count as host calls', async () => {
    await engine.loadPlugin('bounded', await shopComponent(), {
      world: 'any',
      imports: SHOP,
      sandbox: { maxHostCalls: 100 },
    });
    expect(await engine.call('bounded', 'many', [100])).to.equal(0);
    expect((await failure(engine.call('bounded', 'many', [101]))).code).to.equal('ERR_HOST_CALL_LIMIT');
  });

  it('pass no more bytes in one call than the policy allows, one way and the other', async () => {
    await engine.loadPlugin('narrow', await shopComponent(), {
      world: 'any',
      imports: SHOP,
      sandbox: { maxHostCallBytes: 1000 },
    });
    const greet = (name: string): Promise<unknown> => engine.call('narrow', 'greet', [name]);
    expect(await greet('A'.repeat(400))).to.have.length(400 + 'hello  from narrow'.length);
    for (const length of [500, 1001]) {
      const error = await failure(greet('A'.repeat(length)));
      expect([error.code, error.limit]).to.deep.equal([
        'ERR_HOST_CALL_LIMIT',
        { name: 'maxHostCallBytes', value: 1000 },
      ]);
    }
    // The budget is of one call.
    expect(await greet('Ada')).to.equal('hello Ada from narrow');
  });

  it('end with the CPU time of the call that they are in', async () => {
    await engine.loadPlugin('spinning', await shopComponent(), {
      world: 'any',
      imports: SHOP,
      sandbox: { cpuTimeLimitMs: 50, maxHostCalls: Number.MAX_SAFE_INTEGER },
    });
    expect((await failure(engine.call('spinning', 'many', [0]))).code).to.equal('ERR_CPU_TIME_LIMIT');
  });

  it('may be given as a path, and as named exports of their module', async () => {
    const imports = { 'acme:shop/api': fileURLToPath(fixture('shop')) };
    await engine.loadPlugin('by-path', await shopComponent(), { world: 'any', imports });
    expect(await engine.call('by-path', 'twice', [3])).to.equal(6);
  });

  const offers: [asked: string, offered: string, links: boolean][] = [
    ['@1.0.0', 'acme:shop/api@1.2.3', true],
    ['@1.2.0', 'acme:shop/api@1.1.9', false],
    ['@1.0.0', 'acme:shop/api@2.0.0', false],
    ['@0.2.1', 'acme:shop/api@0.2.7', true],
    ['@0.2.1', 'acme:shop/api@0.3.0', false],
    ['@1.0.0', 'acme:shop/api', true],
    ['@1.0.0-rc.1', 'acme:shop/api@1.0.0', false],
    ['@1.0.0', 'acme:shop/apis@1.0.0', false],
  ];
  for (const [asked, offered, links] of offers) {
    it(`in ${offered} ${links ? 'meet' : 'do not meet'} a need for ${asked}`, async () => {
      const loading = engine.loadPlugin(`${asked} ${offered}`, await shopComponent(asked), {
        world: 'any',
        imports: { [offered]: fixture('shop') },
      });
      if (links) await loading;
      else expect((await failure(loading)).code).to.equal('ERR_UNKNOWN_IMPORT');
    });
  }

  const unusable: [what: string, imports: EmbedderImports, code: string, message: string][] = [
    ['a module that is not there', { 'acme:shop/api': fixture('absent') }, 'ERR_HOST_FUNCTION', 'cannot be loaded'],
    ['a module that waits', { 'acme:shop/api': fixture('waits') }, 'ERR_HOST_FUNCTION', 'cannot be loaded'],
    ['a module that lacks a function', { 'acme:shop/api': fixture('named') }, 'ERR_UNKNOWN_IMPORT', 'lacks'],
    ['nothing', {}, 'ERR_UNKNOWN_IMPORT', '"acme:shop/api@1.0.0", which the host does not offer'],
    [
      'what is no file',
      { 'acme:shop/api': new URL('https://example.org/kv.js') },
      'ERR_INVALID_ARGUMENT',
      'a `file:` URL or a path',
    ],
    ['no module at all', { 'acme:shop/api': 7 as unknown as string }, 'ERR_INVALID_ARGUMENT', 'imports[acme:shop/api]'],
    ['no object', [] as unknown as EmbedderImports, 'ERR_INVALID_ARGUMENT', 'an object with functions or a module'],
  ];
  for (const [what, imports, code, message] of unusable) {
    it(`are refused at load with ${code} when they are ${what}`, async () => {
      const error = await failure(engine.loadPlugin('unusable', await shopComponent(), { world: 'any', imports }));
      expect(error.code).to.equal(code);
      expect(error.message).to.include(message);
      expect(error.hint).to.be.a('string');
      expect(engine.getPlugin('unusable')).to.equal(undefined);
    });
  }

  it('run in a process of its own too, which cannot call functions of the main thread', async () => {
    const isolated = await createEngine({ threads: 1, isolation: 'process' });
    await isolated.loadPlugin('shop', await shopComponent(), { world: 'any', imports: SHOP });
    expect(await isolated.call('shop', 'twice', [21])).to.equal(42);
    const functions = { 'acme:shop/api': { twice: (x: number) => x } };
    const error = await failure(
      isolated.loadPlugin('poor', await shopComponent('@1.0.0', 'numbers'), { world: 'any', imports: functions }),
    );
    expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
    expect(error.hint).to.include('module');
  });

  for (const version of ['', '@1.0.0']) {
    it(`are not for what runs on jco's glue, where nothing would count them: acme:shop/api${version}`, async () => {
      const glued = await createEngine({ threads: 1, binding: 'glue' });
      const imports: EmbedderImports = { [`acme:shop/api${version}`]: fixture('shop') };
      const bytes = await shopComponent(version, 'numbers');
      const error = await failure(glued.loadPlugin('glued', bytes, { world: 'any', imports }));
      expect(error.code).to.equal('ERR_UNKNOWN_IMPORT');
      expect(error.message).to.include("which cannot be supplied to it: it runs on jco's glue, because");
    });
  }

  it('are a grant: another plugin of the same bytes gets nothing', async () => {
    const error = await failure(engine.loadPlugin('poor', await shopComponent(), { world: 'any' }));
    expect(error.code).to.equal('ERR_UNKNOWN_IMPORT');
    expect(error.hint).to.include('`imports`');
  });
});
