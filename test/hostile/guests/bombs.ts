import { componentEmbed, componentNew, parse, print } from '@bytecodealliance/jco-transpile/wasm-tools';
import { corePlugin, type Guest, guest } from '../../fixtures/core-plugin.ts';
import { component, contractWit, plugin } from '../../support/wat.ts';
import { syscalls } from './syscalls.ts';

/** A guest with more parts: `text` is put at the end of the component. */
const extended = (text: string, base: Guest = () => plugin(corePlugin())): Guest =>
  guest(async () => {
    const printed = await print(await base());
    return component(`${printed.slice(0, printed.lastIndexOf(')'))}\n${text}\n)`);
  });

/** The guest that takes scripts, with a memory of 64-bit addresses that it never uses. */
export const wideSyscalls: Guest = extended('(core module (memory i64 1))', syscalls);

const GREEDY = `
  (memory 1)
  (func $start
    (loop $more
      (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (memory.fill (i32.const 0) (i32.const 1) (i32.shl (memory.size) (i32.const 16))))
  (start $start)`;

/** One module is instantiated ten times; each instance takes and fills all the memory that it gets, when it starts. */
export const tenGreedyInstances: Guest = extended(`
  (core module $greedy ${GREEDY})
  ${'(core instance (instantiate $greedy))\n'.repeat(10)}`);

/** Nine hundred instances of a module with a page of memory. */
export const manyPages: Guest = extended(`
  (core module $page (memory 1))
  ${'(core instance (instantiate $page))\n'.repeat(900)}`);

const memories = (count: number): Guest =>
  extended(`
  (core module $empty (memory 0))
  ${'(core instance (instantiate $empty))\n'.repeat(count)}`);

/** Has ten memories beside its own, which are empty: what they take is addresses. */
export const tenMemories: Guest = memories(10);
export const thirtyMemories: Guest = memories(30);

/** A hundred thousand instances of a module that takes no memory at all. */
export const hundredThousandInstances: Guest = extended(`
  (core module $nothing)
  ${'(core instance (instantiate $nothing))\n'.repeat(100_000)}`);

/** Components that each hold two instances of the one before: 2³⁰ instances in three kilobytes. */
export const doublingInstances: Guest = extended(
  `${Array.from({ length: 30 }, (_, level) =>
    level === 0
      ? '(component $c0 (core module $m (memory 1)) (core instance (instantiate $m)))'
      : `(component $c${level} (alias outer 1 $c${level - 1} (component $inner))
          (instance (instantiate $inner)) (instance (instantiate $inner)))`,
  ).join('\n')}(instance (instantiate $c29))`,
);

/** Tuples that each hold the one before twice: a type of 2⁶⁰ numbers. */
export const doublingTypes: Guest = extended(
  `(type $t0 (tuple u32 u32))\n${Array.from({ length: 60 }, (_, level) => `(type $t${level + 1} (tuple $t${level} $t${level}))`).join('\n')}
  (type $f (func (param "x" $t60)))
  (component (import "f" (func (param "x" u8))))`,
);

/** Components within components, ten thousand deep: what walks them by recursion must not run out of stack. */
export const deepComponents: Guest = guest(async () => {
  const inner = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00);
  let bytes: number[] = [...inner];
  for (let level = 0; level < 2000; level++) bytes = [...inner, 0x04, ...leb128(bytes.length), ...bytes];
  return Uint8Array.from(bytes);
});

/** Says that a vector has four billion entries, in a file of a few bytes. */
export const hugeVector: Guest = guest(async () =>
  Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00, 0x07, 0x05, 0xff, 0xff, 0xff, 0xff, 0x0f),
);

function leb128(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb128(value >>> 7)];
}

/** A plugin whose strings are UTF-16, and whose output is half of a surrogate pair. */
export const loneSurrogate: Guest = guest(async () => {
  const binary = await parse(
    corePlugin((text) => ({
      // `hello` is what the next request says.
      process: `(if (i32.ne (local.get $n) (i32.const 5)) (then (return (call $ok ${text.at(Uint8Array.of(0x3d, 0xd8))}))))
        (call $ok (local.get $p) (local.get $n))`,
      metadata: `(call $metadata ${text.at(Uint8Array.of(0x61, 0))} ${text.at('')} ${text.at('')})`,
      realloc: '(call $bump (local.get $old) (local.get $oldSize) (local.get $size))',
    })),
  );
  return componentNew(
    await componentEmbed({ binary, witSource: contractWit, world: 'plugin-world', stringEncoding: 'utf16' }),
    [],
  );
});
