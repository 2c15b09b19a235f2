import { PluginEngine } from '../../../src/index.ts';

/** Loads a customer's rule, which gets the rates and nothing else, and prices an order with it. */
export async function priceOrder(
  rule: string | Uint8Array,
  items: readonly number[],
  currency: string,
): Promise<unknown> {
  const engine = await PluginEngine.create({ threads: 1 });
  try {
    await engine.loadPlugin('rule', rule, {
      world: 'any',
      imports: { 'acme:pricing/rates@1.0.0': new URL('./rates.ts', import.meta.url) },
      config: { fee: '0.02' },
    });
    return await engine.call('rule', 'price', [items, currency]);
  } finally {
    await engine.close();
  }
}
