import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { paramsLayout, type WitType } from './wit-types.ts';

export type Encoding = 'utf8' | 'utf16' | 'compact-utf16';

/**
 * A component whose `run` passes its parameters on to `echo` of the host, and returns what that returns: values cross
 * all four ways, lowered and lifted, flat and in memory, whatever their types. `run` returns a value of the last type.
 */
export async function echoComponent(types: readonly WitType[], stringEncoding: Encoding = 'utf8'): Promise<Uint8Array> {
  const result = types.at(-1)!;
  const flat = paramsLayout(types).flat ?? ['i32'];
  const flatResult = result.layout.flat?.length === 1 ? result.layout.flat[0] : undefined;
  const params = flat.length === 0 ? '' : `(param ${flat.join(' ')})`;
  const passed = flat.map((_, index) => `(local.get ${index})`).join(' ');
  const host = flatResult === undefined ? `(param ${[...flat, 'i32'].join(' ')})` : `${params} (result ${flatResult})`;
  const run =
    flatResult === undefined
      ? `(result i32) (call $echo ${passed} (i32.const 1024)) (i32.const 1024)`
      : `(result ${flatResult}) (call $echo ${passed})`;
  const wit = `package test:test;
    interface host { ${signature('echo', types)} }
    interface api { ${uses(types)} ${signature('run', types, false)} }
    world test { import host; export api; }`;
  const binary = await parse(`(module
    (import "test:test/host" "echo" (func $echo ${host}))
    (memory (export "memory") 16)
    (global $free (mut i32) (i32.const ${1024 + (result.layout.size + 1024)}))
    ${REALLOC}
    (func (export "test:test/api#run") ${params} ${run}))`);
  return componentNew(await componentEmbed({ binary, witSource: wit, world: 'test', stringEncoding }), []);
}

/** A component whose `give` returns what lies at `pointer` of a memory that holds `bytes`, or a core value. */
export async function givingComponent(type: WitType, bytes: Uint8Array, flat: string): Promise<Uint8Array> {
  const flatResult = type.layout.flat?.length === 1 ? type.layout.flat[0] : undefined;
  const wit = `package test:test;
    interface api { ${type.declarations.join(' ')} give: func() -> ${type.wit}; }
    world test { export api; }`;
  const data = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
  const binary = await parse(`(module
    (memory (export "memory") 1)
    (data (i32.const 64) "${data}")
    (func (export "test:test/api#give") (result ${flatResult ?? 'i32'})
      ${flatResult === undefined ? '(i32.const 64)' : flat}))`);
  return componentNew(await componentEmbed({ binary, witSource: wit, world: 'test' }), []);
}

function signature(name: string, types: readonly WitType[], declare = true): string {
  const declarations = declare ? declarationsOf(types).join(' ') : '';
  const params = types.map(({ wit }, index) => `p${index}: ${wit}`).join(', ');
  return `${declarations} ${name}: func(${params}) -> ${types.at(-1)!.wit};`;
}

function declarationsOf(types: readonly WitType[]): readonly string[] {
  return [...new Set(types.flatMap(({ declarations }) => declarations))];
}

function uses(types: readonly WitType[]): string {
  const names = declarationsOf(types).map((declaration) => declaration.split(' ')[1]!);
  return names.length === 0 ? '' : `use host.{${names.join(', ')}};`;
}

/** A bump allocator that grows the memory, so that views go stale at any allocation. */
const REALLOC = `
  (func (export "cabi_realloc") (param $old i32) (param $was i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (global.set $free (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (local.set $at (global.get $free))
    (global.set $free (i32.add (global.get $free) (local.get $size)))
    (drop (memory.grow (i32.const 1)))
    (local.get $at))`;
