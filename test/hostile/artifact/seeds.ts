import { readFile } from 'node:fs/promises';
import { echo, hostile, memories, wasi, worlds } from '../../fixtures/guests.ts';
import { syscalls } from '../guests/syscalls.ts';

/** The components that mutants are made of. */
export function components(): Promise<Uint8Array[]> {
  return Promise.all([
    echo(),
    hostile(),
    wasi(),
    worlds.pluginV1(),
    worlds.pluginV2(),
    worlds.withoutHostApi(),
    memories.tenInstances(),
    memories.nestedInstances(),
    memories.twoMemories(),
    syscalls(),
    redact(),
  ]);
}

/** Not as a Buffer, whose `slice` is a view: mutants would change what later ones are made of. */
async function redact(): Promise<Uint8Array> {
  return new Uint8Array(await readFile(new URL('../../../examples/plugins/redact/redact.wasm', import.meta.url)));
}
