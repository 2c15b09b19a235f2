import { readFile } from 'node:fs/promises';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

const MODULE = `(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "toolsku:plugin-system/plugin-api-v1@1.0.0#process") (param i32 i32) (result i32)
    (loop $forever (br $forever))
    unreachable))`;

/** A plugin for the world `plugin-v1` whose `process` never returns, assembled from text. */
export async function endlessPlugin(): Promise<Uint8Array> {
  const witSource = await readFile(new URL('../../wit/plugin-system.wit', import.meta.url), 'utf8');
  const binary = await parse(MODULE);
  return componentNew(await componentEmbed({ binary, witSource, world: 'plugin-v1' }), []);
}
