/**
 * What `engine.call` costs beside `process` of the same plugin: CPU time of the whole process per call, many callers at
 * once, medians of interleaved rounds. `node bench/calls.ts [--quick]`
 */
import { PluginEngine } from '../src/index.ts';
import { contractWit, plugin } from '../test/support/wat.ts';
import { median } from './lib/stats.ts';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 5 : 11;
/** Milliseconds of a round, about. */
const ROUND_MS = quick ? 150 : 400;
const AT_ONCE = 32;

/** A plugin that gives back what it is given, and forgets it afterwards. */
const WIT = `${contractWit}
interface echo {
  enum kind { small, large }
  record item {
    id: u32, quantity: u32, price: f64, weight: f64, name: string, code: string, active: bool, kind: kind, stock: s64, rate: f32
  }
  text: func(value: string) -> string;
  ten: func(value: item) -> item;
  bytes: func(value: list<u8>) -> list<u8>;
  numbers: func(value: list<f64>) -> list<f64>;
}
world bench { export plugin-api-v1; export echo; }
`;
const API = 'toolsku:plugin-system/plugin-api-v1@1.0.0';
const ECHO = 'toolsku:plugin-system/echo@1.0.0';

const same = (path: string): string => `
  (func (export "${path}") (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
  (func (export "cabi_post_${path}") (param i32) (global.set $heap (i32.const 4096)))`;

const component = await plugin(
  `(module
    (memory (export "memory") 8)
    (global $heap (mut i32) (i32.const 4096))
    (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (global.set $heap (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
      (global.get $heap)
      (global.set $heap (i32.add (global.get $heap) (local.get $size))))
    ${[`${API}#process`, `${ECHO}#text`, `${ECHO}#bytes`, `${ECHO}#numbers`].map(same).join('')}
    (func (export "${ECHO}#ten")
      (param i32 i32 f64 f64 i32 i32 i32 i32 i32 i32 i64 f32) (result i32)
      (i32.store (i32.const 64) (local.get 0)) (i32.store (i32.const 68) (local.get 1))
      (f64.store (i32.const 72) (local.get 2)) (f64.store (i32.const 80) (local.get 3))
      (i32.store (i32.const 88) (local.get 4)) (i32.store (i32.const 92) (local.get 5))
      (i32.store (i32.const 96) (local.get 6)) (i32.store (i32.const 100) (local.get 7))
      (i32.store8 (i32.const 104) (local.get 8)) (i32.store8 (i32.const 105) (local.get 9))
      (i64.store (i32.const 112) (local.get 10)) (f32.store (i32.const 120) (local.get 11))
      (i32.const 64))
    (func (export "cabi_post_${ECHO}#ten") (param i32) (global.set $heap (i32.const 4096))))`,
  'bench',
  WIT,
);

const engine = await PluginEngine.create({ threads: 1 });
await engine.loadPlugin('echo', component);

const short = 'sixteen bytes ab';
const long = 'x'.repeat(65_536);
const bytes = new Uint8Array(65_536).fill(120);
const own = new Uint8Array(65_536);
const numbers = Float64Array.from({ length: 10_000 }, (_, index) => index / 3);
const item = {
  ...{ id: 1, quantity: 2, price: 3.5, weight: 4.5, name: 'a short name', code: 'ABC-123' },
  ...{ active: true, kind: 'large', stock: 12n, rate: 0.5 },
};
const call = (name: string, value: unknown) => () => engine.call('echo', `${ECHO}#${name}`, [value]);

const ways: Readonly<Record<string, () => unknown>> = {
  'process, 16 bytes': () => engine.process('echo', { input: short }),
  'process, 64 KiB': () => engine.process('echo', { input: long }),
  'call, string of 16 bytes': call('text', short),
  'call, string of 64 KiB': call('text', long),
  'call, record of ten fields': call('ten', item),
  'call, list<u8> of 64 KiB': call('bytes', bytes),
  'call, list<u8> of 64 KiB into an own buffer': () => engine.call('echo', `${ECHO}#bytes`, [bytes], { into: own }),
  'call, 10,000 f64': call('numbers', numbers),
  'copying 10,000 f64 there and back': () => numbers.slice().slice(),
};

/** Microseconds of CPU time of one call. */
async function round(way: () => unknown, calls: number): Promise<number> {
  let left = calls;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await way();
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

const measured = new Map<string, number[]>();
const sizes = new Map<string, number>();
for (const [name, way] of Object.entries(ways)) {
  await round(way, 2_000);
  sizes.set(name, Math.max(Math.round((ROUND_MS * 1000) / (await round(way, 2_000))), 500));
  measured.set(name, []);
}
for (let index = 0; index < ROUNDS; index++) {
  for (const [name, way] of Object.entries(ways)) measured.get(name)!.push(await round(way, sizes.get(name)!));
}
await engine.close();

const medianOf = (name: string): number => median(measured.get(name)!);
for (const name of measured.keys())
  console.log(`${name.padEnd(44)} ${medianOf(name).toFixed(2).padStart(8)} µs of CPU`);
for (const [name, base, most] of [
  ['call, string of 16 bytes', 'process, 16 bytes', 1.2],
  ['call, record of ten fields', 'process, 16 bytes', 2],
  ['call, list<u8> of 64 KiB', 'process, 64 KiB', 1.2],
  ['call, list<u8> of 64 KiB into an own buffer', 'process, 64 KiB', 1.2],
  ['call, 10,000 f64', 'copying 10,000 f64 there and back', 3],
] as const) {
  console.log(`${name}: ${(medianOf(name) / medianOf(base)).toFixed(2)} times ${base} (at most ${most})`);
}
