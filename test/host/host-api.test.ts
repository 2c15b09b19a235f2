import { expect } from 'chai';
import { thrown } from '../support/outcome.ts';
import { fullPlugin, type GuestOptions, launch, respond, watString } from '../workers/guest.ts';

/** The text of a data segment at `offset`. */
const data = (offset: number, text: string) => `(data (i32.const ${offset}) "${watString(text)}")`;

/** A guest whose `process` says one thing to the host and answers with the err that it gets, if any. */
function saying(what: 'log' | 'emit', first: string, second: string): GuestOptions {
  const [a, b] = [Buffer.byteLength(first), Buffer.byteLength(second)];
  return {
    process: `(call $${what} (i32.const 1024) (i32.const ${a}) (i32.const 2048) (i32.const ${b}) (i32.const 700))
      (if (i32.load8_u (i32.const 700)) (then (return ${respondHeard('704', '708')})))
      ${respond(0, 0)}`,
    more: `${data(1024, first)} ${data(2048, second)}`,
  };
}

/** A guest whose `process` asks for the configuration of its input and answers with `+value`, or `none`. */
const asking: GuestOptions = {
  process: `(call $get (local.get $input) (local.get $length) (i32.const 700))
    (if (i32.load8_u (i32.const 700)) (then (return ${respondHeard('704', '708')})))
    ${respond(1024, 4)}`,
  more: data(1024, 'none'),
};

function respondHeard(pointerAt: string, lengthAt: string): string {
  return `(block (result i32) ${respond(`(i32.load (i32.const ${pointerAt}))`, `(i32.load (i32.const ${lengthAt}))`)})`;
}

describe('createHostApi', () => {
  describe('log-message', () => {
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) {
      it(`takes down the level ${level}`, async () => {
        const { instance, said } = await launch(await fullPlugin(saying('log', level, 'text')));
        expect(instance.process('', []).output).to.equal('');
        expect(said).to.deep.equal([{ kind: 'log', level, message: 'text' }]);
      });
    }

    for (const level of ['fatal', '', 'INFO', '__proto__', 'constructor']) {
      it(`counts the level '${level}' as debug`, async () => {
        const { instance, said } = await launch(await fullPlugin(saying('log', level, 'text')));
        instance.process('', []);
        expect(said).to.deep.equal([{ kind: 'log', level: 'debug', message: 'text' }]);
      });
    }

    it('makes one line of what would forge others (invariant 11)', async () => {
      const forged = 'done\n2026-01-01 ERROR host: forged\r\u001b[2K\u202e';
      const { instance, said } = await launch(await fullPlugin(saying('log', 'info', forged)));
      instance.process('', []);
      expect(said).to.deep.equal([
        {
          kind: 'log',
          level: 'info',
          message: 'done\\u{a}2026-01-01 ERROR host: forged\\u{d}\\u{1b}[2K\\u{202e}',
        },
      ]);
    });

    it('tells the guest when its budget is spent, and takes nothing from the next call (invariant 10)', async () => {
      const policy = { maxLogBytes: 40 };
      const { instance, said } = await launch(await fullPlugin(saying('log', 'info', 'x'.repeat(9))), { policy });
      expect(instance.process('', []).output).to.equal('log budget of this call is spent');
      expect(said).to.deep.equal([]);
      const other = await launch(await fullPlugin(saying('log', 'info', 'x'.repeat(8))), { policy });
      for (let call = 0; call < 3; call++) expect(other.instance.process('', []).output).to.equal('');
      expect(other.said).to.have.length(3);
      expect(instance.state).to.equal('ready');
    });

    it('can be flooded: what is kept is bounded (invariant 10)', async () => {
      const process = `(loop
          (call $log (i32.const 1024) (i32.const 4) (i32.const 0) (i32.const 1000) (i32.const 700))
          (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
          (br_if 0 (i32.lt_u (global.get $calls) (i32.const 50000))))
        ${respond(0, 0)}`;
      const more = `(global $calls (mut i32) (i32.const 0)) ${data(1024, 'info')}`;
      // Every refusal allocates its text in the guest; this allocator hands out the same place each time.
      const { instance, said } = await launch(await fullPlugin({ process, more, realloc: '(i32.const 8192)' }));
      expect(instance.process('', []).success).to.equal(true);
      expect(said).to.have.length(Math.floor((64 * 1024) / (1000 + 32)));
    });
  });

  describe('emit-event', () => {
    it('takes down type and payload', async () => {
      const { instance, said } = await launch(await fullPlugin(saying('emit', 'order\nplaced', '{"n":\n1}')));
      expect(instance.process('', []).output).to.equal('');
      expect(said).to.deep.equal([{ kind: 'event', type: 'order\\u{a}placed', payload: '{"n":\n1}' }]);
    });

    it('shares the budget of the logs', async () => {
      const bytes = await fullPlugin(saying('emit', 'type', 'payload'));
      const { instance, said } = await launch(bytes, { policy: { maxLogBytes: 42 } });
      expect(instance.process('', []).output).to.equal('log budget of this call is spent');
      expect(said).to.deep.equal([]);
    });
  });

  describe('get-config', () => {
    it('answers from the configuration of the plugin', async () => {
      const config = [
        ['mask', '*'],
        ['', 'empty key'],
        ['empty value', ''],
        ['ünï', 'çødé'],
      ] as const;
      const { instance } = await launch(await fullPlugin(asking), { config });
      for (const [key, value] of config) expect(instance.process(key, []).output).to.equal(value);
      expect(instance.process('other', []).output).to.equal('none');
    });

    it('knows no key that was not configured, also not those of Object.prototype', async () => {
      const { instance } = await launch(await fullPlugin(asking));
      for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'size', 'get']) {
        expect(instance.process(key, []).output).to.equal('none');
      }
    });

    it('takes `__proto__` for a key like any other', async () => {
      const { instance } = await launch(await fullPlugin(asking), { config: [['__proto__', 'configured']] });
      expect(instance.process('__proto__', []).output).to.equal('configured');
      expect(instance.process('constructor', []).output).to.equal('none');
    });
  });

  for (const [name, call] of [
    ['log-message', '(call $log (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 700))'],
    ['emit-event', '(call $emit (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 700))'],
    ['get-config', '(call $get (i32.const 0) (i32.const 0) (i32.const 700))'],
  ] as const) {
    it(`${name} counts as a host call: ERR_HOST_CALL_LIMIT`, async () => {
      const bytes = await fullPlugin({ process: `${call} ${call} ${call} ${respond(0, 0)}` });
      const enough = await launch(bytes, { policy: { maxHostCalls: 3 } });
      for (let request = 0; request < 2; request++) expect(enough.instance.process('', []).success).to.equal(true);

      const { instance } = await launch(bytes, { policy: { maxHostCalls: 2 } });
      const error = thrown(() => instance.process('', []));
      expect(error.code).to.equal('ERR_HOST_CALL_LIMIT');
      expect(error.limit).to.deep.equal({ name: 'maxHostCalls', value: 2 });
      expect(instance.state).to.equal('dead');
    });
  }

  it('the limits hold for initialize (invariant 8)', async () => {
    const initialize = '(loop (call $get (i32.const 0) (i32.const 0) (i32.const 700)) (br 0)) unreachable';
    const { instance } = await launch(await fullPlugin({ initialize }), { policy: { maxHostCalls: 10 } });
    const error = thrown(() => instance.initialize());
    expect(error.code).to.equal('ERR_INITIALIZE_FAILED');
    expect(error.limit).to.deep.equal({ name: 'maxHostCalls', value: 10 });
    expect(error.cause).to.include({ code: 'ERR_HOST_CALL_LIMIT' });
  });
});
