import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { PluginError } from '../../src/errors.ts';
import { echo } from '../fixtures/echo.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { outcome, rejection } from '../support/outcome.ts';
import { LONG_ANSWER_TAKES, longAnswers } from './guests/long-answers.ts';

const MiB = 1024 * 1024;
/** Room for three long answers. */
const ROOM = 3 * LONG_ANSWER_TAKES + MiB / 2;
const CALLERS = 60;

const LONG = { input: 'long' } as const;

/** In a frame of its own, which keeps nothing of what it saw. */
async function fill(engine: PluginEngine, held: unknown[]): Promise<void> {
  for (let answer = 0; answer < 3; answer++) held.push(await engine.process('long', LONG));
}

describe('what callers have the engine hold', () => {
  after(closeEngines);

  it('stays within its limit, however many wait for long answers and keep them', async () => {
    const engine = await createEngine({ maxOutstandingBytes: ROOM });
    await engine.loadPlugin('long', await longAnswers());
    await engine.loadPlugin('other', await echo());
    const asked = Array.from({ length: CALLERS }, () => engine.process('long', LONG));
    const others = Array.from({ length: CALLERS }, (_, index) => engine.process('other', { input: `${index}` }));
    const ends = await Promise.allSettled(asked);
    const kept = ends.filter(({ status }) => status === 'fulfilled');
    const refused = ends.filter((end) => end.status === 'rejected').map(({ reason }) => reason as PluginError);
    expect(kept).to.have.lengthOf(3);
    for (const { code, limit } of refused) {
      expect(code).to.equal('ERR_OUTSTANDING_BYTES');
      expect(limit).to.deep.equal({ name: 'maxOutstandingBytes', value: ROOM });
    }
    // What was queued did not begin, when it was known how long the answers are.
    expect(refused.filter(({ began }) => began === false)).to.have.length.above(CALLERS / 2);
    expect(engine.status().outstandingBytes).to.be.within(3 * LONG_ANSWER_TAKES, ROOM);
    expect(engine.metrics.snapshot().outstandingBytes).to.equal(engine.status().outstandingBytes);
    // Nobody else is concerned.
    expect((await Promise.all(others)).map(({ output }) => output)).to.deep.equal(others.map((_, index) => `${index}`));
  });

  it('has who waits go on when answers are let go of, though nothing else happens', async () => {
    const engine = await createEngine({ maxOutstandingBytes: ROOM, whenFull: 'wait' });
    await engine.loadPlugin('long', await longAnswers());
    const held: unknown[] = [];
    await fill(engine, held);
    const input = 'x'.repeat(MiB / 2);
    const later = engine.process('long', { input });
    held.length = 0;
    expect((await later).output).to.equal(input);
    expect(engine.status().outstandingBytes).to.be.below(ROOM - MiB / 2);
  });

  it('counts inputs until they are answered, and refuses at once what can never fit', async () => {
    const engine = await createEngine({ maxOutstandingBytes: 4 * MiB, threads: 1 });
    await engine.loadPlugin('other', await echo());
    const half = { input: 'x'.repeat(MiB) };
    const asked = [engine.process('other', half), engine.process('other', half)];
    expect(engine.status().outstandingBytes).to.equal(4 * MiB);
    const error = await rejection(engine.process('other', { input: 'x' }));
    expect([error.code, error.began]).to.deep.equal(['ERR_OUTSTANDING_BYTES', false]);
    expect(error.message).to.include(`${4 * MiB}`);
    await Promise.all(asked);
    const tooLong = engine.process('other', { input: 'x'.repeat(3 * MiB) }, { whenFull: 'wait' });
    expect(await outcome(tooLong)).to.equal('ERR_OUTSTANDING_BYTES');
  });

  it('holds the results of many requests under one promise', async () => {
    const engine = await createEngine({ maxOutstandingBytes: ROOM });
    await engine.loadPlugin('long', await longAnswers());
    const results = await engine.processMany(
      'long',
      Array.from({ length: 8 }, (_, index) => ({ input: index % 2 === 0 ? 'long' : 'short' })),
    );
    const codes = results.map((result) => (result.ok ? result.output.length : result.error.code));
    expect(codes.filter((code) => code === 5)).to.have.lengthOf(4);
    expect(codes.filter((code) => code === 'ERR_OUTSTANDING_BYTES')).to.have.lengthOf(1);
    expect(engine.status().outstandingBytes).to.be.within(3 * LONG_ANSWER_TAKES, ROOM);
  });

  it('gives everything back', async () => {
    const engine = await createEngine();
    await engine.loadPlugin('other', await echo());
    const requests = Array.from({ length: 2000 }, () => ({ input: 'x'.repeat(1000), options: { key: 'value' } }));
    const results = await engine.processMany('other', requests);
    await Promise.all(requests.map((request) => engine.process('other', request)));
    for await (const { ok } of engine.batch(requests.map((request) => ({ ...request, plugin: 'other' })))) {
      expect(ok).to.equal(true);
    }
    // The results are still here.
    expect(engine.status().outstandingBytes).to.equal(2 * 1000 * results.length);
    expect(results.every((result) => result.ok)).to.equal(true);
  });
});
