/**
 * What a call from a guest to a function of the embedder's costs, from a module in the worker and from the main thread:
 * `node bench/host-functions.ts`.
 */
import { PluginEngine } from '../src/index.ts';
import { shopComponent } from '../test/host/imports/shop-component.ts';

const ROUNDS = 5;

/** Microseconds of one call: the least of some rounds, as what disturbs it only adds. */
async function measure(engine: PluginEngine, plugin: string, calls: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await engine.call(plugin, 'many', [calls]);
    least = Math.min(least, ((performance.now() - start) * 1000) / calls);
  }
  return least;
}

const engine = await PluginEngine.create({ threads: 1 });
const load = { world: 'any', sandbox: { maxHostCalls: Number.MAX_SAFE_INTEGER } } as const;
const bytes = await shopComponent('@1.0.0', 'numbers');
await engine.loadPlugin('module', bytes, {
  ...load,
  imports: { 'acme:shop/api': new URL('../test/host/imports/fixtures/named.ts', import.meta.url) },
});
await engine.loadPlugin('main thread', bytes, {
  ...load,
  imports: { 'acme:shop/api': { twice: (x: number) => x * 2 } },
});

for (const [plugin, calls] of [
  ['module', 1_000_000],
  ['main thread', 20_000],
] as const) {
  console.log(`${plugin.padEnd(12)} ${(await measure(engine, plugin, calls)).toFixed(3)} µs a call of u32 -> u32`);
}
await engine.close();
