/**
 * What the checks cost that `interrupt: 'trap'` and `maxInstructions` put into a plugin: CPU time of a request in this
 * thread, without and with them, in turns. `node bench/checks.ts`
 */
import { readFile } from 'node:fs/promises';
import type { Policy } from '../src/index.ts';
import { fullPlugin, launch, respond } from '../test/workers/guest.ts';
import { median } from './lib/stats.ts';

const ROUNDS = 41;
const ROUND_MS = 12;

const MODES: Readonly<Record<'plain' | 'trap' | 'counted', Policy>> = {
  plain: {},
  trap: { interrupt: 'trap' },
  counted: { maxInstructions: Number.MAX_SAFE_INTEGER },
};

/** Counts primes with a sieve, sums digits, multiplies matrices: loops of some instructions, nested, and calls in them. */
const LOOPS = await fullPlugin({
  memory: `(memory (export "memory") 17)
    (func $digits (param $n i32) (result i32) (local $sum i32)
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (i32.rem_u (local.get $n) (i32.const 10))))
        (br_if $next (local.tee $n (i32.div_u (local.get $n) (i32.const 10)))))
      (local.get $sum))
    (func $sieve (param $below i32) (result i32) (local $i i32) (local $j i32) (local $primes i32)
      (memory.fill (i32.const 65536) (i32.const 0) (local.get $below))
      (local.set $i (i32.const 2))
      (loop $outer
        (if (i32.eqz (i32.load8_u offset=65536 (local.get $i))) (then
          (local.set $primes (i32.add (local.get $primes) (call $digits (local.get $i))))
          (local.set $j (i32.mul (local.get $i) (local.get $i)))
          (block $done (loop $inner
            (br_if $done (i32.ge_u (local.get $j) (local.get $below)))
            (i32.store8 offset=65536 (local.get $j) (i32.const 1))
            (local.set $j (i32.add (local.get $j) (local.get $i)))
            (br $inner)))))
        (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $below))))
      (local.get $primes))
    (func $matrix (local $i i32) (local $j i32) (local $k i32) (local $s f64)
      (loop $a (local.set $j (i32.const 0)) (loop $b (local.set $k (i32.const 0)) (local.set $s (f64.const 0))
        (loop $c
          (local.set $s (f64.add (local.get $s) (f64.mul
            (f64.load offset=262144 (i32.shl (i32.add (i32.mul (local.get $i) (i32.const 40)) (local.get $k)) (i32.const 3)))
            (f64.load offset=327680 (i32.shl (i32.add (i32.mul (local.get $k) (i32.const 40)) (local.get $j)) (i32.const 3))))))
          (br_if $c (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 40))))
        (f64.store offset=393216 (i32.shl (i32.add (i32.mul (local.get $i) (i32.const 40)) (local.get $j)) (i32.const 3)) (local.get $s))
        (br_if $b (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 40))))
        (br_if $a (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 40)))))`,
  process: `(drop (call $sieve (i32.const 40000))) (call $matrix) ${respond('(local.get $input)', '(local.get $length)')}`,
});

const SUBJECTS: readonly (readonly [name: string, bytes: Uint8Array, input: string])[] = [
  ['loops', LOOPS, 'x'],
  ['redact, 16 bytes', await example('redact/redact'), 'sixteen bytes ok'],
  ['redact, 10 KB', await example('redact/redact'), 'mail ada@example.org or call 555 123 4567, '.repeat(230)],
  ['word-count, 10 KB', await example('word-count/build/word-count'), 'some words and others '.repeat(450)],
  ['csv-to-json (QuickJS)', await example('csv-to-json/build/csv-to-json'), 'name,age\nAda,36\nGrace,45\n'],
];

for (const [name, bytes, input] of SUBJECTS) {
  const calls = new Map<string, () => unknown>();
  for (const [mode, policy] of Object.entries(MODES)) {
    const { instance } = await launch(bytes, { policy: { maxHostCalls: 1e9, ...policy }, wasi: 'real' });
    instance.initialize();
    calls.set(mode, () => instance.process(input, []));
  }
  // Until V8 has compiled it for good.
  for (const call of calls.values()) cpuMs(call, 300);
  const times = new Map([...calls.keys()].map((mode) => [mode, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [mode, call] of calls) times.get(mode)!.push(cpuMs(call, ROUND_MS));
  }
  const [plain, ...others] = [...times].map(([mode, all]) => [mode, median(all)] as const);
  const ratios = others.map(([mode, time]) => `${mode} ${(time / plain![1]).toFixed(3)}`);
  console.log(`${name}: ${(plain![1] * 1000).toFixed(2)} µs; ${ratios.join(', ')}`);
}

/** CPU milliseconds of one call, called for so long. */
function cpuMs(call: () => unknown, milliseconds: number): number {
  const until = performance.now() + milliseconds;
  const { user, system } = process.threadCpuUsage();
  let count = 0;
  do {
    for (let index = 0; index < 4; index++) call();
    count += 4;
  } while (performance.now() < until);
  const used = process.threadCpuUsage();
  return (used.user + used.system - user - system) / 1000 / count;
}

async function example(path: string): Promise<Uint8Array> {
  return readFile(new URL(`../examples/plugins/${path}.wasm`, import.meta.url));
}
