import { component } from '../support/wat.ts';

/**
 * Instructions of every shape, with immediates that would pass for other instructions: 0x40 is `memory.grow`, and a
 * wrong step anywhere makes the walk find one too many or miss the one that follows.
 */
export const INSTRUCTIONS: Readonly<Record<string, readonly string[]>> = {
  control: [
    'nop',
    '(block (nop))',
    '(block (result i32) (i32.const 1)) drop',
    '(block (result (ref null func)) (ref.null func)) drop',
    '(block (result (ref null $t)) (ref.null $t)) drop',
    '(i32.const 1) (block (type $wide) drop (i64.const 2) (i32.const 3)) drop drop',
    '(loop (result f64) (f64.const 0x1.4040404040404p+5)) drop',
    '(if (i32.const 64) (then) (else (nop)))',
    '(block (block (br 0)) (br_if 0 (i32.const 64)))',
    `(block (br_table ${'0 '.repeat(65)} (i32.const 64)))`,
    '(br_table 0 (i32.const 0))',
    'return',
    'unreachable',
    '(select (i32.const 64) (i32.const 64) (i32.const 1)) drop',
    '(select (result (ref null func)) (ref.null func) (ref.null func) (i32.const 1)) drop',
  ],
  calls: [
    '(call $f64)',
    '(call_indirect $table (type $t) (i32.const 64))',
    '(return_call $f64)',
    '(return_call_indirect $table (type $t) (i32.const 64))',
    '(call_ref $t (ref.func $f64))',
    '(return_call_ref $t (ref.func $f64))',
  ],
  exceptions: [
    '(throw $tag (i32.const 64))',
    '(block (result i32) (try_table (result i32) (catch $tag 0) (catch_all 1) (i32.const 64))) drop',
    `(block (result i32 exnref) (try_table (catch_ref $tag 0) (call $f64)) unreachable) drop drop`,
    '(block (result exnref) (try_table (catch_all_ref 0)) unreachable) throw_ref',
  ],
  'exceptions of the first proposal': [
    'try call $f64 catch $tag drop catch_all rethrow 0 end',
    'try try call $f64 delegate 0 catch_all end',
  ],
  variables: [
    '(local.get 64) drop',
    '(local.set 64 (i32.const 64))',
    '(local.tee 64 (i32.const 0x40404040)) drop',
    '(global.set 64 (global.get 64))',
    '(table.set 1 (i32.const 64) (table.get 1 (i32.const 64)))',
  ],
  memory: [
    '(i32.load offset=64 align=1 (i32.const 64)) drop',
    '(i64.store32 offset=0x40404040 (i32.const 64) (i64.const 0x4040404040404040))',
    '(i32.load8_u 1 offset=64 (i32.const 64)) drop',
    '(i64.load $big offset=0x4040404040404040 (i64.const 64)) drop',
    '(memory.size 1) drop',
    '(memory.init 1 $data (i32.const 1) (i32.const 1) (i32.const 1))',
    '(data.drop $data)',
    '(memory.copy 1 0 (i32.const 1) (i32.const 1) (i32.const 1))',
    '(memory.fill 1 (i32.const 1) (i32.const 1) (i32.const 1))',
  ],
  tables: [
    '(table.size 1) drop',
    '(table.fill 1 (i32.const 64) (ref.null extern) (i32.const 64))',
    '(table.copy 0 0 (i32.const 64) (i32.const 64) (i32.const 64))',
    '(table.init 0 $elem (i32.const 64) (i32.const 64) (i32.const 64))',
    '(elem.drop $elem)',
  ],
  numbers: [
    '(i32.const -64) drop',
    '(i64.const -0x4040404040404040) drop',
    '(f32.const 0x1.808080p+1) drop',
    '(i32.extend8_s (i32.const 64)) drop',
    '(i64.extend32_s (i64.const 64)) drop',
    '(i32.trunc_sat_f32_s (f32.const 3)) drop',
    '(i64.reinterpret_f64 (f64.const 3)) drop',
  ],
  references: [
    '(ref.is_null (ref.null extern)) drop',
    '(ref.is_null (ref.null $t)) drop',
    '(ref.func $f64) drop',
    '(ref.as_non_null (ref.null $t)) drop',
    '(block (drop (br_on_null 0 (ref.null $t))))',
    '(block (result (ref $t)) (br_on_non_null 0 (ref.null $t)) unreachable) drop',
    '(i31.get_s (ref.i31 (i32.const 64))) drop',
    '(ref.eq (ref.null i31) (ref.null eq)) drop',
    '(ref.test (ref null $t) (ref.null func)) drop',
    '(ref.cast (ref null i31) (ref.null any)) drop',
    '(block (result (ref null $t)) (br_on_cast 0 funcref (ref null $t) (ref.null func)) drop unreachable) drop',
    '(extern.convert_any (any.convert_extern (ref.null extern))) drop',
  ],
  'garbage collection': [
    '(struct.set $s 64 (struct.new_default $s) (struct.get $s 64 (ref.null $s)))',
    '(array.new_fixed $a 2 (i32.const 64) (i32.const 64)) drop',
    '(array.set $a (array.new_default $a (i32.const 64)) (i32.const 64) (i32.const 64))',
    '(array.copy $a $a (ref.null $a) (i32.const 64) (ref.null $a) (i32.const 64) (i32.const 64))',
    '(array.new_data $a $data (i32.const 64) (i32.const 64)) drop',
    '(array.len (ref.null $a)) drop',
  ],
  vectors: [
    '(v128.const i8x16 64 64 64 64 64 64 64 64 64 64 64 64 64 64 64 64) drop',
    '(i8x16.shuffle 0 16 0 16 0 16 0 16 0 16 0 16 0 16 0 16 (v128.const i64x2 1 2) (v128.const i64x2 1 2)) drop',
    '(v128.load 1 offset=64 (i32.const 64)) drop',
    '(v128.store offset=0x40404040 (i32.const 64) (v128.const i64x2 1 2))',
    '(v128.load32_zero offset=64 (i32.const 64)) drop',
    '(v128.load8_lane 1 offset=64 11 (i32.const 64) (v128.const i64x2 1 2)) drop',
    '(v128.store64_lane offset=64 1 (i32.const 64) (v128.const i64x2 1 2))',
    '(i8x16.extract_lane_s 11 (v128.const i64x2 1 2)) drop',
    '(i16x8.splat (i32.const 64)) drop',
    '(f64x2.replace_lane 1 (v128.const i64x2 1 2) (f64.const 2)) drop',
    '(i8x16.add (v128.const i64x2 1 2) (v128.const i64x2 1 2)) drop',
    '(f64x2.promote_low_f32x4 (v128.const i64x2 1 2)) drop',
    '(i16x8.relaxed_dot_i8x16_i7x16_s (v128.const i64x2 1 2) (v128.const i64x2 1 2)) drop',
  ],
  atomics: [
    'atomic.fence',
    '(memory.atomic.notify offset=64 (i32.const 64) (i32.const 64)) drop',
    '(memory.atomic.wait64 1 offset=64 (i32.const 64) (i64.const 64) (i64.const 64)) drop',
    '(i64.atomic.rmw32.cmpxchg_u offset=64 (i32.const 64) (i64.const 64) (i64.const 64)) drop',
    '(i32.atomic.store 1 offset=64 (i32.const 64) (i32.const 64))',
  ],
};

/** A module with an entity of index 64 in most index spaces, and a function for each of the bodies. */
export function moduleOf(functions: readonly string[]): Promise<Uint8Array> {
  return component(`(module
    (type $t (func)) (type $wide (func (param i32) (result i64 i32)))
    (type $s (struct ${'(field (mut i32))'.repeat(65)})) (type $a (array (mut i32)))
    ${'(func)'.repeat(64)} (func $f64) (elem declare func $f64)
    (table $table 65 funcref) (table 65 externref)
    (memory 1) (memory 1) (memory $big i64 1)
    (tag $tag (param i32)) ${'(global (mut i32) (i32.const 0))'.repeat(65)}
    (data $data "abc") (elem $elem func $f64)
    ${functions.map((text) => `(func (local ${'i32 '.repeat(65)}) ${text})`).join('\n')})`);
}
