import { readFile } from 'node:fs/promises';
import { print } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect } from 'chai';
import { pluginFiles } from '../../examples/plugins/files.ts';
import { transpile } from '../../src/artifact/transpile.ts';
import { capComponent } from '../../src/component/cap.ts';
import { REFUSED_GROW } from '../../src/component/refused-grow.ts';
import { fromBytes, fromWat, type Parsed } from './from-wat.ts';

const MiB = 1024 * 1024;

function capped({ bytes, component: parsed, analysis }: Parsed, maxMemoryBytes = MiB): Uint8Array {
  return capComponent(bytes, parsed, analysis, { maxMemoryBytes });
}

/** The core modules of a component, in the order of the file. */
function coreModules(bytes: Uint8Array): Uint8Array[] {
  return fromBytes(bytes).analysis.modules.map(({ module: { span } }) => bytes.slice(span.start, span.end));
}

/** The core module of these fields, capped to 16 pages as the one module of a component. */
async function cappedModule(fields: string): Promise<Uint8Array> {
  const parsed = await fromWat(`(component (core module $m ${fields}) (core instance (instantiate $m)))`);
  return coreModules(capped(parsed))[0]!;
}

type Exports = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

function instantiate(module: Uint8Array, imports?: WebAssembly.Imports): Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(module), imports).exports as Exports;
}

/** What a core instance says of refusals; undefined if it is not instrumented. */
function refused(exports: Exports): unknown {
  return (exports as WebAssembly.Exports as Record<string, WebAssembly.Global | undefined>)[REFUSED_GROW]?.value;
}

const GROW = '(func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))';

/** `(module (table i64 1 funcref))` */
const TABLE64 = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 4, 4, 1, 0x70, 4, 1);

describe('instrumentGrowth', () => {
  it('grows as before, and tells of a refusal however much was asked for', async () => {
    const module = await cappedModule(`(memory 1) ${GROW}`);
    for (const pages of [11, 1600, 65_530]) {
      const exports = instantiate(module);
      expect([exports.grow!(0), exports.grow!(5), exports.grow!(0), refused(exports)]).to.deep.equal([1, 1, 6, 0]);
      expect([exports.grow!(pages), refused(exports)], `${pages} pages`).to.deep.equal([-1, 1]);
      expect([exports.grow!(10), exports.grow!(0)]).to.deep.equal([6, 16]);
    }
  });

  it('does not tell of what no policy would allow', async () => {
    const exports = instantiate(await cappedModule(`(memory 1) ${GROW}`));
    for (const pages of [65_536, -65_536, -2, -1]) expect(exports.grow!(pages)).to.equal(-1);
    expect(refused(exports)).to.equal(0);
    expect([exports.grow!(65_535), refused(exports)]).to.deep.equal([-1, 1]);
  });

  it('does not tell of what the plugin itself does not allow', async () => {
    const exports = instantiate(await cappedModule(`(memory 1 100) ${GROW}`));
    expect([exports.grow!(100), refused(exports)]).to.deep.equal([-1, 0]);
    expect([exports.grow!(99), refused(exports)]).to.deep.equal([-1, 1]);
    // It gets all that it declares.
    expect(refused(instantiate(await cappedModule(`(memory 1 16) ${GROW}`)))).to.equal(undefined);
  });

  it('tells of each memory of a module, 64-bit ones included', async () => {
    const fields = `(memory 1 2) (memory i64 1) (memory 1)
      (func (export "first") (param i32) (result i32) (memory.grow 0 (local.get 0)))
      (func (export "third") (param i32) (result i32) (memory.grow 2 (local.get 0)))
      (func (export "second") (param i64) (result i64) (memory.grow 1 (local.get 0)))`;
    const module = await cappedModule(fields);
    const first = instantiate(module);
    expect([first.first!(2), refused(first)]).to.deep.equal([-1, 0]);
    const second = instantiate(module);
    expect([second.second!(2n ** 63n), second.second!(-1n), refused(second)]).to.deep.equal([-1n, -1n, 0]);
    expect([second.second!(2n), second.second!(1000n), refused(second)]).to.deep.equal([1n, -1n, 1]);
    const third = instantiate(module);
    expect([third.third!(1000), refused(third)]).to.deep.equal([-1, 1]);
  });

  it('tells of memories that are imported, by what their own module allows them', async () => {
    const parsed = await fromWat(`(component
      (core module $bounded (memory (export "m") 1 2) (func (drop (memory.grow (i32.const 1)))))
      (core module $free (memory (export "m") 1))
      (core module $a (import "env" "m" (memory 1)) ${GROW})
      (core module $b (import "env" "m" (memory 1)) ${GROW})
      (core instance $bounded (instantiate $bounded))
      (core instance $free (instantiate $free))
      (core instance (instantiate $a (with "env" (instance $bounded))))
      (core instance (instantiate $b (with "env" (instance $free)))))`);
    const [bounded, free, a, b] = coreModules(capped(parsed));
    const growsBounded = instantiate(a!, { env: { m: instantiate(bounded!).m } });
    expect([growsBounded.grow!(1000), refused(growsBounded)]).to.deep.equal([-1, undefined]);
    const growsFree = instantiate(b!, { env: { m: instantiate(free!).m } });
    expect([growsFree.grow!(1000), refused(growsFree)]).to.deep.equal([-1, 1]);
  });

  it('takes the larger of two memories that instances of one module are given', async () => {
    const parsed = await fromWat(`(component
      (core module $small (memory (export "m") 1 2)) (core module $large (memory (export "m") 1 100))
      (core module $grows (import "env" "m" (memory 1)) ${GROW})
      (core instance $small (instantiate $small)) (core instance $large (instantiate $large))
      (core instance (instantiate $grows (with "env" (instance $small))))
      (core instance (instantiate $grows (with "env" (instance $large)))))`);
    const [, large, grows] = coreModules(capped(parsed));
    const exports = instantiate(grows!, { env: { m: instantiate(large!).m } });
    expect([exports.grow!(100), refused(exports)]).to.deep.equal([-1, 0]);
    expect([exports.grow!(99), refused(exports)]).to.deep.equal([-1, 1]);
  });

  it('tells of tables', async () => {
    const parsed = await fromWat(`(component
      (core module $defines (table (export "t") 1 1 funcref))
      (core module $m (import "env" "t" (table 1 funcref)) (table 1 externref)
        (func (export "externs") (param externref i32) (result i32) (table.grow 1 (local.get 0) (local.get 1)))
        (func (export "get") (param i32) (result externref) (table.get 1 (local.get 0))))
      (core instance $defines (instantiate $defines))
      (core instance (instantiate $m (with "env" (instance $defines)))))`);
    const [defines, grows] = coreModules(capped(parsed));
    const exports = instantiate(grows!, { env: { t: instantiate(defines!).t } });
    expect([exports.externs!('x', 2), exports.get!(2), refused(exports)]).to.deep.equal([1, 'x', 0]);
    expect([exports.externs!('x', 10_000_000), refused(exports)]).to.deep.equal([-1, 0]);
    expect([exports.externs!('x', 9_000), refused(exports)]).to.deep.equal([-1, 1]);
  });

  // Behind a flag in Node 22.
  if (WebAssembly.validate(TABLE64)) {
    it('tells of tables with wide indices', async () => {
      const exports = instantiate(
        await cappedModule(`(table i64 2 20000 funcref)
          (func (export "wide") (param i64) (result i64) (table.grow 0 (ref.null func) (local.get 0)))`),
      );
      expect([exports.wide!(19_999n), refused(exports)]).to.deep.equal([-1n, 0]);
    });
  }

  it('shifts no index', async () => {
    const exports = instantiate(
      await cappedModule(`(type (func (result i32))) (rec (type (func)) (type $grow (func (param i32) (result i32))))
        (table funcref (elem $one $grow)) (memory 1) (memory 1) (tag)
        (global $g (mut i32) (i32.const 7)) (global (export "g") i32 (i32.const 8))
        (func $one (result i32) (global.get $g))
        (func $grow (export "grow") (type $grow) (memory.grow (local.get 0)))
        (func (export "indirect") (param i32) (result i32)
          (call_indirect (type $grow) (local.get 0) (i32.const 1)))
        (func (export "one") (result i32) (call $one))
        (func $start (global.set $g (i32.const 9))) (start $start) (func (param f64))
        (data (i32.const 0) "abc")`),
    );
    expect([exports.one!(), exports.indirect!(2), exports.indirect!(1000), refused(exports)]).to.deep.equal([
      9, 1, -1, 1,
    ]);
  });

  it('changes calls that are many or far apart, and bodies whose length then needs another byte', async () => {
    const many = `(func (export "many") (param i32) ${'(drop (memory.grow (local.get 0)))'.repeat(30)})`;
    const exports = instantiate(await cappedModule(`(memory 1) ${'(func)'.repeat(300)} ${many} ${GROW}`));
    exports.many!(0);
    expect(refused(exports)).to.equal(0);
    exports.many!(1);
    expect([exports.grow!(0), refused(exports)]).to.deep.equal([16, 1]);
  });

  it('keeps code that cannot be reached as valid as it was', async () => {
    const unreachable =
      '(func unreachable memory.grow memory.grow drop) (func (param i32) (return) (memory.grow) (drop))';
    expect(WebAssembly.validate(await cappedModule(`(memory 1) ${unreachable}`))).to.equal(true);
  });

  it('keeps names and other custom sections', async () => {
    const text = await print(
      await cappedModule(`(@custom "before" (before first) "1") (@custom "behind" (after code) "2")
        (func $named (drop (memory.grow (i32.const 1)))) (memory $heap 1)`),
    );
    expect(text)
      .to.include('(func $named')
      .and.include('(memory $heap')
      .and.include('"before"')
      .and.include('"behind"');
    expect(text).to.match(/\(func \$named .*\n\s+i32\.const 1\n\s+call 1\n\s+drop/);
  });

  it('leaves alone what grows nothing, has no code, or has taken the name', async () => {
    for (const fields of [
      '(memory (export "m") 1) (func (block))',
      '(memory (export "m") 1)',
      '(table 1 funcref)',
      `(memory (export "m") 1) ${GROW} (global (export "${REFUSED_GROW}") i32 (i32.const 5))`,
    ]) {
      const parsed = await fromWat(`(component (core module $m ${fields}) (core instance (instantiate $m)))`);
      const [before] = coreModules(parsed.bytes);
      const [after] = coreModules(capped(parsed));
      // Nothing but the limits of a memory or table.
      expect(after!.length, fields).to.be.within(before!.length, before!.length + 2);
    }
  });

  it('only caps a module with an instruction that it does not know', async () => {
    // i64.add128, of the wide-arithmetic proposal.
    const wide =
      '(func (param i64 i64 i64 i64) (result i64 i64) (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))';
    const text = await print(await cappedModule(`(memory 1) ${GROW} ${wide}`));
    expect(text).to.include('(memory (;0;) 1 16)').and.include('memory.grow').and.not.include(REFUSED_GROW);
  });

  it('makes valid modules of what compilers make', async () => {
    for (const file of Object.values(pluginFiles)) {
      const bytes = capped(fromBytes(new Uint8Array(await readFile(file))), 32 * MiB);
      const modules = coreModules(bytes);
      expect(modules.map((module) => WebAssembly.validate(module))).to.not.include(false);
      const flags = modules.filter((module) =>
        WebAssembly.Module.exports(new WebAssembly.Module(module)).some(({ name }) => name === REFUSED_GROW),
      );
      expect(flags, file.href).to.have.length(1);
    }
  });

  it('passes through jco, and changes nothing of its glue', async () => {
    const parsed = await fromWat(`(component
      (core module $m (memory (export "a") 1) ${GROW})
      (core instance $m (instantiate $m))
      (func (export "grow") (param "n" u32) (result s32) (canon lift (core func $m "grow"))))`);
    const before = await transpile(parsed.bytes);
    const after = await transpile(capped(parsed));
    expect(after.glue).to.equal(before.glue);
    expect(after.modules.map(({ bytes }) => bytes)).to.deep.equal(coreModules(capped(parsed)));
  });
});
