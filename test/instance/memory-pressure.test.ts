import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { pluginFiles } from '../../examples/plugins/files.ts';
import { MEMORY_IMPORT } from '../../src/canonical-abi/plan/plan.ts';
import { capComponent } from '../../src/component/cap.ts';
import { Exit } from '../../src/host/wasi/exit.ts';
import { MemoryPressure } from '../../src/instance/memory-pressure.ts';
import { fromBytes, fromWat, type Parsed } from '../component/from-wat.ts';
import { rejection, thrown } from '../support/outcome.ts';
import { component, plugin } from '../support/wat.ts';
import { fullPlugin, type GuestOptions, launch, respond } from '../workers/guest.ts';

const MiB = 1024 * 1024;

/** The policy and the limit that errors then name. */
const policy = { maxMemoryBytes: 32 * MiB };
const limit = { name: 'maxMemoryBytes', value: 32 * MiB };

/** Asks for 100 MB in one piece. */
const ASK = '(memory.grow (i32.const 1526))';
/** Does so, and goes on when it is refused. */
const TRY = `(drop ${ASK})`;
/** What most allocators do. */
const ABORT = `(if (i32.eq ${ASK} (i32.const -1)) (then unreachable))`;
const DONE = respond(0, 0);

/** The only core module of a component, as it is run. */
function cappedModule({ bytes, component, analysis }: Parsed): WebAssembly.Module {
  const capped = fromBytes(capComponent(bytes, component, analysis, { maxMemoryBytes: MiB }));
  const { span } = capped.analysis.modules[0]!.module;
  return new WebAssembly.Module(capped.bytes.slice(span.start, span.end));
}

describe('MemoryPressure', () => {
  it('counts the bytes of each memory once, and forgets refusals when a call begins', async () => {
    const parsed = await fromWat(`(component
      (core module $m (memory (export "a") 2) (memory (export "b") 3) (export "again" (memory 0))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
      (core instance (instantiate $m)))`);
    const pressure = new MemoryPressure(MiB);
    const core = pressure.instantiate(cappedModule(parsed));
    const grow = core.exports.grow as (pages: number) => number;
    expect([pressure.held.bytes, pressure.refused]).to.deep.equal([5 * 65_536, false]);
    expect([grow(1), pressure.held.bytes, pressure.refused]).to.deep.equal([2, 6 * 65_536, false]);
    expect([grow(100), pressure.held.bytes, pressure.refused]).to.deep.equal([-1, 6 * 65_536, true]);
    grow(1);
    expect(pressure.refused).to.equal(true);
    pressure.begin();
    expect(pressure.refused).to.equal(false);
  });

  it('sees what no core instance exports, and says what is left when the instance ends', async () => {
    const parsed = await fromWat(`(component
      (core module $m (memory 2) (memory (export "shown") 1) (data (memory 0) (i32.const 0) "\\01"))
      (core instance (instantiate $m)))`);
    const pressure = new MemoryPressure(MiB);
    pressure.instantiate(cappedModule(parsed));
    expect(pressure.held).to.deep.equal({ bytes: 3 * 65_536, memories: 2 });
    const dropped: number[] = [];
    pressure.end((bytes) => dropped.push(bytes));
    expect(dropped.sort((a, b) => a - b)).to.deep.equal([65_536, 2 * 65_536]);
  });

  it('counts what a start function leaves behind that does not return, as much as it may have been', async () => {
    const parsed = await fromWat(`(component
      (core module $m (memory 2) (memory 1) (func $start (drop (memory.grow (i32.const 3))) unreachable) (start $start))
      (core instance (instantiate $m)))`);
    const pressure = new MemoryPressure(MiB);
    expect(() => pressure.instantiate(cappedModule(parsed))).to.throw(WebAssembly.RuntimeError);
    const dropped: number[] = [];
    pressure.end((bytes) => dropped.push(bytes));
    expect(dropped).to.deep.equal([MiB, 0]);
  });

  it('leaves a memory that was lent to whoever lent it', async () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const wat = `(module (import "${MEMORY_IMPORT}" "${MEMORY_IMPORT}" (memory 1)))`;
    const module = new WebAssembly.Module(Uint8Array.from(await component(wat)));
    const pressure = new MemoryPressure(MiB);
    pressure.instantiate(module, { [MEMORY_IMPORT]: { [MEMORY_IMPORT]: memory } });
    expect(pressure.held).to.deep.equal({ bytes: 65_536, memories: 1 });
    pressure.end(() => expect.fail('it was dropped'));
  });
});

describe('a guest that is refused memory', () => {
  const ends: readonly (readonly [what: string, guest: GuestOptions])[] = [
    ['aborts after it asked for 100 MB at once', { process: `${ABORT} ${DONE}` }],
    [
      'asks page by page',
      { process: '(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable' },
    ],
    [
      'uses the pointer that it did not get',
      { process: `(i32.store (i32.shl ${ASK} (i32.const 16)) (i32.const 1)) ${DONE}` },
    ],
    [
      'calls what it did not get',
      { process: `${TRY} (call_indirect (i32.const 0)) ${DONE}`, more: '(table 1 1 funcref)' },
    ],
    [
      'divides by what it did not get',
      { process: `(drop (i32.div_u (i32.const 1) (i32.add ${ASK} (i32.const 1)))) ${DONE}` },
    ],
    ['gets less the next time', { process: `${TRY} (drop (memory.grow (i32.const 1))) unreachable` }],
    ['allocates for its arguments', { realloc: `${ABORT} (i32.const 8192)` }],
    ['is in its post-return', { postReturn: ABORT }],
    [
      'asks for entries of a table',
      {
        process: `(drop (table.grow (ref.null func) (i32.const 100000))) unreachable`,
        more: '(table 1 funcref)',
      },
    ],
  ];
  for (const [what, guest] of ends) {
    it(`and ${what} ends with ERR_MEMORY_LIMIT`, async () => {
      const { instance } = await launch(await fullPlugin(guest), { policy });
      const error = thrown(() => instance.process('x', []));
      expect(error.code).to.equal('ERR_MEMORY_LIMIT');
      expect(error.limit).to.deep.equal(limit);
      expect(error.message).to.equal('The plugin needed more memory than its limit of 33554432 bytes');
      expect(error.backtrace).to.not.equal(undefined).and.not.be.empty;
      expect(instance.state).to.equal('dead');
    });
  }

  it('ends initialize, get-metadata and shutdown so as well (invariant 8)', async () => {
    const bytes = await fullPlugin({
      initialize: `${ABORT} (i32.const 600)`,
      metadata: `${ABORT} (i32.const 640)`,
      shutdown: `${ABORT} (i32.const 600)`,
    });
    const start = async () => (await launch(bytes, { policy })).instance;
    const [first, second, third] = [await start(), await start(), await start()];
    const failed = thrown(() => first.initialize());
    expect(failed.code).to.equal('ERR_INITIALIZE_FAILED');
    expect(failed.limit).to.deep.equal(limit);
    expect(failed.cause).to.include({ code: 'ERR_MEMORY_LIMIT' });
    expect(thrown(() => second.metadata()).code).to.equal('ERR_MEMORY_LIMIT');
    expect(thrown(() => third.shutdown()).code).to.equal('ERR_MEMORY_LIMIT');
  });

  /** Asks and goes on where the input is empty, traps otherwise. */
  const later = `(if (i32.eqz (local.get $length)) (then ${TRY}) (else unreachable)) ${DONE}`;

  it('and goes on is not what makes it trap in a later call', async () => {
    const { instance } = await launch(await fullPlugin({ process: later, initialize: `${TRY} (i32.const 600)` }), {
      policy,
    });
    instance.initialize();
    for (let call = 0; call < 3; call++) expect(instance.process('', []).success).to.equal(true);
    expect(thrown(() => instance.process('x', []))).to.include({ code: 'ERR_TRAP', trap: 'unreachable' });
  });

  it('and goes on in its start function is not what makes it trap in a later call', async () => {
    const more = `(func $start ${TRY}) (start $start)`;
    const { instance } = await launch(await fullPlugin({ process: later, more }), { policy });
    expect(thrown(() => instance.process('x', []))).to.include({ code: 'ERR_TRAP', trap: 'unreachable' });
  });

  it('by its own maximum traps', async () => {
    for (const pages of [2, 512]) {
      const memory = `(memory (export "memory") 1 ${pages})`;
      const { instance } = await launch(await fullPlugin({ process: `${ABORT} ${DONE}`, memory }), { policy });
      expect(thrown(() => instance.process('x', []))).to.include({ code: 'ERR_TRAP', trap: 'unreachable' });
    }
  });

  it('traps if it gets what it asks for', async () => {
    const process = '(drop (memory.grow (i32.const 500))) unreachable';
    const { instance } = await launch(await fullPlugin({ process }), { policy });
    expect(thrown(() => instance.process('x', []))).to.include({ code: 'ERR_TRAP', trap: 'unreachable' });
  });

  it('and exits with a failure ends with ERR_MEMORY_LIMIT, with success it just exits', async () => {
    const bytes = await plugin(
      `(module (import "wasi:random/random@0.2.0" "get-random-u64" (func $exit (result i64)))
        (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8192))
        (func (export "toolsku:plugin-system/plugin-api-v1@1.0.0#process") (param i32 i32) (result i32)
          ${TRY} (drop (call $exit)) (i32.const 512)))`,
      'test',
      `package test:test;
       package wasi:random@0.2.0 { interface random { get-random-u64: func() -> u64; } }
       package toolsku:plugin-system@1.0.0 { interface plugin-api-v1 { process: func(input: string) -> string; } }
       world test { import wasi:random/random@0.2.0; export toolsku:plugin-system/plugin-api-v1@1.0.0; }`,
    );
    const exit = async (status: number) => {
      const getRandomU64 = () => {
        throw new Exit(status);
      };
      const { instance } = await launch(bytes, { policy, wasi: { 'wasi:random/random': { getRandomU64 } } });
      return thrown(() => instance.process('', []));
    };
    expect((await exit(2)).code).to.equal('ERR_MEMORY_LIMIT');
    expect(await exit(0)).to.include({ code: 'ERR_TRAP', trap: 'exit' });
  });

  it('in a start function that traps fails to start', async () => {
    const error = await rejection(
      launch(await fullPlugin({ more: `(func $start ${ABORT}) (start $start)` }), { policy }),
    );
    expect(error.code).to.equal('ERR_INITIALIZE_FAILED');
  });

  for (const [language, file, megabytes] of [
    ['C', pluginFiles.redact, 40],
    ['AssemblyScript', pluginFiles.wordCount, 40],
    ['JavaScript', pluginFiles.csvToJson, 16],
  ] as const) {
    it(`ends with ERR_MEMORY_LIMIT if it is written in ${language}`, async () => {
      const { instance } = await launch(new Uint8Array(await readFile(file)), { policy, wasi: 'real' });
      instance.initialize();
      expect(instance.process('a,b\n1,2\n', []).success).to.equal(true);
      const error = thrown(() => instance.process('a,b\n1,2\n'.repeat(megabytes * 131_072), []));
      expect(error.code).to.equal('ERR_MEMORY_LIMIT');
      expect(error.limit).to.deep.equal(limit);
    });
  }
});
