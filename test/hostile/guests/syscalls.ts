import { type CoreParts, corePlugin, type Guest, guest } from '../../fixtures/core-plugin.ts';
import type { Literals } from '../../fixtures/literals.ts';
import { plugin } from '../../support/wat.ts';
import type { Calls } from './calls.ts';
import { FILE_CALLS, FILE_ERRORS, FILE_IMPORTS } from './file-calls.ts';
import { NETWORK_CALLS, NETWORK_ERRORS, NETWORK_FUNCTIONS, NETWORK_IMPORTS } from './network-calls.ts';
import { SYSTEM_CALLS, SYSTEM_IMPORTS, streamFunctions } from './system-calls.ts';
import { syscallsWit } from './wit.ts';

/** Pointers and lengths of the words of the line. */
const WORDS = 128;
/** Handles that the script refers to by their place. */
const HANDLES = 512;
const MAX_HANDLES = 120;
const OUTPUT_BYTES = 65_536;

/**
 * A guest that runs system calls as its input says: one a line, words separated by spaces. It answers with a line for
 * each: `ok`, what was read, or the name of the error. Attacks are written as such scripts; the calls are the guest's.
 */
export const syscalls: Guest = guest(() => plugin(corePlugin(parts), 'plugin-world', syscallsWit));

function parts(text: Literals): CoreParts {
  const calls: Calls = { ...SCRIPTING, ...FILE_CALLS, ...SYSTEM_CALLS, ...NETWORK_CALLS };
  const table = Object.entries(calls).map(
    ([word, body]) => `(if (call $is ${text.at(word)}) (then ${body(text)} (return)))`,
  );
  return {
    imports: FILE_IMPORTS + SYSTEM_IMPORTS + NETWORK_IMPORTS,
    memory: '8',
    definitions: `
      (global $out (mut i32) (i32.const 0)) (global $end (mut i32) (i32.const 0))
      ;; Whether the last call succeeded.
      (global $succeeded (mut i32) (i32.const 0))
      (global $handles (mut i32) (i32.const 0))
      (global $region (mut i32) (i32.const 0)) (global $regionLength (mut i32) (i32.const 0))
      ${WORDS_AND_OUTPUT} ${NETWORK_FUNCTIONS} ${streamFunctions(text)}
      (func $succeed (call $say ${text.at('ok')}) (global.set $succeeded (i32.const 1)))
      (func $fail (param $p i32) (param $n i32)
        (call $say (local.get $p) (local.get $n)) (global.set $succeeded (i32.const 0)))
      (func $file-error (param $code i32) ${names(text, FILE_ERRORS)})
      (func $network-error (param $code i32) ${names(text, NETWORK_ERRORS)})
      (func $call (param $p i32) (param $n i32)
        (local $h i32) (local $i i32) (local $j i32) (local $k i64)
        (call $split (local.get $p) (local.get $n))
        ${table.join('\n')}
        (call $say (local.get $p) (local.get $n)))`,
    process: `(local $end i32) (local $line i32)
      (global.set $out (call $bump (i32.const 0) (i32.const 0) (i32.const ${OUTPUT_BYTES})))
      (global.set $end (global.get $out))
      (global.set $handles (i32.const 0))
      (global.set $regionLength (i32.const 0))
      (local.set $end (i32.add (local.get $p) (local.get $n)))
      (loop $lines
        (local.set $line (local.get $p))
        (block $found (loop $next
          (br_if $found (i32.ge_u (local.get $p) (local.get $end)))
          (br_if $found (i32.eq (i32.load8_u (local.get $p)) (i32.const 10)))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $next)))
        (call $call (local.get $line) (i32.sub (local.get $p) (local.get $line)))
        (if (i32.lt_u (local.get $p) (local.get $end)) (then
          (call $say ${text.at('\n')})
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $lines))))
      (call $ok (global.get $out) (i32.sub (global.get $end) (global.get $out)))`,
  };
}

/** Says the name of a place in an enum. */
function names(text: Literals, errors: readonly string[]): string {
  return errors
    .map((name, code) => `(if (i32.eq (local.get $code) (i32.const ${code})) (then (call $fail ${text.at(name)})))`)
    .join('\n');
}

const SCRIPTING: Calls = {
  // `repeat N CALL…`: makes a call N times; says how the last one went, and how many succeeded.
  repeat: (text) => `
    (local.set $i (call $number (i32.const 1)))
    (local.set $h (call $word-start (i32.const 2)))
    (local.set $n (i32.sub (i32.add (local.get $p) (local.get $n)) (local.get $h)))
    (local.set $p (global.get $end))
    (loop $again
      (global.set $end (local.get $p))
      (call $call (local.get $h) (local.get $n))
      (local.set $j (i32.add (local.get $j) (global.get $succeeded)))
      (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (call $say ${text.at(' after ')}) (call $say (call $decimal (local.get $j)))`,
};

const WORDS_AND_OUTPUT = `
  (func $say (param $p i32) (param $n i32)
    (if (i32.gt_u (i32.add (i32.sub (global.get $end) (global.get $out)) (local.get $n)) (i32.const ${OUTPUT_BYTES}))
      (then (return)))
    (memory.copy (global.get $end) (local.get $p) (local.get $n))
    (global.set $end (i32.add (global.get $end) (local.get $n))))
  ;; At most eight words; the last one is the rest of the line.
  (func $split (param $p i32) (param $n i32) (local $end i32) (local $at i32)
    (local.set $end (i32.add (local.get $p) (local.get $n)))
    (memory.fill (i32.const ${WORDS}) (i32.const 0) (i32.const 64))
    (local.set $at (i32.const ${WORDS}))
    (loop $words
      (i32.store (local.get $at) (local.get $p))
      (block $found (loop $next
        (br_if $found (i32.ge_u (local.get $p) (local.get $end)))
        (br_if $found (i32.and (i32.eq (i32.load8_u (local.get $p)) (i32.const 32))
          (i32.lt_u (local.get $at) (i32.const ${WORDS + 56}))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $next)))
      (i32.store offset=4 (local.get $at) (i32.sub (local.get $p) (i32.load (local.get $at))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $words (i32.lt_u (local.get $p) (local.get $end)))))
  ;; Whether the first word is the given one.
  (func $is (param $p i32) (param $n i32) (result i32) (local $q i32)
    (if (i32.ne (i32.load (i32.const ${WORDS + 4})) (local.get $n)) (then (return (i32.const 0))))
    (local.set $q (i32.load (i32.const ${WORDS})))
    (loop $next
      (if (i32.eqz (local.get $n)) (then (return (i32.const 1))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $next (i32.eq (i32.load8_u (i32.add (local.get $p) (local.get $n)))
        (i32.load8_u (i32.add (local.get $q) (local.get $n))))))
    (i32.const 0))
  (func $word-start (param $i i32) (result i32)
    (i32.load (i32.add (i32.const ${WORDS}) (i32.shl (local.get $i) (i32.const 3)))))
  (func $word (param $i i32) (result i32 i32)
    (call $word-start (local.get $i))
    (i32.load offset=4 (i32.add (i32.const ${WORDS}) (i32.shl (local.get $i) (i32.const 3)))))
  (func $big (param $i i32) (result i64) (local $p i32) (local $end i32) (local $value i64)
    (local.set $p (call $word-start (local.get $i)))
    (local.set $end (i32.add (local.get $p)
      (i32.load offset=4 (i32.add (i32.const ${WORDS}) (i32.shl (local.get $i) (i32.const 3))))))
    (block $done (loop $digit
      (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
      (local.set $value (i64.add (i64.mul (local.get $value) (i64.const 10))
        (i64.extend_i32_u (i32.sub (i32.load8_u (local.get $p)) (i32.const 48)))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br $digit)))
    (local.get $value))
  (func $number (param $i i32) (result i32) (i32.wrap_i64 (call $big (local.get $i))))
  ;; The handle whose place a word gives; keeping one gives it the next place.
  (func $handle (param $i i32) (result i32)
    (i32.load (i32.add (i32.const ${HANDLES}) (i32.shl (call $number (local.get $i)) (i32.const 2)))))
  (func $keep (param $handle i32)
    (if (i32.ge_u (global.get $handles) (i32.const ${MAX_HANDLES})) (then (return)))
    (i32.store (i32.add (i32.const ${HANDLES}) (i32.shl (global.get $handles) (i32.const 2))) (local.get $handle))
    (global.set $handles (i32.add (global.get $handles) (i32.const 1))))
  ;; N bytes of 'y', the same ones each time as long as they suffice.
  (func $region (param $length i32) (result i32)
    (if (i32.gt_u (local.get $length) (global.get $regionLength)) (then
      (global.set $regionLength (local.get $length))
      (global.set $region (call $bump (i32.const 0) (i32.const 0) (local.get $length)))
      (memory.fill (global.get $region) (i32.const 121) (local.get $length))))
    (global.get $region))`;
