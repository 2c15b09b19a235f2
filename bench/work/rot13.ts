import { Buffer } from 'node:buffer';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { corePlugin } from '../../test/fixtures/core-plugin.ts';
import { plugin } from '../../test/support/wat.ts';

/**
 * The work that all candidates do: ROT13, which reads and writes every byte of its input, is a few lines in any
 * language, and so small that what is measured is the way there and back.
 */
export function rot13(text: string): string {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at++) {
    const letter = (bytes[at]! | 32) - 97;
    if (letter >= 0 && letter < 26) bytes[at] = bytes[at]! + (letter < 13 ? 13 : -13);
  }
  return bytes.toString();
}

/**
 * The same over `$n` bytes at `$p`, in WebAssembly.
 *
 * @public The Extism plugin, which is in a package of its own, has it too.
 */
export const ROT13_WAT = `
  (func $rot13 (param $p i32) (param $n i32) (local $end i32) (local $byte i32) (local $letter i32)
    (local.set $end (i32.add (local.get $p) (local.get $n)))
    (loop $next (if (i32.lt_u (local.get $p) (local.get $end)) (then
      (local.set $byte (i32.load8_u (local.get $p)))
      (local.set $letter (i32.sub (i32.or (local.get $byte) (i32.const 32)) (i32.const 97)))
      (if (i32.lt_u (local.get $letter) (i32.const 26)) (then
        (i32.store8 (local.get $p) (i32.add (local.get $byte)
          (select (i32.const 13) (i32.const -13) (i32.lt_u (local.get $letter) (i32.const 13)))))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br $next)))))`;

/** The work as a component; when it is done an odd number of times, it only takes longer. */
export function rot13Bytes(times = 1): Promise<Uint8Array> {
  return plugin(
    corePlugin({
      definitions: `${ROT13_WAT}
        (func $repeat (param $p i32) (param $n i32) (local $left i32)
          (local.set $left (i32.const ${times}))
          (loop $again
            (call $rot13 (local.get $p) (local.get $n))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))`,
      process: '(call $repeat (local.get $p) (local.get $n)) (call $ok (local.get $p) (local.get $n))',
    }),
  );
}

/** The same in a file, which is there for as long as `use` takes. */
export async function withRot13Component<Result>(use: (path: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-bench-'));
  try {
    const path = join(directory, 'rot13.wasm');
    await writeFile(path, await rot13Bytes());
    return await use(path);
  } finally {
    await rm(directory, { recursive: true });
  }
}
