import { expect } from 'chai';
import type { TrapKind } from '../../src/errors.ts';
import { type FaultContext, toFault } from '../../src/instance/faults.ts';
import { formatFrame } from '../../src/text/wasm-frame.ts';
import { rejection, thrown } from '../support/outcome.ts';
import { component, plugin } from '../support/wat.ts';
import { fullPlugin, type GuestOptions, launch as launchBound, respond, STACK_BYTES } from '../workers/guest.ts';

/** Functions that end in each kind of trap, on every V8 that the project supports. */
const TRAPS: readonly (readonly [what: string, kind: TrapKind, guest: GuestOptions])[] = [
  ['unreachable', 'unreachable', { process: 'unreachable' }],
  ['a load beyond the memory', 'out-of-bounds-memory', { process: '(i32.load (i32.const -4))' }],
  [
    'a copy beyond the memory',
    'out-of-bounds-memory',
    { process: `(memory.copy (i32.const 0) (i32.const 65530) (i32.const 9)) ${respond(0, 0)}` },
  ],
  [
    'a fill beyond the memory',
    'out-of-bounds-memory',
    { process: `(memory.fill (i32.const 65530) (i32.const 0) (i32.const 9)) ${respond(0, 0)}` },
  ],
  [
    'a data segment that is shorter than what is taken from it',
    'out-of-bounds-memory',
    { process: `(memory.init $d (i32.const 0) (i32.const 0) (i32.const 9)) ${respond(0, 0)}`, more: '(data $d "abc")' },
  ],
  [
    'a call of a table entry that does not exist',
    'out-of-bounds-table',
    { process: '(call_indirect (result i32) (i32.const 9))', more: '(table 1 funcref)' },
  ],
  [
    'table.get beyond the table',
    'out-of-bounds-table',
    { process: '(ref.is_null (table.get (i32.const 9)))', more: '(table 1 funcref)' },
  ],
  [
    'table.init beyond the table',
    'out-of-bounds-table',
    {
      process: `(table.init $t $e (i32.const 1) (i32.const 0) (i32.const 1)) ${respond(0, 0)}`,
      more: '(table $t 1 funcref) (elem $e func $f) (func $f)',
    },
  ],
  ['a division by zero', 'integer-divide-by-zero', { process: '(i32.div_s (i32.const 1) (i32.const 0))' }],
  ['a remainder by zero', 'integer-divide-by-zero', { process: '(i32.rem_u (i32.const 1) (i32.const 0))' }],
  [
    'a quotient that is too large',
    'integer-overflow',
    { process: '(i32.div_s (i32.const 0x80000000) (i32.const -1))' },
  ],
  ['a conversion of NaN', 'invalid-conversion-to-integer', { process: '(i32.trunc_f64_s (f64.const nan))' }],
  [
    'a conversion of a float that is too large',
    'invalid-conversion-to-integer',
    { process: '(i32.trunc_f64_s (f64.const 1e300))' },
  ],
  [
    'a call of an entry of another type',
    'indirect-call-type-mismatch',
    {
      process: '(call_indirect (result i32) (i32.const 0))',
      more: '(table funcref (elem $other)) (func $other (param f64))',
    },
  ],
  [
    'a call of a null entry',
    'indirect-call-type-mismatch',
    { process: '(call_indirect (result i32) (i32.const 0))', more: '(table 1 funcref)' },
  ],
  [
    'a call of a null reference',
    'null-reference',
    { process: '(call_ref $t (ref.null $t))', more: '(type $t (func (result i32)))' },
  ],
  ['an unaligned atomic access', 'unaligned-atomic', { process: '(i32.atomic.load (i32.const 1))' }],
];

for (const binding of ['direct', 'glue'] as const) {
  describe(`toFault, bound by ${binding}`, () => {
    const launch: typeof launchBound = (bytes, options) => launchBound(bytes, { ...options, binding });
    describe('ERR_TRAP', () => {
      for (const [what, trap, guest] of TRAPS) {
        it(`${what} is ${trap}`, async () => {
          const { instance } = await launch(await fullPlugin(guest));
          const error = thrown(() => instance.process('', []));
          expect(error).to.include({ code: 'ERR_TRAP', trap });
          expect(error.message).to.match(/^The plugin trapped: [ -~]+$/);
          expect(error.hint).to.be.a('string');
          expect(instance.state).to.equal('dead');
        });
      }

      it('has the frames of the guest, innermost first', async () => {
        const more = '(func $inner unreachable) (func $middle (call $inner))';
        const { instance } = await launch(await fullPlugin({ process: `(call $middle) ${respond(0, 0)}`, more }));
        const { backtrace } = thrown(() => instance.process('', []));
        expect(backtrace).to.have.length(3);
        expect(backtrace?.[0]?.function).to.match(/^(\S*inner)?$/);
        expect(formatFrame(backtrace![0]!)).to.match(/^(\S*inner )?\(?wasm-function\[\d+\]:0x[0-9a-f]+\)?$/);
      });

      it('wasi:cli/exit is exit, also with status 0', async () => {
        const bytes = await plugin(
          `(module (import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))
          (memory (export "memory") 1)
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8192))
          (func (export "toolsku:plugin-system/plugin-api-v1@1.0.0#process") (param i32 i32) (result i32)
            (call $exit (local.get 1)) (i32.const 512)))`,
          'test',
          `package test:test;
         package wasi:cli@0.2.0 { interface exit { exit: func(status: result); } }
         package toolsku:plugin-system@1.0.0 { interface plugin-api-v1 { process: func(input: string) -> string; } }
         world test { import wasi:cli/exit@0.2.0; export toolsku:plugin-system/plugin-api-v1@1.0.0; }`,
        );
        for (const status of [0, 1]) {
          const { instance } = await launch(bytes, { wasi: 'real' });
          const error = thrown(() => instance.process('x'.repeat(status), []));
          expect(error).to.include({ code: 'ERR_TRAP', trap: 'exit' });
          expect(error.message).to.equal(`The plugin called exit with status ${status}`);
          expect(instance.state).to.equal('dead');
        }
      });

      it('has 32 frames at most', async () => {
        const more = `(func $down (param i32) (if (i32.eqz (local.get 0)) (then unreachable))
        (call $down (i32.sub (local.get 0) (i32.const 1))))`;
        const process = `(call $down (i32.const 1000)) ${respond(0, 0)}`;
        const { instance } = await launch(await fullPlugin({ process, more }));
        expect(thrown(() => instance.process('', [])).backtrace).to.have.length(32);
      });

      it('restores the limit of stack traces', async () => {
        const { instance } = await launch(await fullPlugin({ process: 'unreachable' }));
        const before = Error.stackTraceLimit;
        thrown(() => instance.process('', []));
        expect(Error.stackTraceLimit).to.equal(before);
      });

      it('cleans the names of functions, which the guest chooses', async () => {
        const bytes = await fullPlugin({
          process: `(call $bad) ${respond(0, 0)}`,
          more: '(func $bad (@name "a\\nERROR forged\\1b[31m\\u{202e}b") unreachable)',
        });
        const { instance } = await launch(bytes);
        const error = thrown(() => instance.process('', []));
        expect(error.trap).to.equal('unreachable');
        for (const frame of error.backtrace ?? []) expect(formatFrame(frame)).to.match(/^[ -~]+$/);
      });

      it('covers cabi_realloc and post-return (invariant 8)', async () => {
        for (const guest of [{ realloc: 'unreachable' }, { postReturn: 'unreachable' }]) {
          const { instance } = await launch(await fullPlugin(guest));
          expect(thrown(() => instance.process('x', []))).to.include({ code: 'ERR_TRAP', trap: 'unreachable' });
          expect(instance.state).to.equal('dead');
        }
      });
    });

    describe('ERR_STACK_OVERFLOW', () => {
      it('endless recursion', async () => {
        const more = '(func $down (result i32) (i32.add (call $down) (i32.const 1)))';
        const { instance } = await launch(await fullPlugin({ process: '(call $down)', more }));
        const error = thrown(() => instance.process('', []));
        expect(error.code).to.equal('ERR_STACK_OVERFLOW');
        expect(error.limit).to.deep.equal({ name: 'maxStackBytes', value: STACK_BYTES });
        expect(error.message).to.equal(`The plugin used more stack than its limit of ${STACK_BYTES} bytes`);
        expect(instance.state).to.equal('dead');
      });

      it('recursion that calls the host at its end', async () => {
        const more = `(func $down (call $get (i32.const 0) (i32.const 0) (i32.const 700)) (call $down))`;
        const { instance } = await launch(await fullPlugin({ process: `(call $down) ${respond(0, 0)}`, more }));
        expect(thrown(() => instance.process('', [])).code).to.equal('ERR_STACK_OVERFLOW');
      });
    });

    describe('ERR_MEMORY_LIMIT', () => {
      const policy = { maxMemoryBytes: 4 * 1024 * 1024 };
      const limit = { name: 'maxMemoryBytes', value: policy.maxMemoryBytes };

      it('a guest that grows its memory page by page and aborts when it is refused', async () => {
        const process = `(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable`;
        const { instance } = await launch(await fullPlugin({ process }), { policy });
        const error = thrown(() => instance.process('', []));
        expect(error.code).to.equal('ERR_MEMORY_LIMIT');
        expect(error.limit).to.deep.equal(limit);
        expect(error.message).to.equal('The plugin needed more memory than its limit of 4194304 bytes');
        expect(instance.state).to.equal('dead');
      });

      it('an input for which the allocator of the guest gets no memory', async () => {
        const realloc = `(if (i32.eq (memory.grow (i32.shr_u (local.get $size) (i32.const 16))) (i32.const -1)) (then unreachable))
        (i32.const 65536)`;
        const { instance } = await launch(await fullPlugin({ realloc }), { policy });
        expect(instance.process('x'.repeat(1024 * 1024), [])).to.deep.equal({ output: '', success: true });
        const error = thrown(() => instance.process('x'.repeat(4 * 1024 * 1024), []));
        expect(error.code).to.equal('ERR_MEMORY_LIMIT');
        expect(error.limit).to.deep.equal(limit);
      });

      it('a Rust plugin that says so in its frames', async () => {
        const process = `(drop (memory.grow (i32.const 1000))) (call $alloc::alloc::handle_alloc_error) ${respond(0, 0)}`;
        const more = '(func $alloc::alloc::handle_alloc_error unreachable)';
        const { instance } = await launch(await fullPlugin({ process, more }), { policy });
        expect(thrown(() => instance.process('', [])).code).to.equal('ERR_MEMORY_LIMIT');
      });

      for (const message of [
        'WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance',
        'WebAssembly.Memory(): could not allocate memory',
        'Array buffer allocation failed',
      ]) {
        it(`a process that is out of memory itself: ${message}`, () => {
          const context: FaultContext = {
            maxMemoryBytes: 1,
            stackBytes: 1,
            memoryRefused: false,
            lastWords: [],
            locate: (frames) => frames,
          };
          const error = toFault(new RangeError(message), context);
          expect(error.code).to.equal('ERR_MEMORY_LIMIT');
          expect(error.message).to.equal('The process could not allocate memory for the plugin');
        });
      }

      it('but not a trap of a guest that has memory left', async () => {
        const process = `(drop (memory.grow (i32.const 30))) unreachable`;
        const { instance } = await launch(await fullPlugin({ process }), { policy });
        expect(thrown(() => instance.process('', [])).code).to.equal('ERR_TRAP');
      });

      it('and not a trap of a guest that bounds its memory itself', async () => {
        const memory = '(memory (export "memory") 1 2)';
        const process = `(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable`;
        const { instance } = await launch(await fullPlugin({ process, memory }), { policy });
        expect(thrown(() => instance.process('', [])).code).to.equal('ERR_TRAP');
      });
    });

    describe('ERR_INVALID_RESPONSE', () => {
      const ANSWERS: readonly (readonly [what: string, process: string])[] = [
        ['output that lies beyond the memory', respond(65530, 100)],
        ['output that begins beyond the memory', respond(-8, 4)],
        ['a response that lies beyond the memory', '(i32.const -4)'],
        ['a length that is huge', respond(0, -1)],
        ['bytes that are not UTF-8', `(i32.store8 (i32.const 1024) (i32.const 0xff)) ${respond(1024, 1)}`],
        ['UTF-8 that ends within a character', `(i32.store8 (i32.const 1024) (i32.const 0xc3)) ${respond(1024, 1)}`],
        ['an encoded surrogate', `(i32.store (i32.const 1024) (i32.const 0xa0a0ed)) ${respond(1024, 3)}`],
        ['a discriminant that is 2', `(i32.store8 (i32.const 524) (i32.const 2)) ${respond(0, 0)}`],
      ];
      for (const [what, process] of ANSWERS) {
        it(what, async () => {
          const { instance } = await launch(await fullPlugin({ process }));
          const error = thrown(() => instance.process('', []));
          expect(error.code).to.equal('ERR_INVALID_RESPONSE');
          expect(error.message).to.match(/^The plugin broke the canonical ABI: [ -~]+$/);
          expect(instance.state).to.equal('dead');
        });
      }

      // The specification takes any number but 0 for true; jco's glue is stricter.
      it('not a bool that is 2, for the direct binding', async () => {
        const process = `(i32.store8 (i32.const 520) (i32.const 2)) ${respond(0, 0)}`;
        const { instance } = await launch(await fullPlugin({ process }));
        if (binding === 'direct') expect(instance.process('', [])).to.deep.equal({ output: '', success: true });
        else expect(thrown(() => instance.process('', [])).code).to.equal('ERR_INVALID_RESPONSE');
      });

      it('an allocation beyond the memory', async () => {
        const { instance } = await launch(await fullPlugin({ realloc: '(i32.const -1)' }));
        expect(thrown(() => instance.process('some input', [])).code).to.equal('ERR_INVALID_RESPONSE');
        expect(instance.state).to.equal('dead');
      });

      it('an argument of a host call that lies beyond the memory', async () => {
        const process = `(call $log (i32.const 65530) (i32.const 100) (i32.const 0) (i32.const 0) (i32.const 700)) ${respond(0, 0)}`;
        const { instance } = await launch(await fullPlugin({ process }));
        expect(thrown(() => instance.process('', [])).code).to.equal('ERR_INVALID_RESPONSE');
      });
    });

    describe('what the host does not offer, or fails at', () => {
      const random = () =>
        plugin(
          `(module (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
          (memory (export "memory") 1)
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8192))
          (func (export "toolsku:plugin-system/plugin-api-v1@1.0.0#process") (param i32 i32) (result i32)
            (drop (call $random)) (i32.const 512)))`,
          'test',
          `package test:test;
         package wasi:random@0.2.0 { interface random { get-random-u64: func() -> u64; } }
         package toolsku:plugin-system@1.0.0 { interface plugin-api-v1 { process: func(input: string) -> string; } }
         world test { import wasi:random/random@0.2.0; export toolsku:plugin-system/plugin-api-v1@1.0.0; }`,
        );

      it('ERR_UNKNOWN_IMPORT when the host lacks an interface', async () => {
        expect((await rejection(launch(await random()))).code).to.equal('ERR_UNKNOWN_IMPORT');
      });

      it('ERR_UNKNOWN_IMPORT when the host lacks a function of an interface', async () => {
        const error = await rejection(launch(await random(), { wasi: { 'wasi:random/random': {} } }));
        expect(error.code).to.equal('ERR_UNKNOWN_IMPORT');
        expect(error.message).to.include('getRandomU64');
      });

      for (const value of [new TypeError('x is not a function'), new Error('EIO'), Symbol('s'), { payload: 'p' }]) {
        it(`ERR_WORKER_CRASHED when a host function throws ${String(value)}`, async () => {
          const getRandomU64 = () => {
            throw value;
          };
          const { instance } = await launch(await random(), { wasi: { 'wasi:random/random': { getRandomU64 } } });
          const error = thrown(() => instance.process('', []));
          expect(error.code).to.equal('ERR_WORKER_CRASHED');
          expect(error.message).to.match(/^A host function failed: /);
          expect(instance.state).to.equal('dead');
        });
      }
    });

    it('ERR_LINK when the import of one core module is not what another exports', async () => {
      // The lengths of memories are not part of what a validator compares; only instantiation sees that they do not fit.
      const bytes = await component(`(component
      (core module $small (memory (export "memory") 1 1))
      (core module $main (import "env" "memory" (memory 2 2))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
        (func (export "process") (param i32 i32) (result i32) (i32.const 0)))
      (core instance $m (instantiate $small))
      (core instance $i (instantiate $main (with "env" (instance $m))))
      (alias core export $m "memory" (core memory $memory))
      (alias core export $i "realloc" (core func $realloc))
      (alias core export $i "process" (core func $core-process))
      (func $process (param "input" string) (result string)
        (canon lift (core func $core-process) (memory $memory) (realloc $realloc)))
      (instance $api (export "process" (func $process)))
      (export "toolsku:plugin-system/plugin-api-v1@1.0.0" (instance $api)))`);
      const error = await rejection(launch(bytes));
      expect(error.code).to.equal('ERR_LINK');
    });
  });
}
