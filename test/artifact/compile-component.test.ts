import { expect } from 'chai';
import { compileModules } from '../../src/artifact/artifact.ts';
import { compileComponent } from '../../src/artifact/compile-component.ts';
import { MEMORY_IMPORT } from '../../src/canonical-abi/plan/plan.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { misfits } from '../fixtures/guests.ts';
import { rejection } from '../support/outcome.ts';
import { component, dummy } from '../support/wat.ts';
import { fullPlugin, watString } from '../workers/guest.ts';
import { type SmallPlugin, smallPlugin } from './components.ts';

const options = { maxMemoryBytes: 32 * 1024 * 1024 };
const MiB = 1024 * 1024;

describe('compileComponent', () => {
  it('makes a plan and core modules, and says what the component is', async () => {
    const bytes = await fullPlugin({ process: '(drop (memory.grow (i32.const 1))) (i32.const 512)' });
    const { contract, summary, binding, modules } = await compileComponent(bytes, options);
    expect(contract).to.deep.equal({
      world: 'plugin-world',
      exportName: 'toolsku:plugin-system/plugin-api@1.0.0',
      hostApi: 'toolsku:plugin-system/host-api@1.0.0',
      wasi: [],
      needs: [],
    });
    expect(summary).to.deep.include({
      bytes: bytes.length,
      imports: ['toolsku:plugin-system/host-api@1.0.0'],
      exports: ['toolsku:plugin-system/plugin-api@1.0.0'],
      features: [],
    });
    expect(summary.memories).to.have.length(1);
    expect(summary.memories[0]).to.include({ instances: 1, minBytes: 65536, bound: 'policy' });
    expect(summary.memories[0]?.maxBytes).to.be.within(31 * MiB, 32 * MiB);
    expect(summary.maxBytes).to.be.at.most(32 * MiB);
    expect(binding.kind).to.equal('direct');
    expect(modules.length).to.be.greaterThan(0);
    for (const module of modules)
      expect(WebAssembly.Module.exports(new WebAssembly.Module(module.bytes))).to.be.an('array');
  });

  it('caps the memories of the modules that it returns', async () => {
    const bytes = await smallPlugin({ core: '(func (export "grow") (result i32) (memory.grow (i32.const 15)))' });
    const { binding, modules, summary } = await compileComponent(bytes, { maxMemoryBytes: MiB });
    const [step] = binding.kind === 'direct' ? binding.plan.initializers : [];
    const [lent] = step?.kind === 'instantiate' ? (step.memories ?? []) : [];
    expect(lent).to.deep.equal({ initial: 1, maximum: 16 });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(modules[0]!.bytes), {
      [MEMORY_IMPORT]: { [MEMORY_IMPORT]: new WebAssembly.Memory(lent!) },
    });
    const { memory, grow } = instance.exports as { memory: WebAssembly.Memory; grow(): number };
    expect(grow()).to.equal(1);
    expect(memory.buffer.byteLength).to.equal(MiB);
    expect(grow()).to.equal(-1);
    expect(summary.memories).to.deep.equal([
      { module: 0, instances: 1, minBytes: 65536, maxBytes: MiB, bound: 'policy' },
    ]);
  });

  it('knows a memory that the module itself bounds', async () => {
    const { summary } = await compileComponent(await smallPlugin(), options);
    expect(summary.memories).to.deep.equal([
      { module: 0, instances: 1, minBytes: 65536, maxBytes: 65536, bound: 'module' },
    ]);
  });

  it("makes jco's glue where it is asked for", async () => {
    const { binding, modules } = await compileComponent(await fullPlugin(), { ...options, binding: 'glue' });
    if (binding.kind !== 'glue') throw new Error('It is not');
    expect(binding.glue).to.match(/^export function instantiate\(/m);
    expect(modules[0]?.name).to.equal('plugin.core.wasm');
  });

  for (const [what, core, feature] of [
    ['exceptions', '(tag $t) (func (try_table (throw $t)))', 'exceptions'],
    ['handlers without tags', '(func (block $h (try_table (catch_all $h))))', 'exceptions'],
    ['several memories', '(memory $second 1 2) (func (drop (memory.grow $second (i32.const 1))))', 'multi-memory'],
  ] as const) {
    it(`binds ${what}, with checks and without, and counts their instructions`, async () => {
      const bytes = await smallPlugin({ core });
      for (const how of [{}, { interrupt: 'trap' }, { metered: true }] as const) {
        const { binding, modules, summary } = await compileComponent(bytes, { ...options, ...how });
        expect([binding.kind, ...summary.features]).to.deep.equal(['direct', feature]);
        for (const module of modules) expect(WebAssembly.validate(module.bytes)).to.equal(true);
      }
      const error = await rejection(compileComponent(bytes, { ...options, binding: 'glue' }));
      expect(error.code).to.equal('ERR_INVALID_COMPONENT');
    });
  }

  it('takes all three worlds', async () => {
    for (const world of ['plugin-world', 'plugin-v1', 'plugin-v2'] as const) {
      expect((await compileComponent(await dummy(world), options)).contract.world).to.equal(world);
    }
  });

  describe('refuses', () => {
    const REFUSED: readonly (readonly [what: string, code: ErrorCode, bytes: () => Promise<Uint8Array>])[] = [
      ['text', 'ERR_NOT_A_COMPONENT', async () => new TextEncoder().encode('(component)')],
      ['a core module', 'ERR_NOT_A_COMPONENT', () => component('(module)')],
      ['a truncated component', 'ERR_INVALID_COMPONENT', async () => (await smallPlugin()).subarray(0, -7)],
      ['a component without exports', 'ERR_INCOMPATIBLE_WIT', () => component('(component)')],
      [
        'an import that nobody could offer: a component',
        'ERR_UNKNOWN_IMPORT',
        () => smallPlugin({ more: '(import "acme:db/query" (component))' }),
      ],
      ['more memory than the policy allows', 'ERR_MEMORY_LIMIT', () => small({ core: '(memory 600)' })],
      [
        'function bodies that do not validate',
        'ERR_INVALID_COMPONENT',
        () => small({ core: '(func (result i32) (i64.const 0))' }),
      ],
      ['exceptions from before WebAssembly 3.0', 'ERR_INVALID_COMPONENT', misfits.legacyExceptions],
      [
        'exceptions that do not validate',
        'ERR_INVALID_COMPONENT',
        () => small({ core: '(tag $t (param i32)) (func (throw $t))' }),
      ],
      [
        'memories that do not validate',
        'ERR_INVALID_COMPONENT',
        () => small({ core: '(memory 1) (func (drop (memory.size 2)))' }),
      ],
      ['a table of exceptions', 'ERR_INVALID_COMPONENT', () => small({ core: '(table 1 exnref)' })],
      [
        'exceptions of many values',
        'ERR_COMPONENT_TOO_COMPLEX',
        () => small({ core: `(tag (param ${'i64 '.repeat(65)}))` }),
      ],
      ['many tags', 'ERR_COMPONENT_TOO_COMPLEX', () => small({ core: '(tag)'.repeat(1025) })],
      [
        'parts that do not fit together, of which one has exceptions',
        'ERR_LINK',
        () => smallPlugin({ core: '(tag)', more: misfit('(func (param i32))') }),
      ],
      ['garbage-collected types', 'ERR_INVALID_COMPONENT', () => small({ core: '(type (struct))' })],
      ['an unused 64-bit memory', 'ERR_INVALID_COMPONENT', () => small({ core: '(memory i64 1 1)' })],
      ['shared memories', 'ERR_INVALID_COMPONENT', () => small({ core: '(memory 1 1 shared)' })],
      ['parts that do not fit together', 'ERR_LINK', () => smallPlugin({ more: misfit('(func (param i32))') })],
      ['a part that is missing', 'ERR_LINK', () => smallPlugin({ more: misfit('(global i32 (i32.const 0))') })],
      ['threads', 'ERR_INVALID_COMPONENT', () => smallPlugin({ more: '(core func (canon thread.index))' })],
    ];
    for (const [what, code, bytes] of REFUSED) {
      it(`${what}: ${code}`, async () => {
        const error = await rejection(compileComponent(await bytes(), options));
        expect(error.code).to.equal(code);
        expect(error.message).to.match(/^[ -~…×]{10,600}$/);
        expect(error.hint).to.be.a('string');
      });
    }

    it('names that would be code in the JavaScript that jco generates (invariant 11)', async () => {
      for (const name of ["a'];globalThis.PWNED=1;['", 'a`', 'a"', 'a\\', 'a\n', '__proto__', 'ä', '{x}', '*/']) {
        const error = await rejection(
          compileComponent(await smallPlugin({ core: `(func (export "${watString(name)}"))` }), options),
        );
        expect(error.code).to.equal('ERR_INVALID_COMPONENT');
        expect(error.message).to.match(/^The component contains a name that is not plain: [ -~]+$/);
      }
      expect(globalThis).not.to.have.property('PWNED');
    });
  });
});

describe('compileModules', () => {
  it('compiles nothing of a module that nothing instantiates', async () => {
    const text = '(core module (func (export "f")) (@custom "name" "x") (memory 1))';
    const [without, unused] = await Promise.all([
      compileComponent(await smallPlugin(), options),
      compileComponent(await smallPlugin({ more: text }), options),
    ]);
    expect(unused.modules).to.have.length(without.modules.length + 1);
    const sizes = (modules: readonly { readonly bytes: Uint8Array }[]): number[] =>
      modules.map(({ bytes }) => bytes.length);
    expect(sizes(unused.modules).sort()).to.deep.equal([...sizes(without.modules), 8].sort());
  });

  it('compiles each module under its name', async () => {
    const compiled = await compileComponent(await fullPlugin(), options);
    const modules = await compileModules({ ...compiled, sha256: '', key: '' });
    expect([...modules.keys()]).to.deep.equal(compiled.modules.map(({ name }) => name));
    for (const module of modules.values()) expect(module).to.be.instanceOf(WebAssembly.Module);
  });

  it('reports what V8 refuses as ERR_INVALID_COMPONENT', async () => {
    const compiled = await compileComponent(await smallPlugin(), options);
    const damaged = [{ name: 'plugin.core.wasm', bytes: new Uint8Array(9) }];
    const error = await rejection(compileModules({ ...compiled, modules: damaged, sha256: '', key: '' }));
    expect(error.code).to.equal('ERR_INVALID_COMPONENT');
    expect(error.message).to.match(/^A core module does not compile: CompileError: /);
  });
});

/** A plugin with a core module more, which is instantiated. */
function small({ core = '' }: SmallPlugin): Promise<Uint8Array> {
  return smallPlugin({ more: `(core module $other ${core}) (core instance (instantiate $other))` });
}

/** Two core modules of which one imports a function `f` from the other, which exports something else. */
function misfit(definition: string): string {
  return `(core module $importer (import "env" "f" (func)))
    (core module $exporter ${definition.replace(/^\((\w+)/, '($1 (export "f")')})
    (core instance $exporter (instantiate $exporter))
    (core instance (instantiate $importer (with "env" (instance $exporter))))`;
}
