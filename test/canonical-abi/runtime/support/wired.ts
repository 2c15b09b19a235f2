import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

/** A component from the text of its core module and the WIT whose world `test` it implements. */
export async function wired(core: string, wit: string): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ binary: await parse(core), witSource: wit, world: 'test' }), []);
}
