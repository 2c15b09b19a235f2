import { expect } from 'chai';
import type { Binding, BindingPlan } from '../../../src/canonical-abi/plan/plan.ts';
import { planBinding } from '../../../src/canonical-abi/plan/plan-binding.ts';
import { parseComponent } from '../../../src/component/parse.ts';
import { echo, memories, wasi } from '../../fixtures/guests.ts';
import { thrown } from '../../support/outcome.ts';
import { component } from '../../support/wat.ts';

async function bindingOf(text: string | Uint8Array): Promise<Binding> {
  const bytes = typeof text === 'string' ? await component(text) : text;
  return planBinding(bytes, parseComponent(bytes));
}

async function planOf(text: string | Uint8Array): Promise<BindingPlan> {
  const binding = await bindingOf(text);
  if (binding.kind === 'unsupported') throw new Error(binding.reason);
  return binding.plan;
}

const LIFT = `(core module $m (func (export "f") (result i32) (i32.const 1)))
  (core instance $i (instantiate $m))`;

describe('planBinding', () => {
  it('flattens what wit-component emits: shim, module and fixup, without the component around the exports', async () => {
    const plan = await planOf(await echo());
    expect(plan.initializers.map(({ kind }) => kind)).to.deep.equal([
      'instantiate',
      'bundle',
      'instantiate',
      'memory',
      'context',
      'lower',
      'lower',
      'lower',
      'bundle',
      'instantiate',
      ...plan.initializers.slice(10).map(({ kind }) => kind),
    ]);
    expect(plan.exports).to.have.length(1);
    expect(plan.exports[0]).to.include({ name: 'toolsku:plugin-system/plugin-api@1.0.0', kind: 'instance' });
  });

  it('survives JSON and structured clone', async () => {
    const plan = await planOf(await wasi());
    expect(JSON.parse(JSON.stringify(plan))).to.deep.equal(plan);
    expect(structuredClone(plan)).to.deep.equal(plan);
  });

  it('makes only what is used', async () => {
    const plan = await planOf(`(component
      (import "unused" (func $unused))
      (core func (canon lower (func $unused)))
      (type $r (resource (rep i32)))
      (core func (canon resource.drop $r)))`);
    expect(plan.initializers).to.deep.equal([]);
  });

  it('gives equal types one index, wherever they are declared', async () => {
    const plan = await planOf(`(component
      (import "a" (func $a (param "x" (tuple u8 u16)) (result u8)))
      (import "b" (func $b (param "y" (tuple u8 u16)) (result u8)))
      (core func $la (canon lower (func $a)))
      (core func $lb (canon lower (func $b)))
      (core module $m
        (import "" "a" (func (param i32 i32) (result i32))) (import "" "b" (func (param i32 i32) (result i32))))
      (core instance (instantiate $m (with "" (instance (export "a" (func $la)) (export "b" (func $lb)))))))`);
    expect(plan.signatures).to.have.length(1);
    expect(plan.types.map(({ kind }) => kind)).to.deep.equal(['u8', 'u16', 'tuple']);
  });

  it('makes the resource types of each instance of a component anew', async () => {
    const plan = await planOf(`(component
      (component $c
        (type $r (resource (rep i32)))
        (core func $new (canon resource.new $r))
        (core module $m (import "" "new" (func $new (param i32) (result i32)))
          (func (export "f") (result i32) (call $new (i32.const 1))))
        (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
        (export $e "r" (type $r))
        (func (export "f") (result (own $e)) (canon lift (core func $i "f"))))
      (instance $a (instantiate $c))
      (instance $b (instantiate $c))
      (export "a" (instance $a))
      (export "b" (instance $b)))`);
    const resources = plan.initializers.filter(({ kind }) => kind === 'resource');
    expect(resources).to.deep.equal([
      { kind: 'resource', instance: 1 },
      { kind: 'resource', instance: 2 },
    ]);
    expect(plan.types).to.deep.equal([
      { kind: 'own', resource: 0 },
      { kind: 'own', resource: 1 },
    ]);
    expect(plan.instances).to.equal(3);
  });

  describe('leaves to the other binding, and says why,', () => {
    for (const [what, text, reason] of [
      ['threads', '(component (core func (canon thread.index)))', 'it uses threads'],
      ['error contexts', '(component (core func (canon error-context.drop)))', 'it uses error contexts'],
      ['imported modules', '(component (import "m" (core module)))', 'it imports a core module'],
      ['imported components', '(component (import "c" (component)))', 'it imports a component'],
      ['64-bit memories', '(component (core module (memory i64 1)))', 'it has a memory of 64-bit addresses'],
    ] as const) {
      it(what, async () => {
        expect(await bindingOf(text)).to.deep.equal({ kind: 'unsupported', reason });
      });
    }

    it('garbage collection', async () => {
      const binding = await bindingOf(await memories.gcAllocates());
      expect(binding).to.include({ kind: 'unsupported' });
    });
  });

  describe('refuses', () => {
    for (const [what, text, code, message] of [
      [
        'a lifted function of another core type',
        `(component ${LIFT} (func (export "f") (result u64) (canon lift (core func $i "f"))))`,
        'ERR_INVALID_COMPONENT',
        /a core function of type ` -> i32` where ` -> i64` is needed/,
      ],
      [
        'a string without a memory',
        `(component ${LIFT} (func (export "f") (result string) (canon lift (core func $i "f"))))`,
        'ERR_INVALID_COMPONENT',
        /the canonical option memory is missing/,
      ],
      [
        'a list parameter without realloc',
        `(component (core module $m (memory (export "m") 1) (func (export "f") (param i32 i32)))
          (core instance $i (instantiate $m))
          (func (export "f") (param "l" (list u8)) (canon lift (core func $i "f") (memory (core memory $i "m")))))`,
        'ERR_INVALID_COMPONENT',
        /the canonical option realloc is missing/,
      ],
      [
        'a lowered function that a module imports with another core type',
        `(component (import "f" (func $f (param "x" u64)))
          (core func $l (canon lower (func $f)))
          (core module $m (import "" "f" (func (param i32))))
          (core instance (instantiate $m (with "" (instance (export "f" (func $l)))))))`,
        'ERR_LINK',
        /given a function of another type/,
      ],
      [
        'an argument of another type than the import',
        `(component
          (component $c (core module $m (func (export "f") (result i32) (i32.const 1)))
            (core instance $i (instantiate $m))
            (func (export "f") (result u32) (canon lift (core func $i "f"))))
          (component $d (import "f" (func $f (result s32)))
            (core func $l (canon lower (func $f)))
            (core module $m (import "" "f" (func (result i32))))
            (core instance (instantiate $m (with "" (instance (export "f" (func $l)))))))
          (instance $c (instantiate $c))
          (instance (instantiate $d (with "f" (func $c "f")))))`,
        'ERR_LINK',
        /a function is given another type/,
      ],
      [
        'a core module without its import',
        '(component (core module $m (import "a" "b" (func))) (core instance (instantiate $m)))',
        'ERR_LINK',
        /instantiated without its import of a func: "a\.b"/,
      ],
    ] as const) {
      it(what, async () => {
        const bytes = await component(text);
        const error = thrown(() => planBinding(bytes, parseComponent(bytes)));
        expect(error.code).to.equal(code);
        expect(error.message).to.match(message);
      });
    }
  });
});
