import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import type { LoadMessage } from '../../src/engine/load-channel.ts';
import { CHANNELS, type RequestMessage } from '../../src/observe/channels.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

describe('the diagnostics channels', () => {
  const subscriptions: (() => void)[] = [];
  after(closeEngines);
  afterEach(() => {
    for (const cancel of subscriptions.splice(0)) cancel();
  });

  /** The messages of a channel from now on. */
  function listen<Message>(name: string): Message[] {
    const messages: Message[] = [];
    const listener = (message: unknown): void => {
      messages.push(message as Message);
    };
    subscribe(name, listener);
    subscriptions.push(() => unsubscribe(name, listener));
    return messages;
  }

  it('tell of a request at its start and at its end, with the same object', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('echo', await echo());
    const starts = listen<RequestMessage>('wasm-plugin-pool:request:start');
    const ends = listen<RequestMessage>('wasm-plugin-pool:request:end');
    const errors = listen<RequestMessage>('wasm-plugin-pool:request:error');
    const answer = engine.process('echo', { input: 'x' }, { requestId: 'r-7' });
    expect(starts).to.deep.equal([{ plugin: 'echo', version: '1.0.0', requestId: 'r-7' }]);
    await answer;
    expect([ends.length, errors.length]).to.deep.equal([1, 0]);
    expect(ends[0]).to.equal(starts[0]);
    expect(ends[0]!.response).to.deep.equal({ output: 'x', success: true });
    expect(ends[0]!.durationMs).to.be.greaterThan(0);
    expect(ends[0]!.queueWaitMs).to.be.greaterThan(0);
  });

  it('tell of an error, whether the request began or not', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('hostile', await hostile(), { sandbox: { cpuTimeLimitMs: 50 } });
    const errors = listen<RequestMessage>('wasm-plugin-pool:request:error');
    const trap = await rejection(engine.process('hostile', { input: 'divide' }));
    const killed = await rejection(engine.process('hostile', { input: 'spin' }));
    const aborted = await rejection(engine.process('hostile', { input: 'x' }, { signal: AbortSignal.abort() }));
    expect(errors.map(({ error }) => error)).to.deep.equal([trap, killed, aborted]);
    expect(errors[1]!.durationMs).to.be.at.least(50);
    expect(errors[2]).to.not.have.property('durationMs');
  });

  it('tell of a version that has come into place', async () => {
    const loads = listen<LoadMessage>('wasm-plugin-pool:plugin:load');
    const engine = await createEngine({ threads: 1 });
    const first = await engine.loadPlugin('echo', await echo(), { version: 'one' });
    const second = await engine.reloadPlugin('echo', undefined, { version: 'two' });
    expect(loads.map(({ plugin }) => plugin)).to.deep.equal([first, second]);
    expect(loads.map(({ previous }) => previous?.version)).to.deep.equal([undefined, 'one']);
  });

  it('are the documented ones', () => {
    expect(Object.values(CHANNELS).map(({ name }) => name)).to.deep.equal([
      'wasm-plugin-pool:plugin:load',
      'wasm-plugin-pool:request:start',
      'wasm-plugin-pool:request:end',
      'wasm-plugin-pool:request:error',
    ]);
  });
});
