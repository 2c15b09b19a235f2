import createPlugin from '@extism/extism';
import type { Candidate } from '../../../src/bench/scenario.ts';
import { component as assemble } from '../../../test/support/wat.ts';
import { ROT13_WAT } from '../../work/rot13.ts';

/** What a plugin development kit makes of the work: the input is loaded by eight bytes, and the output stored so. */
const PLUGIN = `(module
  (import "extism:host/env" "input_length" (func $input-length (result i64)))
  (import "extism:host/env" "input_load_u64" (func $load (param i64) (result i64)))
  (import "extism:host/env" "input_load_u8" (func $load-byte (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
  (import "extism:host/env" "store_u8" (func $store-byte (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 2)
  ${ROT13_WAT}
  (func (export "process") (result i32) (local $length i64) (local $at i64) (local $out i64)
    (local.set $length (call $input-length))
    (block $words-loaded (loop $next
      (br_if $words-loaded (i64.gt_u (i64.add (local.get $at) (i64.const 8)) (local.get $length)))
      (i64.store (i32.wrap_i64 (local.get $at)) (call $load (local.get $at)))
      (local.set $at (i64.add (local.get $at) (i64.const 8)))
      (br $next)))
    (block $loaded (loop $next
      (br_if $loaded (i64.ge_u (local.get $at) (local.get $length)))
      (i32.store8 (i32.wrap_i64 (local.get $at)) (call $load-byte (local.get $at)))
      (local.set $at (i64.add (local.get $at) (i64.const 1)))
      (br $next)))
    (call $rot13 (i32.const 0) (i32.wrap_i64 (local.get $length)))
    (local.set $out (call $alloc (local.get $length)))
    (local.set $at (i64.const 0))
    (block $words-stored (loop $next
      (br_if $words-stored (i64.gt_u (i64.add (local.get $at) (i64.const 8)) (local.get $length)))
      (call $store (i64.add (local.get $out) (local.get $at)) (i64.load (i32.wrap_i64 (local.get $at))))
      (local.set $at (i64.add (local.get $at) (i64.const 8)))
      (br $next)))
    (block $stored (loop $next
      (br_if $stored (i64.ge_u (local.get $at) (local.get $length)))
      (call $store-byte (i64.add (local.get $out) (local.get $at)) (i32.load8_u (i32.wrap_i64 (local.get $at))))
      (local.set $at (i64.add (local.get $at) (i64.const 1)))
      (br $next)))
    (call $output (local.get $out) (local.get $length))
    (i32.const 0)))`;

/** Extism as it comes: one plugin in the main thread. It takes one call at a time, so the others wait here. */
export async function open(): Promise<Candidate> {
  const plugin = await createPlugin({ wasm: [{ data: await assemble(PLUGIN) }] });
  let last: Promise<unknown> = Promise.resolve();
  return {
    process(input) {
      const answer = last.then(async () => {
        const output = (await plugin.call('process', input))!.text();
        // Else it keeps every input and output, and calls fail after 16,383 of them (seen with 1.0.3).
        await plugin.reset();
        return output;
      });
      last = answer.catch(() => {});
      return answer;
    },
    close: () => plugin.close(),
  };
}
