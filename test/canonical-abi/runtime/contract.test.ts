import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { bindProcess, type ProcessBytes, type RequestBytes } from '../../../src/canonical-abi/runtime/contract.ts';
import { analyzeComponent } from '../../../src/component/analyze.ts';
import { parseComponent } from '../../../src/component/parse.ts';
import { matchContract } from '../../../src/contract/match.ts';
import { echo, hostile } from '../../fixtures/guests.ts';
import { thrown } from '../../support/outcome.ts';
import { plugin } from '../../support/wat.ts';
import { fullPlugin, respond } from '../../workers/guest.ts';
import { direct } from './support/bindings.ts';

type Options = readonly (readonly [string, string])[];

/** Lays a request out as the mailbox does. */
function packed(input: string, options: Options = []): RequestBytes {
  const texts = options.flat();
  const bytes = Buffer.from(
    new SharedArrayBuffer(64 + 3 * input.length + texts.reduce((n, t) => n + 4 + 3 * t.length, 0)),
  );
  const inputLength = bytes.write(input, 32);
  let at = 32 + inputLength;
  for (const text of texts) {
    const length = bytes.write(text, at + 4);
    bytes.writeUInt32LE(length, at);
    at += 4 + length;
  }
  return { bytes, inputAt: 32, inputLength, optionsAt: 32 + inputLength, optionCount: options.length };
}

interface Answer {
  output: string;
  success: boolean;
  errorMessage?: string;
}

interface Bound {
  readonly process: ProcessBytes;
  ask(input: string, options?: Options): Answer;
}

const HOST = { logMessage() {}, getConfig: () => undefined, emitEvent() {} };

async function bound(bytes: Uint8Array, maxOutputBytes = 1024 * 1024): Promise<Bound> {
  const contract = matchContract(analyzeComponent(parseComponent(bytes)));
  const process = bindProcess(
    await direct(bytes, { 'toolsku:plugin-system/host-api': HOST }),
    contract,
    maxOutputBytes,
  )!;
  return {
    process,
    ask(input, options = []) {
      let answer: Answer | undefined;
      process(packed(input, options), {
        respond(memory, outputAt, outputLength, success, messageAt, messageLength) {
          const output = memory.toString('utf8', outputAt, outputAt + outputLength);
          answer = { output, success };
          if (messageAt >= 0) answer.errorMessage = memory.toString('utf8', messageAt, messageAt + messageLength);
        },
      });
      return answer!;
    },
  };
}

describe('process on bytes', () => {
  it('passes any text in and out', async () => {
    const { ask } = await bound(await echo());
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (input) => {
        expect(ask(input)).to.deep.equal({ output: input, success: true });
      }),
    );
  });

  it('passes texts of every length around the thresholds, in ASCII and beyond', async () => {
    const { ask } = await bound(await echo());
    for (const unit of ['x', 'é', '€']) {
      for (let length = 0; length < 140; length++)
        expect(ask(unit.repeat(length)).output).to.equal(unit.repeat(length));
    }
  });

  it('passes options in, as many as there are', async () => {
    // Answers with the value of the third pair.
    const process = respond('(i32.load offset=40 (local.get $options))', '(i32.load offset=44 (local.get $options))');
    const { ask } = await bound(await fullPlugin({ process }));
    const options = [
      ['a', 'x'.repeat(100)],
      ['', ''],
      ['lang', 'dütsch'],
    ] as const;
    expect(ask('input', options).output).to.equal('dütsch');
  });

  it('survives a guest that grows its memory at every allocation', async () => {
    const realloc = `(drop (memory.grow (i32.const 1)))
      (global.set $free (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
      (global.get $free) (global.set $free (i32.add (global.get $free) (local.get $size)))`;
    const process = `(drop (memory.grow (i32.const 1))) ${respond('(local.get $input)', '(local.get $length)')}`;
    const { ask } = await bound(await fullPlugin({ realloc, process }));
    for (const text of ['a', 'b'.repeat(1000), 'ç']) expect(ask(text, [['k', 'v']]).output).to.equal(text);
  });

  it('tells success and the error message', async () => {
    const process = `(i32.store8 (i32.const 520) (i32.const 0)) (i32.store8 (i32.const 524) (i32.const 1))
      (i32.store (i32.const 528) (i32.const 1024)) (i32.store (i32.const 532) (i32.const 4)) (i32.const 512)`;
    const { ask } = await bound(await fullPlugin({ process, more: '(data (i32.const 1024) "oops")' }));
    expect(ask('')).to.deep.equal({ output: '', success: false, errorMessage: 'oops' });
  });

  it('reads the answer before post-return, which the guest runs then', async () => {
    const process = `(i32.store8 (i32.const 1024) (i32.add (i32.const 48) (global.get $returned))) ${respond(1024, 1)}`;
    const postReturn = `(global.set $returned (i32.add (global.get $returned) (i32.const 1)))
      (i32.store8 (i32.const 1024) (i32.const 63))`;
    const { ask } = await bound(
      await fullPlugin({ process, postReturn, more: '(global $returned (mut i32) (i32.const 0))' }),
    );
    expect([ask('').output, ask('').output, ask('').output]).to.deep.equal(['0', '1', '2']);
  });

  it('plugin-v1 and plugin-v2', async () => {
    const small = (world: string, params: string, body: string): Promise<Uint8Array> =>
      plugin(
        `(module (memory (export "memory") 1)
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
          (func (export "toolsku:plugin-system/plugin-api-${world}@1.0.0#process") (param i32 i32 ${params}) (result i32)
            ${body}))`,
        `plugin-${world}`,
      );
    const text = (at: number): string =>
      `(i32.store (i32.const ${at}) (local.get 0)) (i32.store (i32.const ${at + 4}) (local.get 1))`;
    const v1 = await bound(await small('v1', '', `${text(512)} (i32.const 512)`));
    expect(v1.ask('héllo')).to.deep.equal({ output: 'héllo', success: true });
    const ok = await bound(await small('v2', 'i32 i32', `${text(516)} (i32.const 512)`));
    expect(ok.ask('héllo')).to.deep.equal({ output: 'héllo', success: true });
    const err = await bound(
      await small('v2', 'i32 i32', `(i32.store8 (i32.const 512) (i32.const 1)) ${text(516)} (i32.const 512)`),
    );
    expect(err.ask('nö')).to.deep.equal({ output: '', success: false, errorMessage: 'nö' });
  });

  for (const [what, process, message] of [
    ['output beyond the memory', respond(65530, 100), /a string lies beyond the end of memory/],
    ['an answer beyond the memory', '(i32.const -4)', /the result lies beyond the end of memory/],
    ['an answer that is not aligned', '(i32.const 513)', /the result is not aligned to 4/],
    [
      'bytes that are not UTF-8',
      `(i32.store8 (i32.const 1024) (i32.const 0xff)) ${respond(1024, 1)}`,
      /not valid UTF-8/,
    ],
    ['a surrogate', `(i32.store (i32.const 1024) (i32.const 0xa0a0ed)) ${respond(1024, 3)}`, /not valid UTF-8/],
    ['a bad discriminant', `(i32.store8 (i32.const 524) (i32.const 2)) ${respond(0, 0)}`, /a discriminant of 2/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const { ask } = await bound(await fullPlugin({ process }));
      const error = thrown(() => ask(''));
      expect(error).to.include({ code: 'ERR_INVALID_RESPONSE' });
      expect((error as Error).message).to.match(message);
      expect(() => ask('')).to.throw(WebAssembly.RuntimeError, 'cannot enter component instance');
    });
  }

  it('refuses an allocation beyond the memory', async () => {
    const { ask } = await bound(await fullPlugin({ realloc: '(i32.const -1)' }));
    expect(thrown(() => ask('text'))).to.include({ code: 'ERR_INVALID_RESPONSE' });
  });

  it('counts output and error message against maxOutputBytes', async () => {
    const process = respond('(local.get $input)', '(local.get $length)');
    const { ask } = await bound(await fullPlugin({ process }), 6);
    expect(ask('€€').output).to.equal('€€');
    expect(thrown(() => ask('€€!'))).to.include({ code: 'ERR_OUTPUT_LIMIT' });
  });

  it('does what the general path does, for the hostile guest too', async () => {
    const { ask } = await bound(await hostile());
    expect(ask('echo me')).to.deep.equal({ output: 'echo me', success: true });
    expect(() => ask('unreachable')).to.throw(WebAssembly.RuntimeError, 'unreachable');
  });
});
