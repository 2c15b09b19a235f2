import { expect } from 'chai';
import type { PluginEngine } from '../../src/index.ts';
import { wasi } from '../fixtures/guests.ts';
import { BINDING, closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

describe('the error of a call that traps', () => {
  let engine: PluginEngine;
  before(async function () {
    if (BINDING === 'glue') this.skip();
    engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('guest', await wasi());
  });
  after(closeEngines);

  const trapped = async (text: string): Promise<string> =>
    (await rejection(engine.process('guest', { input: `panic ${text}` }))).message;

  it('has what the guest wrote to standard error, where languages say why', async () => {
    expect(await trapped("thread 'main' panicked at src/lib.rs:5:9:\nno mask\n")).to.equal(
      "The plugin trapped: unreachable; it wrote: thread 'main' panicked at src/lib.rs:5:9: | no mask",
    );
  });

  it('has the last three lines of it, also one without an end, on a line of its own making', async () => {
    const message = await trapped('one\ntwo\nthree\n\u001b[31mfour\r');
    expect(message).to.include('; it wrote: two | three | ').and.to.include('four');
    for (const forging of ['\n', '\r', '\u001b']) expect(message).not.to.include(forging);
  });

  it('has no more than 500 characters of it', async () => {
    expect(await trapped('x'.repeat(3000))).to.equal(`The plugin trapped: unreachable; it wrote: ${'x'.repeat(500)}…`);
  });

  it('has nothing of an earlier call', async () => {
    expect((await engine.process('guest', { input: 'complain about it' })).output).to.equal('complained');
    expect(await trapped('')).to.equal('The plugin trapped: unreachable');
  });
});
