import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import type { PluginEngine } from '../../src/engine.ts';
import { echo, pluginBytes } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

const inverted = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 255);

describe('a plugin of the world plugin-bytes', () => {
  let engine: PluginEngine;

  before(async () => {
    engine = await createEngine({ threads: 1 });
    const { world, metadata } = await engine.loadPlugin('invert', await pluginBytes(), { config: { a: 'b' } });
    expect({ world, name: metadata?.name }).to.deep.equal({ world: 'plugin-bytes', name: 'fixture' });
  });
  after(closeEngines);

  it('takes any bytes and gives bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2000 }), async (input) => {
        const { output, success } = await engine.process('invert', { input });
        expect(success).to.equal(true);
        expect(Buffer.from(output)).to.deep.equal(Buffer.from(inverted(input)));
      }),
      { numRuns: 50 },
    );
  });

  it('takes a part of a buffer, which may be more than the mailbox holds', async () => {
    const whole = new Uint8Array(1_000_000).map((_, at) => at % 251);
    const input = whole.subarray(7, 900_000);
    const answered = engine.process('invert', { input, options: { some: 'thing' } });
    const expected = inverted(input);
    whole.fill(0);
    const { output } = await answered;
    expect(output.constructor).to.equal(Uint8Array);
    expect(Buffer.compare(output, expected)).to.equal(0);
  });

  it('gives the text of an err as the error message', async () => {
    expect(await engine.process('invert', { input: new Uint8Array(0) })).to.deep.equal({
      output: new Uint8Array(0),
      success: false,
      errorMessage: 'no bytes',
    });
  });

  it('takes text from who asks with text, and answers with text where it has any', async () => {
    // 0xc3 0xbf turned over are two characters of ASCII, and no text turned over is ASCII's other half.
    expect(await engine.process('invert', { input: '\u00ff' })).to.deep.equal({ output: '<@', success: true });
    expect(await rejection(engine.process('invert', { input: 'text' }))).to.include({
      code: 'ERR_INVALID_RESPONSE',
      hint: 'Ask it with a `Uint8Array` as the input, for a `Uint8Array`.',
    });
    expect(await engine.process('invert', { input: '' })).to.deep.equal({
      output: '',
      success: false,
      errorMessage: 'no bytes',
    });
  });

  it('holds its limits: what it answers, its deadline, the number of its options', async () => {
    await engine.loadPlugin('small', await pluginBytes(), { sandbox: { maxOutputBytes: 100 } });
    expect(await rejection(engine.process('small', { input: new Uint8Array(101) }))).to.include({
      code: 'ERR_OUTPUT_LIMIT',
      plugin: 'small',
    });
    const late = engine.process('small', { input: new Uint8Array(1) }, { deadlineMs: 0 });
    expect(await rejection(late)).to.include({ code: 'ERR_DEADLINE' });
    const odd = engine.process('small', { input: new Uint8Array(1), options: [['a']] as never });
    expect(await rejection(odd)).to.include({ code: 'ERR_INVALID_ARGUMENT' });
    await engine.process('small', { input: new Uint8Array(0) });
    const { requests, refused, errors } = engine.getPlugin('small')!.stable!.statistics;
    expect({ requests, refused, errors }).to.deep.equal({
      requests: 3,
      refused: 1,
      errors: { ERR_OUTPUT_LIMIT: 1, ERR_DEADLINE: 1 },
    });
  });

  it('is what bytes are for: a plugin that takes text refuses them, and says which one would not', async () => {
    await engine.loadPlugin('echo', await echo());
    const error = await rejection(engine.process('echo', { input: new Uint8Array(1) }));
    expect(error).to.include({ code: 'ERR_INVALID_ARGUMENT' });
    expect(error).to.have.property('message').that.includes('plugin-world, which takes text');
    expect(await rejection(engine.process('nobody', { input: new Uint8Array(1) }))).to.include({
      code: 'ERR_PLUGIN_NOT_FOUND',
    });
  });
});
