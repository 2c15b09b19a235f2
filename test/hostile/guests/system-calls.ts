import type { Literals } from '../../fixtures/literals.ts';
import { type Calls, RETURNED } from './calls.ts';

const STREAMS = 'wasi:io/streams@0.2.0';
const CLOCK = 'wasi:clocks/monotonic-clock@0.2.0';

export const SYSTEM_IMPORTS: string = `
  (import "${STREAMS}" "[method]input-stream.blocking-read" (func $stream-read (param i32 i64 i32)))
  (import "${STREAMS}" "[method]output-stream.write" (func $stream-write (param i32 i32 i32 i32)))
  (import "${STREAMS}" "[method]output-stream.blocking-write-zeroes-and-flush" (func $stream-zeroes (param i32 i64 i32)))
  (import "${STREAMS}" "[method]output-stream.blocking-write-and-flush" (func $stream-flush (param i32 i32 i32 i32)))
  (import "${STREAMS}" "[resource-drop]input-stream" (func $drop-input (param i32)))
  (import "${STREAMS}" "[resource-drop]output-stream" (func $drop-output (param i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop-pollable (param i32)))
  (import "wasi:io/poll@0.2.0" "poll" (func $poll (param i32 i32 i32)))
  (import "${CLOCK}" "now" (func $now (result i64)))
  (import "${CLOCK}" "subscribe-instant" (func $subscribe-instant (param i64) (result i32)))
  (import "${CLOCK}" "subscribe-duration" (func $subscribe-duration (param i64) (result i32)))
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall (param i32)))
  (import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))
  (import "wasi:random/insecure@0.2.0" "get-insecure-random-bytes" (func $insecure (param i64 i32)))
  (import "wasi:cli/environment@0.2.0" "get-environment" (func $environment (param i32)))
  (import "wasi:cli/environment@0.2.0" "get-arguments" (func $arguments (param i32)))
  (import "wasi:cli/environment@0.2.0" "initial-cwd" (func $initial-cwd (param i32)))
  (import "wasi:cli/stdin@0.2.0" "get-stdin" (func $get-stdin (result i32)))
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $get-stdout (result i32)))
  (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $get-stderr (result i32)))
  (import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))`;

/** Says how a stream failed, if it did, and is done with the line; drops the stream before. */
const streamError = (drop: string): string => `
  (call ${drop} (local.get $h))
  (if (i32.load8_u (i32.const ${RETURNED})) (then (call $stream-error) (return)))`;
const returned = (offset: number): string => `(i32.load (i32.const ${RETURNED + offset}))`;

export const SYSTEM_CALLS: Calls = {
  // `environment`: names and values; `arguments`: how many; `cwd`.
  environment: (text) => `
    (call $environment (i32.const ${RETURNED}))
    (local.set $h ${returned(0)}) (local.set $i ${returned(4)})
    (if (i32.eqz (local.get $i)) (then (call $say ${text.at('none')})))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $i)))
      (call $say (i32.load (local.get $h)) (i32.load offset=4 (local.get $h)))
      (call $say ${text.at('=')})
      (call $say (i32.load offset=8 (local.get $h)) (i32.load offset=12 (local.get $h)))
      (call $say ${text.at(' ')})
      (local.set $h (i32.add (local.get $h) (i32.const 16)))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br $next)))`,
  arguments: () => `(call $arguments (i32.const ${RETURNED})) (call $say (call $decimal ${returned(4)}))`,
  cwd: (text) => `
    (call $initial-cwd (i32.const ${RETURNED}))
    (if (i32.load8_u (i32.const ${RETURNED}))
      (then (call $say ${returned(4)} ${returned(8)})) (else (call $say ${text.at('none')})))`,
  // `stdin`: reads a KiB. `stdout TEXT`, `stderr TEXT`: a line. `stdout-bytes N`: N bytes at once. `stdout-zeroes N`.
  stdin: () => '(call $read-all (call $get-stdin))',
  stdout: (text) => `
    (local.set $h (call $get-stdout))
    (call $stream-write (local.get $h) (call $word (i32.const 1)) (i32.const ${RETURNED}))
    (if (i32.eqz (i32.load8_u (i32.const ${RETURNED}))) (then
      (call $stream-write (local.get $h) ${text.at('\n')} (i32.const ${RETURNED}))))
    ${streamError('$drop-output')} (call $succeed)`,
  stderr: () => '(call $write-all (call $get-stderr) (call $word (i32.const 1)))',
  'stdout-bytes': () => `
    (local.set $h (call $get-stdout)) (local.set $i (call $number (i32.const 1)))
    (call $stream-flush (local.get $h) (call $region (local.get $i)) (local.get $i) (i32.const ${RETURNED}))
    ${streamError('$drop-output')} (call $succeed)`,
  'stdout-zeroes': () => `
    (local.set $h (call $get-stdout))
    (call $stream-zeroes (local.get $h) (call $big (i32.const 1)) (i32.const ${RETURNED}))
    ${streamError('$drop-output')} (call $succeed)`,
  // `stdout-hold`: a stream that is never dropped.
  'stdout-hold': () => '(drop (call $get-stdout)) (call $succeed)',
  // `timer NS`: a timer that is kept; `timer-drop NS`: one that is dropped at once.
  timer: () => '(drop (call $subscribe-duration (call $big (i32.const 1)))) (call $succeed)',
  'timer-drop': () => '(call $drop-pollable (call $subscribe-duration (call $big (i32.const 1)))) (call $succeed)',
  // `sleep NS`, `sleep-until INSTANT`
  sleep: () => '(call $block (call $subscribe-duration (call $big (i32.const 1)))) (call $succeed)',
  'sleep-until': () => '(call $block (call $subscribe-instant (call $big (i32.const 1)))) (call $succeed)',
  // `poll N NS`: one timer, N times in one list.
  poll: () => `
    (local.set $i (call $number (i32.const 1)))
    (local.set $h (call $bump (i32.const 0) (i32.const 0) (i32.shl (local.get $i) (i32.const 2))))
    (local.set $j (call $subscribe-duration (call $big (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $i)))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (i32.store (i32.add (local.get $h) (i32.shl (local.get $i) (i32.const 2))) (local.get $j))
      (br $next)))
    (call $poll (local.get $h) (call $number (i32.const 1)) (i32.const ${RETURNED}))
    (call $drop-pollable (local.get $j))
    (call $say (call $decimal ${returned(4)}))`,
  // `wait-for-ever`: asks for the time until it is never.
  'wait-for-ever': () => '(loop $ever (br_if $ever (i64.ne (call $now) (i64.const 0)))) unreachable',
  // `now`: what has passed since the start, in ns, is above 0. `wall`: the year is 1970, or later.
  now: (text) =>
    `(if (i64.eqz (call $now)) (then (call $say ${text.at('zero')})) (else (call $say ${text.at('runs')})))`,
  wall: (text) => `
    (call $wall (i32.const ${RETURNED}))
    (if (i64.eqz (i64.load (i32.const ${RETURNED}))) (then (call $say ${text.at('1970')})) (else (call $say ${text.at('later')})))`,
  // `random N`, `insecure N`: how many bytes came.
  random: () =>
    `(call $random (call $big (i32.const 1)) (i32.const ${RETURNED})) (call $say (call $decimal ${returned(4)}))`,
  insecure: () =>
    `(call $insecure (call $big (i32.const 1)) (i32.const ${RETURNED})) (call $say (call $decimal ${returned(4)}))`,
  // `exit STATUS`
  exit: () => '(call $exit (i32.ne (call $number (i32.const 1)) (i32.const 0))) unreachable',
  // `forge N`: reads from the file with the handle N. `confuse`: from stdout, as if it were a file.
  forge: () =>
    `(call $read (call $number (i32.const 1)) (i64.const 8) (i64.const 0) (i32.const ${RETURNED})) (call $succeed)`,
  confuse: () => `(call $read (call $get-stdout) (i64.const 8) (i64.const 0) (i32.const ${RETURNED})) (call $succeed)`,
  // `use-dropped`, `drop-twice`: with stdout.
  'use-dropped': () => `
    (local.set $h (call $get-stdout))
    (call $drop-output (local.get $h))
    (call $stream-write (local.get $h) (i32.const 0) (i32.const 1) (i32.const ${RETURNED})) (call $succeed)`,
  'drop-twice': () => `
    (local.set $h (call $get-stdout))
    (call $drop-output (local.get $h)) (call $drop-output (local.get $h)) (call $succeed)`,
};

/** What several calls share. */
export function streamFunctions(text: Literals): string {
  return `
    (func $stream-error
      (if (i32.load8_u (i32.const ${RETURNED + 4}))
        (then (call $fail ${text.at('closed')})) (else (call $fail ${text.at('failed')}))))
    (func $read-all (param $h i32)
      (call $stream-read (local.get $h) (i64.const 1024) (i32.const ${RETURNED}))
      ${streamError('$drop-input')}
      (call $succeed) (call $say ${text.at(' ')}) (call $say ${returned(4)} ${returned(8)}))
    (func $write-all (param $h i32) (param $p i32) (param $n i32)
      (call $stream-flush (local.get $h) (local.get $p) (local.get $n) (i32.const ${RETURNED}))
      ${streamError('$drop-output')} (call $succeed))`;
}
