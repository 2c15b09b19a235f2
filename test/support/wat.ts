import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { contractText } from '../../src/package/contract-wit.ts';

/** The contract as text; `witPath` fails in these tools (and may poison them), so the text is always passed. */
export const contractWit: string = await contractText();

/** A component, or a core module, from its text. */
export async function component(wat: string): Promise<Uint8Array> {
  return parse(wat);
}

/**
 * A plugin from the text of its core module, which exports the functions of the world under their canonical names
 * (`toolsku:plugin-system/plugin-api@1.0.0#process`).
 *
 * @param world A world of the contract, or of `wit`.
 * @param wit The WIT document that declares the world; the project's own contract unless given.
 */
export async function plugin(coreWat: string, world = 'plugin-world', wit: string = contractWit): Promise<Uint8Array> {
  const binary = await parse(coreWat);
  return componentNew(await componentEmbed({ binary, witSource: wit, world }), []);
}

/** A component that has the world's imports and exports and whose functions all trap. */
export async function dummy(world: string, wit: string = contractWit): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ witSource: wit, world, dummy: true }), []);
}
