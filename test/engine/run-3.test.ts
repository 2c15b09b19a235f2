import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { tool3 } from '../fixtures/tool-3.ts';
import { BINDING, closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { component } from '../support/wat.ts';

describe('a command of WASI 0.3', () => {
  let engine: PluginEngine;
  before(async function () {
    if (BINDING === 'glue') this.skip();
    engine = await createEngine({ threads: 1, isolation: 'none' });
    await engine.loadPlugin('tool', await tool3());
  });
  after(closeEngines);

  const outputOf = async (...args: string[]) => (await engine.run('tool', { args, stdin: 'x' })).stdout.toString();

  it('waits for a time on its stack', async () => {
    expect(await outputOf('nap')).to.equal('done\n');
  });

  it('goes on after it has returned, before its run is over', async () => {
    expect(await outputOf('returns')).to.equal('late\n');
  });

  it('hears that nothing was wrong with a stream that it does not want', async () => {
    expect(await outputOf('drop')).to.equal('done\n');
  });

  it('may give waits up, as many as it likes', async () => {
    expect(await outputOf('abandon')).to.equal('done\n');
  });

  it('waits in a time of its own where it has no clocks', async () => {
    await engine.loadPlugin('timeless', await tool3(), { sandbox: { allowClocks: false } });
    const { stdout } = await engine.run('timeless', { args: ['nap'] });
    expect(stdout.toString()).to.equal('done\n');
    // 584 years go by at once.
    expect((await engine.run('timeless', { args: ['long'] })).status).to.equal(0);
  });

  it('traps where it writes to a stream that nobody will ever read', async () => {
    const error = await rejection(engine.run('tool', { args: ['unread'] }));
    expect(error.code).to.equal('ERR_TRAP');
    expect(error.message).to.contain('deadlock');
  });

  it('does not wait for a stream that it has let go of', async () => {
    const stdin = new ReadableStream({}, { highWaterMark: 0 });
    const error = await rejection(engine.run('tool', { args: ['bored'], stdin }));
    expect(error.code).to.equal('ERR_TRAP');
    expect(error.message).to.contain('deadlock');
  });

  for (const [what, args, code, sandbox] of [
    ['a wait of 2^64 - 1 ns', ['long'], 'ERR_WALL_TIME_LIMIT', { wallTimeLimitMs: 1000 }],
    ['futures without end', ['more'], 'ERR_TRAP', {}],
    ['streams of the host without end', ['inputs'], 'ERR_MEMORY_LIMIT', {}],
    ['waits without end', ['x'], 'ERR_TRAP', {}],
  ] as const) {
    it(`is stopped at ${what}, and another is run`, async () => {
      await engine.loadPlugin(what, await tool3(), { sandbox });
      expect(await rejection(engine.run(what, { args }))).to.include({ code });
      expect((await engine.run('tool')).status).to.equal(0);
      await engine.unloadPlugin(what);
    });
  }

  it('is told by name that there are no sockets of WASI 0.3', async () => {
    const bytes = await component(`(component
      (import "wasi:sockets/types@0.3.0" (instance (export "x" (func)))))`);
    const error = await rejection(engine.loadPlugin('sockets', bytes, { world: 'any' }));
    expect(error.code).to.equal('ERR_UNKNOWN_IMPORT');
    expect(error.message).to.contain('wasi:sockets/types@0.3.0');
    expect(error.hint).to.contain('wasi:sockets@0.2');
  });

  it('holds up no engine that is closed while it waits', async () => {
    const closing = await createEngine({ threads: 1, isolation: 'none' });
    await closing.loadPlugin('tool', await tool3());
    const began = Promise.withResolvers<void>();
    const stdin = new ReadableStream({ pull: () => began.resolve() }, { highWaterMark: 0 });
    const run = rejection(closing.run('tool', { args: ['cat'], stdin }));
    await began.promise;
    await closing.close({ force: true });
    expect((await run).code).to.equal('ERR_ENGINE_CLOSED');
  });
});
