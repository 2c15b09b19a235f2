import { expect } from 'chai';
import { describeExtern } from '../../src/component/describe.ts';
import type { InstanceType } from '../../src/component/types.ts';
import { dummy } from '../support/wat.ts';
import { fromBytes, fromWat, type Parsed, refusal } from './from-wat.ts';

const counts = ({ analysis }: Parsed) => analysis.modules.map(({ instances }) => instances);

async function refusedWat(code: Parameters<typeof refusal>[0], wat: string) {
  let error: unknown;
  const parsed = await fromWat(wat).catch((thrown: unknown) => {
    error = thrown;
  });
  return refusal(code, () => {
    if (parsed === undefined) throw error;
    return parsed;
  });
}

/** A component that instantiates the one before it twice, `levels` times over. */
function doubling(levels: number, innermost: string): string {
  let text = `(component $c0 ${innermost})`;
  for (let level = 1; level <= levels; level++) {
    text = `(component $c${level} ${text} ${`(instance (instantiate $c${level - 1}))`.repeat(2)})`;
  }
  return `(component ${text} (instance (instantiate $c${levels})))`;
}

describe('analyzeComponent', () => {
  it('resolves the types of a plugin that wit-component wrapped', async () => {
    const { analysis } = fromBytes(await dummy('plugin-world'));
    expect(analysis.imports.map(({ name, kind }) => `${kind} ${name}`)).to.deep.equal([
      'instance toolsku:plugin-system/host-api@1.0.0',
    ]);
    const [api] = analysis.exports;
    expect(describeExtern(api!.name, api!.type).split('\n')).to.include(
      '  process: func(req: process-request) -> process-response;',
    );
    expect(analysis.features).to.deep.equal([]);
  });

  it('counts the instances of each module over nested instantiations, in order', async () => {
    const parsed = await fromWat(`(component
      (core module $a (memory 1))
      (component $inner
        (alias outer 1 $a (core module $outer))
        (core module $b)
        (core instance (instantiate $outer))
        (core instance (instantiate $b)))
      (core module $never)
      (instance (instantiate $inner))
      (core instance (instantiate $a))
      (instance (instantiate $inner)))`);
    expect(counts(parsed)).to.deep.equal([3, 2, 0]);
    expect(parsed.analysis.order).to.deep.equal([0, 1, 0, 0, 1]);
  });

  it('follows modules and components that are passed as arguments', async () => {
    const parsed = await fromWat(`(component
      (core module $m (func (export "f")))
      (component $uses
        (import "m" (core module $m (export "f" (func))))
        (core instance (instantiate $m))
        (core instance (instantiate $m)))
      (component $twice
        (import "c" (component $c (import "m" (core module (export "f" (func))))))
        (import "m" (core module $m (export "f" (func))))
        (instance (instantiate $c (with "m" (core module $m))))
        (instance (instantiate $c (with "m" (core module $m)))))
      (instance (instantiate $twice (with "c" (component $uses)) (with "m" (core module $m)))))`);
    expect(counts(parsed)).to.deep.equal([4]);
  });

  it('composes components whose instances are linked to each other', async () => {
    const { analysis } = await fromWat(`(component
      (import "base" (instance $base (export "r" (type (sub resource)))))
      (alias export $base "r" (type $r))
      (component $a
        (import "base" (instance $base (export "r" (type (sub resource)))))
        (alias export $base "r" (type $r))
        (import "make" (func $make (result (own $r))))
        (export "r2" (type $r))
        (export "make" (func $make)))
      (import "make" (func $make (result (own $r))))
      (instance $i (instantiate $a (with "base" (instance $base)) (with "make" (func $make))))
      (export "i" (instance $i)))`);
    const base = analysis.imports[0]!.type as InstanceType;
    const i = analysis.exports[0]!.type as InstanceType;
    const made = i.exports.get('make');
    // The resource that comes out is the one that went in: one object.
    expect(made?.kind === 'func' && made.result?.kind === 'own' && made.result.resource).to.equal(
      (base.exports.get('r') as { type: unknown }).type,
    );
  });

  it('gives each import of an interface resources of its own', async () => {
    const { analysis } = await fromWat(`(component
      (type $t (instance (export "r" (type (sub resource)))))
      (import "a" (instance (type $t)))
      (import "b" (instance (type $t))))`);
    const [a, b] = analysis.imports.map(({ type }) => (type as InstanceType).exports.get('r') as { type: object });
    expect(a!.type).to.not.equal(b!.type);
  });

  it('hides what an ascribed type does not name', async () => {
    const { analysis } = await fromWat(`(component
      (import "i" (instance $i (export "f" (func)) (export "g" (func))))
      (export "narrow" (instance $i) (instance (export "f" (func))))
      (export "wide" (instance $i)))`);
    expect(analysis.exports.map(({ type }) => [...(type as InstanceType).exports.keys()])).to.deep.equal([
      ['f'],
      ['f', 'g'],
    ]);
  });

  it('reaches types of enclosing scopes through outer aliases', async () => {
    const { analysis } = await fromWat(`(component
      (type $u (record (field "x" u64)))
      (type $i (instance
        (alias outer 1 $u (type $v))
        (export "v" (type $w (eq $v)))
        (export "f" (func (param "p" $w)))))
      (import "i" (instance (type $i))))`);
    expect(describeExtern('i', analysis.imports[0]!.type)).to.equal(
      'interface i {\n  record v {\n    x: u64,\n  }\n  f: func(p: v);\n}',
    );
  });

  it('names the features that a component uses', async () => {
    const { analysis } = await fromWat(`(component
      (core module (memory 1 1 shared))
      (core module (type (struct)))
      (core module (memory i64 1) (memory i64 1))
      (core module (tag))
      (component (type (stream u8)) (type (func async)) (type (list u8 3)))
      (type (future error-context))
      (core func (canon thread.yield)) (core func (canon thread.index)))`);
    expect(analysis.features).to.deep.equal([
      'async',
      'async-built-ins',
      'error-context',
      'exceptions',
      'fixed-length-list',
      'future',
      'gc',
      'memory64',
      'multi-memory',
      'shared-memory',
      'stream',
      'threads',
    ]);
  });

  it('knows which memories code could grow, also through an import', async () => {
    const { analysis } = await fromWat(`(component
      (core module $still (memory (export "memory") 1))
      (core module $grown (memory (export "memory") 1))
      (core module $grows (import "env" "memory" (memory 1)) (func (drop (memory.grow (i32.const 1)))))
      (core instance $still (instantiate $still))
      (core instance $grown (instantiate $grown))
      (alias core export $grown "memory" (core memory $memory))
      (core instance $env (export "memory" (memory $memory)))
      (core instance (instantiate $grows (with "env" (instance $env)))))`);
    expect(
      analysis.modules.map(({ memories }) => memories.map((memory) => analysis.growable.has(memory))),
    ).to.deep.equal([[false], [true], []]);
  });

  it('refuses more than 1,000 instances, however they come about', async () => {
    const many = `(component (core module $m) ${'(core instance (instantiate $m))'.repeat(1001)})`;
    expect((await refusedWat('ERR_INVALID_COMPONENT', many)).message).to.include('more than 1000 instances');
    await refusedWat('ERR_INVALID_COMPONENT', doubling(40, '(core module $m) (core instance (instantiate $m))'));
    expect(counts(await fromWat(doubling(7, '(core module $m) (core instance (instantiate $m))')))).to.deep.equal([
      128,
    ]);
  });

  it('bounds the steps that instance types cost when they are imported again and again', async () => {
    const type = `(type $t (instance ${Array.from({ length: 2000 }, (_, index) => `(export "f${index}" (func))`).join('')}))`;
    const imports = Array.from({ length: 1000 }, (_, index) => `(import "i${index}" (instance (type $t)))`).join('');
    expect((await refusedWat('ERR_INVALID_COMPONENT', `(component ${type} ${imports})`)).message).to.include(
      '1000000 steps',
    );
  });

  it('refuses types that nest too deep to walk', async () => {
    const types = Array.from({ length: 200 }, (_, index) => `(type $t${index + 1} (option $t${index}))`).join('');
    const error = await refusedWat('ERR_INVALID_COMPONENT', `(component (type $t0 u8) ${types})`);
    expect(error.message).to.include('types nest more than 100 deep');
  });

  describe('on components that do not link', () => {
    it('refuses an instantiation that lacks an argument', async () => {
      const error = await refusedWat(
        'ERR_LINK',
        '(component (component $c (import "x" (func))) (instance (instantiate $c)))',
      );
      expect(error.message).to.include('is instantiated without "x"');
    });

    it('refuses an argument of another sort', async () => {
      const error = await refusedWat(
        'ERR_LINK',
        '(component (component $c (import "x" (func))) (instance $i) (instance (instantiate $c (with "x" (instance $i)))))',
      );
      expect(error.message).to.include('expected a func, got an instance: "x"');
    });

    it('refuses an instance that lacks an export that its type declares', async () => {
      await refusedWat(
        'ERR_LINK',
        `(component (component $c (import "x" (instance (export "f" (func))))) (instance $i)
          (instance (instantiate $c (with "x" (instance $i)))))`,
      );
    });

    it('refuses a core module whose imports are not given', async () => {
      const error = await refusedWat(
        'ERR_LINK',
        '(component (core module $m (import "a" "b" (func))) (core instance (instantiate $m)))',
      );
      expect(error.message).to.include('without its import of a func: "a.b"');
    });

    it('refuses aliases of exports that do not exist or have another sort', async () => {
      await refusedWat(
        'ERR_LINK',
        '(component (core module $m (memory (export "m") 1)) (core instance $i (instantiate $m)) (alias core export $i "m" (core func)))',
      );
      await refusedWat('ERR_LINK', '(component (import "i" (instance $i)) (alias export $i "f" (func)))');
    });

    it('refuses indices that do not exist yet', async () => {
      await refusedWat('ERR_INVALID_COMPONENT', '(component (export "a" (func 7)))');
      // An alias section with one alias: type 0, three scopes outward.
      const outer = Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 6, 5, 1, 0x03, 0x02, 3, 0]);
      const error = refusal('ERR_INVALID_COMPONENT', () => fromBytes(outer));
      expect(error.message).to.include('reaches 3 scopes outward');
    });
  });
});
