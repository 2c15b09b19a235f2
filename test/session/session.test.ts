import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { PluginEngine } from '../../src/engine.ts';
import type { PluginError } from '../../src/errors.ts';
import type { PluginSession } from '../../src/session/plugin-session.ts';
import { rejection } from '../support/outcome.ts';
import { CARTS, type Carts, cartsComponent } from './carts.ts';

/** Until something is so, which an event is about to make it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

describe('a session', () => {
  let component: Uint8Array;
  let engine: PluginEngine;
  const opened: PluginSession[] = [];

  const open = async (name = 'shop', options = {}): Promise<PluginSession> => {
    const session = await engine.session(name, options);
    opened.push(session);
    return session;
  };
  const carts = (session: PluginSession) => session.exports<Carts>()[CARTS];

  before(async () => {
    component = await cartsComponent();
    engine = await PluginEngine.create({ threads: 1, cacheDirectory: false });
    await engine.loadPlugin('shop', component, { world: 'any', sandbox: { cpuTimeLimitMs: 100 } });
    await engine.loadPlugin('other', component, { world: 'any', sandbox: { cpuTimeLimitMs: 100 } });
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((session) => session.close()));
    expect(engine.status().sessions).to.equal(0);
  });

  after(() => engine.close());

  describe('uses resources', () => {
    it('with their constructors, methods and statics, lent and passed on', async () => {
      const session = await open();
      const { Cart, sum, alive } = carts(session);
      const [one, two] = [await new Cart(10), await new Cart(5)];
      expect(await one.add(4)).to.deep.equal({ tag: 'ok', val: 4 });
      expect(await one.add(7)).to.deep.equal({ tag: 'err', val: 'over the limit' });
      expect(await two.add(3, { deadlineMs: 60_000 })).to.deep.equal({ tag: 'ok', val: 3 });
      expect(await sum([one, two, one])).to.equal(11);
      const merged = await Cart.merge(one, two);
      expect(await merged.total()).to.equal(7);
      expect([await alive(), session.resources]).to.deep.equal([1, 1]);
    });

    it('by paths, as `inspect` shows them', async () => {
      const session = await open();
      const cart = await session.call('acme:app/carts#[constructor]cart', [10]);
      await session.call('acme:app/carts@1#[method]cart.add', [cart, 2]);
      const merged = await session.call(`${CARTS}#[static]cart.merge`, [
        cart,
        await session.call(`${CARTS}#[constructor]cart`, [1]),
      ]);
      expect(await session.call(`${CARTS}#[method]cart.total`, [merged])).to.equal(2);
      const missing = await rejection(session.call(`${CARTS}#[method]cart.empty`, [merged]));
      expect(missing).to.include({ code: 'ERR_INVALID_ARGUMENT', plugin: 'shop' });
    });

    it('in lists and in what is an error, and drops them', async () => {
      const session = await open();
      const { some, half, alive } = carts(session);
      const [first, second, third] = await some(3);
      await first![Symbol.asyncDispose]();
      await session.drop(second!);
      expect(await alive()).to.equal(1);
      await third!.add(1);
      const odd = await half(third!);
      expect(odd.tag).to.equal('err');
      expect(await odd.val.total()).to.equal(1);
      odd.val[Symbol.dispose]();
      expect([await alive(), session.resources]).to.deep.equal([0, 0]);
    });

    it('of its own: what another has made, it does not know', async () => {
      const [one, two] = [await open(), await open()];
      const cart = await new (carts(one).Cart)(10);
      expect(await carts(two).alive()).to.equal(0);
      const error = await rejection(carts(two).sum([cart]));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).to.match(/another session/);
      expect(await carts(two).alive()).to.equal(0);
      expect(await cart.total()).to.equal(0);
    });

    it('and keeps one instance where a policy gives each request one', async () => {
      await engine.loadPlugin('fresh', component, { world: 'any', sandbox: { instances: 'fresh' } });
      const { Cart, alive } = carts(await open('fresh'));
      await new Cart(1);
      await new Cart(1);
      expect(await alive()).to.equal(2);
    });

    it('looks like what the component exports', async () => {
      const exports = (await open()).exports<Carts>();
      expect(Object.keys(exports)).to.deep.equal([CARTS]);
      expect(exports).to.have.property(CARTS);
      const cart = await new exports[CARTS].Cart(1);
      expect(Object.prototype.toString.call(cart)).to.equal('[object Cart]');
      expect(Object.keys(cart)).to.deep.equal([]);
    });
  });

  describe('refuses, before the plugin sees it,', () => {
    const forgeries: [string, (cart: object) => unknown][] = [
      ['an object', () => ({})],
      ['a number', () => 1],
      ['what looks like a resource', () => ({ number: 1 })],
      ['an object with the methods of one', (cart) => Object.create(Object.getPrototypeOf(cart) as object)],
      ['a copy', (cart) => structuredClone(cart)],
    ];
    for (const [what, forge] of forgeries) {
      it(`${what} in the place of a resource`, async () => {
        const session = await open();
        const cart = await new (carts(session).Cart)(10);
        const error = await rejection(session.call(`${CARTS}#[method]cart.total`, [forge(cart)]));
        expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
        expect(error.message).to.match(/args\[0\]: expected a resource of this session/);
        expect(await cart.total()).to.equal(0);
      });
    }

    it('a resource of another type, and one twice where it is passed on', async () => {
      const session = await open();
      const { Cart, alive } = carts(session);
      const token = await session.call(`${CARTS}#issue`, []);
      const type = await rejection(session.call(`${CARTS}#[method]cart.total`, [token]));
      expect(type.message).to.match(/args\[0\]: expected a resource of another type/);
      const cart = await new Cart(10);
      expect((await rejection(Cart.merge(cart, cart))).message).to.match(/args\[1\]: /);
      expect((await rejection(carts(session).two(cart, cart))).message).to.match(/args\[1\]: /);
      expect([await alive(), session.state]).to.deep.equal([1, 'open']);
    });

    it('one that was dropped, or passed on, also by a call that runs', async () => {
      const session = await open();
      const { Cart, half, alive } = carts(session);
      const [cart, gone] = [await new Cart(10), await new Cart(10)];
      await gone[Symbol.asyncDispose]();
      expect((await rejection(gone.total())).message).to.match(/dropped or passed on/);
      expect((await rejection(session.drop(gone))).message).to.match(/dropped or passed on/);
      const [kept, refused] = await Promise.all([half(cart), rejection(half(cart))]);
      expect(refused.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(await kept.val.total()).to.equal(0);
      expect((await rejection(cart.total())).message).to.match(/dropped or passed on/);
      expect([await alive(), session.state]).to.deep.equal([1, 'open']);
    });

    it('arguments of other types', async () => {
      const session = await open();
      const cart = await new (carts(session).Cart)(10);
      for (const args of [[cart], [cart, 'two'], [cart, 1, 2], [cart, -1]]) {
        expect(await rejection(session.call(`${CARTS}#[method]cart.add`, args))).to.include({
          code: 'ERR_INVALID_ARGUMENT',
        });
      }
      const circle: unknown[] = [];
      circle.push(circle);
      expect((await rejection(session.call(`${CARTS}#sum`, [circle]))).code).to.equal('ERR_INVALID_ARGUMENT');
      expect((await rejection(session.call(`${CARTS}#alive`, [], { version: '1' } as object))).code).to.equal(
        'ERR_INVALID_ARGUMENT',
      );
      expect(await cart.total()).to.equal(0);
    });
  });

  describe('ends', () => {
    it('with its instance when a method traps, and says so from then on', async () => {
      const session = await open();
      const cart = await new (carts(session).Cart)(10);
      expect((await rejection(cart.trap())).code).to.equal('ERR_TRAP');
      expect(session.state).to.equal('ended');
      const error = await rejection(cart.total());
      expect(error).to.include({ code: 'ERR_SESSION_ENDED', plugin: 'shop' });
      expect(error.message).to.match(/failed with ERR_TRAP, and its instance is gone/);
      expect(error.cause).to.include({ code: 'ERR_TRAP' });
      await until(() => engine.status().sessions === 0);
    });

    it('for calls that were queued behind the one that trapped', async () => {
      const session = await open();
      const cart = await new (carts(session).Cart)(10);
      const calls = await Promise.all([rejection(cart.trap()), rejection(cart.total()), rejection(cart.total())]);
      expect(calls.map(({ code }) => code)).to.deep.equal(['ERR_TRAP', 'ERR_SESSION_ENDED', 'ERR_SESSION_ENDED']);
    });

    it('when a destructor traps', async () => {
      const session = await open();
      const bomb = await carts(session).bomb();
      expect((await rejection(bomb[Symbol.asyncDispose]())).code).to.equal('ERR_TRAP');
      expect((await rejection(carts(session).alive())).code).to.equal('ERR_SESSION_ENDED');
    });

    it('when a destructor traps that nobody waits for', async () => {
      const session = await open();
      (await carts(session).bomb())[Symbol.dispose]();
      await until(() => session.state === 'ended');
    });

    it('when a method is killed, with the others on its thread and no others', async () => {
      const [killed, beside, apart] = [await open(), await open(), await open('other')];
      const cart = await new (carts(killed).Cart)(10);
      expect((await rejection(cart.spin())).code).to.equal('ERR_CPU_TIME_LIMIT');
      expect(killed.state).to.equal('ended');
      const error = await rejection(carts(beside).alive());
      expect(error.code).to.equal('ERR_SESSION_ENDED');
      expect(error.message).to.match(/thread of the session was ended/);
      expect(await carts(apart).alive()).to.equal(0);
      expect(await engine.call('shop', `${CARTS}#alive`, [])).to.equal(0);
    });

    it('with the deadline of a call that runs, and not with that of one that has not begun', async () => {
      const session = await open();
      const cart = await new (carts(session).Cart)(10);
      expect((await rejection(cart.total({ signal: AbortSignal.abort() }))).code).to.equal('ERR_ABORTED');
      expect(await cart.total()).to.equal(0);
      const { code, began } = await rejection(cart.spin({ deadlineMs: 20 }));
      expect(code).to.be.oneOf(['ERR_DEADLINE', 'ERR_CPU_TIME_LIMIT']);
      // Where no thread came to it in time, nothing has happened.
      expect(session.state).to.equal(began === true ? 'ended' : 'open');
    });

    it('after a while in which nobody calls, and after its time', async () => {
      const idle = await open('shop', { idleMs: 1 });
      await until(() => idle.state === 'ended');
      expect((await rejection(carts(idle).alive())).message).to.match(/nobody called for 1 ms/);
      const old = await open('shop', { maxMs: 1 });
      await until(() => old.state === 'ended');
      expect((await rejection(carts(old).alive())).message).to.match(/it was open for 1 ms/);
    });

    it('when it is closed, after the calls that run', async () => {
      const session = await open();
      const { Cart, alive } = carts(session);
      const cart = new Cart(10);
      const closed = session.close();
      expect(await rejection(alive())).to.include({ code: 'ERR_SESSION_ENDED', message: 'The session is closed' });
      expect(session.state).to.equal('ended');
      expect(Object.prototype.toString.call(await cart)).to.equal('[object Cart]');
      await closed;
      await session[Symbol.asyncDispose]();
    });

    it('when its plugin is unloaded or loses a grant, and not when it is replaced', async () => {
      const sandbox = { allowFsRead: [] };
      await engine.loadPlugin('left', component, { world: 'any', version: '1', sandbox });
      const session = await open('left');
      await new (carts(session).Cart)(10);
      await engine.reloadPlugin('left', component, { world: 'any', version: '2', sandbox });
      expect([await carts(session).alive(), session.version]).to.deep.equal([1, '1']);
      const newer = await open('left');
      expect([await carts(newer).alive(), newer.version]).to.deep.equal([0, '2']);
      await engine.unloadPlugin('left');
      expect(engine.status().sessions).to.equal(0);
      for (const one of [session, newer])
        expect((await rejection(carts(one).alive())).message).to.match(/its plugin is unloaded/);
      await engine.loadPlugin('left', component, { world: 'any' });
      await engine.capabilities.grant('left', 'env');
      const granted = await open('left');
      await engine.capabilities.revoke('left', 'env');
      expect((await rejection(carts(granted).alive())).message).to.match(/a grant of its plugin was taken back/);
    });
  });

  describe('leaves room for others:', () => {
    it('no more are open than may be, all together and of one plugin', async () => {
      const small = await PluginEngine.create({
        threads: 1,
        cacheDirectory: false,
        maxSessions: 2,
        maxSessionsPerPlugin: 1,
      });
      await small.loadPlugin('a', component, { world: 'any' });
      await small.loadPlugin('b', component, { world: 'any' });
      await small.loadPlugin('c', component, { world: 'any' });
      const first = await small.session('a');
      const own = await rejection(small.session('a'));
      expect(own).to.deep.include({ code: 'ERR_SESSION_LIMIT', limit: { name: 'maxSessionsPerPlugin', value: 1 } });
      await small.session('b');
      const all = await rejection(small.session('c'));
      expect(all).to.deep.include({ code: 'ERR_SESSION_LIMIT', limit: { name: 'maxSessions', value: 2 } });
      await first.close();
      await small.session('c');
      expect(small.metrics.snapshot().sessions).to.deep.equal({ b: 1, c: 1 });
      expect(await small.metrics.prometheus()).to.include('wasm_plugin_pool_sessions{plugin="c"} 1');
      await small.close();
    });

    it('a flood of them is bounded, and what is refused leaves nothing behind', async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => open()));
      const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : []));
      expect(new Set(codes)).to.deep.equal(new Set(['ERR_SESSION_LIMIT']));
      expect(codes).to.have.length(84);
      expect(await engine.call('other', `${CARTS}#alive`, [])).to.equal(0);
    });

    it('they take no more threads than leave some to everybody', async () => {
      const tight = await PluginEngine.create({ threads: 1, maxThreads: 3, cacheDirectory: false });
      await tight.loadPlugin('a', component, { world: 'any' });
      await tight.loadPlugin('b', component, { world: 'any' });
      const first = await tight.session('a');
      const second = await tight.session('a');
      const refused = await rejection(tight.session('b'));
      expect(refused.code).to.equal('ERR_SESSION_LIMIT');
      expect(refused.message).to.match(/have all threads for sessions/);
      expect(await tight.call('b', `${CARTS}#alive`, [])).to.equal(0);
      expect(await tight.call('a', `${CARTS}#alive`, [])).to.equal(0);
      await Promise.all([first.close(), second.close()]);
      const next = await tight.session('b');
      expect(await carts(next).alive()).to.equal(0);
      await tight.close();
    });

    it('there are none where all threads are for requests', async () => {
      const least = await PluginEngine.create({ threads: 1, maxThreads: 2, cacheDirectory: false });
      await least.loadPlugin('a', component, { world: 'any' });
      const refused = await rejection(least.session('a'));
      expect(refused).to.include({ code: 'ERR_SESSION_LIMIT', message: '`maxThreads` leaves no thread for sessions' });
      expect(await least.call('a', `${CARTS}#alive`, [])).to.equal(0);
      await least.close();
    });

    it('their instances take no more than half of the memory', async () => {
      const half = await PluginEngine.create({
        threads: 1,
        cacheDirectory: false,
        maxTotalMemoryBytes: 8 * 1024 * 1024,
      });
      await half.loadPlugin('a', component, { world: 'any', sandbox: { maxMemoryBytes: 2 * 1024 * 1024 } });
      await Promise.all([half.session('a'), half.session('a')]);
      const refused = await rejection(half.session('a'));
      expect(refused.code).to.equal('ERR_SESSION_LIMIT');
      expect(refused.limit?.name).to.equal('maxTotalMemoryBytes');
      expect(await half.call('a', `${CARTS}#alive`, [])).to.equal(0);
      await half.close();
    });

    it('a method that does not return holds up no other plugin', async () => {
      const session = await open();
      const cart = await new (carts(session).Cart)(10);
      const spinning = rejection(cart.spin());
      let done = false;
      void spinning.then(() => {
        done = true;
      });
      expect(await carts(await open('other')).alive()).to.equal(0);
      await spinning;
      expect(done).to.equal(true);
    });

    it('one resource too many ends the session, and not the engine', async function () {
      this.timeout(60_000);
      await engine.loadPlugin('many', component, { world: 'any' });
      const session = await open('many');
      const { some } = carts(session);
      await some(40_000);
      expect((await rejection(some(40_000))).code).to.equal('ERR_SESSION_LIMIT');
      expect(session.state).to.equal('ended');
    });
  });

  describe('is closed with its engine', () => {
    for (const force of [false, true]) {
      it(`also where it was left open${force ? ' and the close is by force' : ''}`, async () => {
        const closing = await PluginEngine.create({ threads: 1, cacheDirectory: false });
        await closing.loadPlugin('shop', component, { world: 'any' });
        const session = await closing.session('shop');
        const cart = await new (carts(session).Cart)(10);
        await closing.close({ force });
        expect(session.state).to.equal('ended');
        expect((await rejection(cart.total())).code).to.equal('ERR_SESSION_ENDED');
        expect((await rejection(closing.session('shop'))).code).to.equal('ERR_ENGINE_CLOSED');
      });
    }

    it('while it is opened', async () => {
      const closing = await PluginEngine.create({ threads: 1, cacheDirectory: false });
      await closing.loadPlugin('shop', component, { world: 'any' });
      const opening = closing.session('shop').then(
        () => 'open',
        (error: PluginError) => error.code,
      );
      await closing.close();
      expect(await opening).to.be.oneOf(['open', 'ERR_SESSION_ENDED', 'ERR_ENGINE_CLOSED']);
      expect(closing.status().sessions).to.equal(0);
    });
  });

  describe('is not opened', () => {
    it('for a plugin that is not there, with options that are none, or when it is given up', async () => {
      expect((await rejection(engine.session('nobody'))).code).to.equal('ERR_PLUGIN_NOT_FOUND');
      expect((await rejection(engine.session('shop', { idle: 1 } as object))).code).to.equal('ERR_INVALID_ARGUMENT');
      expect((await rejection(engine.session('shop', { idleMs: 0 }))).code).to.equal('ERR_INVALID_ARGUMENT');
      expect((await rejection(engine.session('shop', { version: '9' }))).code).to.equal('ERR_PLUGIN_NOT_FOUND');
      const signal = AbortSignal.abort();
      expect((await rejection(engine.session('shop', { signal }))).code).to.equal('ERR_ABORTED');
    });

    it("on jco's glue, which keeps resources to itself", async () => {
      const glued = await PluginEngine.create({ threads: 1, cacheDirectory: false, binding: 'glue' });
      await glued.loadPlugin('shop', component, { world: 'any' });
      const error = await rejection(glued.session('shop'));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).to.match(/it runs on jco's glue, because/);
      await glued.close();
    });

    it('in the process of an isolated plugin', async () => {
      const isolated = await PluginEngine.create({ threads: 1, cacheDirectory: false, isolation: 'process' });
      try {
        await isolated.loadPlugin('shop', component, { world: 'any' });
        const error = await rejection(isolated.session('shop'));
        expect(error).to.include({ code: 'ERR_INVALID_ARGUMENT', plugin: 'shop' });
        expect(error.message).to.match(/it runs in a process of its own/);
        expect(isolated.status().sessions).to.equal(0);
        expect(await isolated.call('shop', `${CARTS}#alive`, [])).to.equal(0);
      } finally {
        await isolated.close();
      }
    });
  });
});
