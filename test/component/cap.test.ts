import { print } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect } from 'chai';
import { capComponent } from '../../src/component/cap.ts';
import { planCaps } from '../../src/component/caps.ts';
import { REFUSED_GROW } from '../../src/component/refused-grow.ts';
import { dummy } from '../support/wat.ts';
import { fromBytes, fromWat, type Parsed, refusal } from './from-wat.ts';

const MiB = 1024 * 1024;

function capped({ bytes, component, analysis }: Parsed, maxMemoryBytes: number): Uint8Array {
  return capComponent(bytes, component, analysis, { maxMemoryBytes });
}

/** The lines of the text format that define or import memories and tables. */
async function limitsIn(bytes: Uint8Array): Promise<string[]> {
  const lines = (await print(bytes)).split('\n').map((line) => line.trim());
  return lines.filter((line) => /^\((memory|table|import .*\((memory|table)) /.test(line));
}

const GROW = '(func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))';
/** Has the byte of \`memory.grow\` in it, as the type of a block, so that its memory could grow for all the caps know. */
const MIGHT_GROW = '(func (block))';

describe('capComponent', () => {
  it('gives memories and tables a maximum, and leaves those of imports alone', async () => {
    const parsed = await fromWat(`(component
      (core module $a (memory (export "m") 1) (table (export "t") 3 funcref) ${GROW})
      (core module $b (import "a" "m" (memory 1)) (import "a" "t" (table 2 funcref)))
      (core instance $a (instantiate $a))
      (core instance (instantiate $b (with "a" (instance $a)))))`);
    expect(await limitsIn(capped(parsed, MiB))).to.deep.equal([
      '(table (;0;) 3 8195 funcref)',
      '(memory (;0;) 1 13)',
      '(import "a" "m" (memory (;0;) 1))',
      '(import "a" "t" (table (;0;) 2 funcref))',
    ]);
  });

  it('changes nothing but limits and the lengths around them', async () => {
    const text = (memory: string, table: string) => `(component
      (component $c
        (core module $m (memory (export "m") ${memory}) (table ${table} funcref) ${MIGHT_GROW} (data "abc"))
        (core instance (instantiate $m)))
      (instance (instantiate $c))
      (type $t (record (field "x" u8)))
      (import "i" (instance (export "f" (func)))))`;
    const wanted = await fromWat(text('1 51', '3 8195'));
    expect(capped(await fromWat(text('1', '3')), 54 * 65_536)).to.deep.equal(wanted.bytes);
  });

  it('makes code that grows what gets a lower maximum tell of refusals', async () => {
    const text = `(component
      (core module $a (memory (export "m") 1) ${GROW})
      (core module $b (memory 1 4) ${GROW})
      (core module $c (import "a" "m" (memory 1)) ${GROW})
      (core instance $a (instantiate $a))
      (core instance (instantiate $b))
      (core instance (instantiate $c (with "a" (instance $a)))))`;
    const { analysis } = fromBytes(capped(await fromWat(text), MiB));
    const flagged = analysis.modules.map(({ exports }) => exports.some(({ name }) => name === REFUSED_GROW));
    expect(flagged).to.deep.equal([true, false, true]);
  });

  it('returns the same bytes where nothing has to change', async () => {
    const parsed = await fromWat(
      `(component (core module $m (memory (export "m") 1 2) ${GROW}) (core instance (instantiate $m)))`,
    );
    expect(capped(parsed, MiB)).to.equal(parsed.bytes);
    const once = fromBytes(capped(fromBytes(await dummy('plugin-world')), 32 * MiB));
    expect(capped(once, 32 * MiB)).to.equal(once.bytes);
  });

  it('rewrites the lengths of nested components that grow beyond one byte', async () => {
    const filler = `(data "${'x'.repeat(96)}")`;
    const parsed = await fromWat(`(component
      (component $c (component $d (core module $m (memory 1) ${GROW} ${filler}) (core instance (instantiate $m)))
        (instance (instantiate $d)))
      (instance (instantiate $c)) (export "c" (component $c)))`);
    const once = fromBytes(capped(parsed, 32 * MiB));
    expect(once.bytes.length).to.be.above(parsed.bytes.length);
    expect(once.analysis.modules[0]?.memories[0]?.limits).to.deep.include({ min: 1, max: 512 });
    expect(once.analysis.exports.map(({ name }) => name)).to.deep.equal(['c']);
  });

  it('writes 64-bit limits as such', async () => {
    const wide = '(memory i64 1) (func (drop (memory.grow (i64.const 1))))';
    const parsed = await fromWat(`(component (core module $m ${wide}) (core instance (instantiate $m)))`);
    expect(await limitsIn(capped(parsed, MiB))).to.deep.equal(['(memory (;0;) i64 1 16)']);
  });

  it('keeps the initialisers of tables', async () => {
    const parsed = await fromWat(`(component
      (core module $m (func $f) (table 2 funcref (ref.func $f)) (table 1 funcref)) (core instance (instantiate $m)))`);
    expect(await limitsIn(capped(parsed, 32 * MiB))).to.deep.equal([
      '(table (;0;) 2 8194 funcref ref.func $f)',
      '(table (;1;) 1 8193 funcref)',
    ]);
  });

  it('refuses what does not fit', async () => {
    const parsed = await fromWat('(component (core module $m (memory 17)) (core instance (instantiate $m)))');
    refusal('ERR_MEMORY_LIMIT', () => capped(parsed, MiB));
  });

  it('holds in V8: all memories together never grow beyond the budget', async () => {
    const parsed = await fromWat(`(component
      (core module $a (memory 1) ${GROW})
      (core module $b (memory 2 40) ${GROW})
      (component $c (alias outer 1 $a (core module $a)) (core instance (instantiate $a)) (core instance (instantiate $a)))
      (core instance (instantiate $b))
      (instance (instantiate $c)) (instance (instantiate $c)))`);
    const budget = 16 * MiB;
    const { bytes, analysis } = fromBytes(capped(parsed, budget));
    let pages = 0;
    for (const index of analysis.order) {
      const { span } = analysis.modules[index]!.module;
      const module = new WebAssembly.Module(Uint8Array.from(bytes.subarray(span.start, span.end)));
      const grow = new WebAssembly.Instance(module).exports.grow as (pages: number) => number;
      while (grow(1) !== -1);
      pages += grow(0);
    }
    expect(pages * 65_536).to.equal(planCaps(analysis, budget).maxBytes);
    expect(pages).to.equal(256);
  });
});
