import { print } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect } from 'chai';
import { coreModuleBytes } from '../../../src/canonical-abi/plan/core-modules.ts';
import { MEMORY_IMPORT } from '../../../src/canonical-abi/plan/plan.ts';
import { planBinding } from '../../../src/canonical-abi/plan/plan-binding.ts';
import { fromWat } from '../../component/from-wat.ts';

/** The lines of the text format that import or define something, or that are data. */
async function linesOf(bytes: Uint8Array): Promise<string[]> {
  const lines = (await print(bytes)).split('\n').map((line) => line.trim());
  return lines.filter((line) => /^\((memory|import|export|data)/.test(line));
}

const OWN = `(import "${MEMORY_IMPORT}" "${MEMORY_IMPORT}"`;

describe('coreModuleBytes', () => {
  it('has a module import the memory that it defined', async () => {
    const { bytes, component } = await fromWat(`(component
      (import "f" (func $f))
      (core func $f (canon lower (func $f)))
      (core module $m
        (import "host" "f" (func $f))
        (memory (export "memory") 1 5)
        (func (export "run") (call $f) (drop (memory.grow (i32.const 1))))
        (data (i32.const 8) "abc"))
      (core instance (instantiate $m (with "host" (instance (export "f" (func $f)))))))`);
    const [own] = coreModuleBytes(bytes, component);
    expect(await linesOf(own!)).to.deep.equal([
      '(import "host" "f" (func $f (;0;) (type 0)))',
      `${OWN} (memory (;0;) 1 5))`,
      '(export "memory" (memory 0))',
      '(export "run" (func 1))',
      '(data (;0;) (i32.const 8) "abc")',
    ]);
    expect(WebAssembly.validate(own!)).to.equal(true);
    const binding = planBinding(bytes, component);
    const steps = binding.kind === 'direct' ? binding.plan.initializers : [];
    expect(steps.flatMap((step) => (step.kind === 'instantiate' ? (step.memories ?? []) : []))).to.deep.equal([
      { initial: 1, maximum: 5 },
    ]);
  });

  it('makes the section of imports where there is none, of nested components as well', async () => {
    const { bytes, component } = await fromWat(`(component
      (component $c (core module $m (memory 3)) (core instance (instantiate $m)))
      (instance (instantiate $c))
      (core module $n (type (func)) (memory 1) (func (type 0))))`);
    const own = coreModuleBytes(bytes, component);
    expect(await Promise.all(own.map(linesOf))).to.deep.equal([
      [`${OWN} (memory (;0;) 3))`],
      [`${OWN} (memory (;0;) 1))`],
    ]);
    for (const module of own) expect(WebAssembly.validate(module)).to.equal(true);
  });

  it('has a module import several, behind those that it imports already', async () => {
    const { bytes, component } = await fromWat(`(component (core module $m
      (import "a" "m" (memory 7)) (memory $a 1) (memory $b 2 3) (export "b" (memory $b))
      (func (drop (memory.grow $b (i32.const 1))))))`);
    const [own] = coreModuleBytes(bytes, component);
    expect(await linesOf(own!)).to.deep.equal([
      '(import "a" "m" (memory (;0;) 7))',
      `${OWN} (memory $a (;1;) 1))`,
      `(import "${MEMORY_IMPORT}" "${MEMORY_IMPORT} 1" (memory $b (;2;) 2 3))`,
      '(export "b" (memory $b))',
    ]);
    expect(WebAssembly.validate(own!)).to.equal(true);
  });

  for (const [what, module] of [
    ['no memory', '(func)'],
    ['an imported memory', '(import "a" "m" (memory 1))'],
    ['a memory of which one has 64-bit addresses', '(memory 1) (memory i64 1)'],
    ['a memory of 64-bit addresses', '(memory i64 1)'],
    ['an import of the same name', `(import "${MEMORY_IMPORT}" "f" (func)) (memory 1)`],
  ] as const) {
    it(`leaves a module with ${what} as it is`, async () => {
      const { bytes, component } = await fromWat(`(component (core module ${module}))`);
      const text = await linesOf(coreModuleBytes(bytes, component)[0]!);
      expect(text.filter((line) => line.includes('memory') && line.includes(OWN))).to.deep.equal([]);
    });
  }
});
