import { fileURLToPath } from 'node:url';
import { buildAssemblyScript } from '../../../src/cli/build/assemblyscript.ts';

/** The component. The same sources and tools give the same bytes. */
export function build(): Promise<Uint8Array> {
  const assembly = fileURLToPath(new URL('assembly', import.meta.url));
  return buildAssemblyScript(assembly, fileURLToPath(new URL('.', import.meta.resolve('assemblyscript/package.json'))));
}
