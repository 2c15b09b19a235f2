import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { componentize } from '../../componentize/componentize.ts';
import { BuildError } from './build-error.ts';

const API = 'toolsku:plugin-system/plugin-api@1.0.0#';

/** What a component's core module has to export, by the names in `assembly/component.ts`. */
const EXPORTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['memory', ['memory']],
  ['cabi_realloc', ['cabi_realloc']],
  ['api_initialize', [`${API}initialize`]],
  ['api_process', [`${API}process`]],
  ['api_shutdown', [`${API}shutdown`]],
  ['api_metadata', [`${API}get-metadata`]],
  ['post_result', [`cabi_post_${API}initialize`, `cabi_post_${API}shutdown`]],
  ['post_process', [`cabi_post_${API}process`]],
  ['post_metadata', [`cabi_post_${API}get-metadata`]],
]);

/** The part of Binaryen's module that {@link RenameExports} needs. */
interface BinaryenModule {
  getNumExports(): number;
  getExportByIndex(index: number): unknown;
  removeExport(name: string): void;
  addFunctionExport(internalName: string, name: string): unknown;
}

/** A transform of the AssemblyScript compiler: it renames exports, since the language cannot spell those names. */
class RenameExports {
  /** Set by the compiler. */
  declare readonly binaryen: { getExportInfo(reference: unknown): { readonly name: string; readonly value: string } };

  afterCompile(module: BinaryenModule): void {
    for (let index = module.getNumExports() - 1; index >= 0; index--) {
      const { name, value } = this.binaryen.getExportInfo(module.getExportByIndex(index));
      if (EXPORTS.get(name)?.includes(name)) continue;
      module.removeExport(name);
      for (const canonical of EXPORTS.get(name) ?? []) module.addFunctionExport(value, canonical);
    }
  }
}

/** The part of `assemblyscript/asc` that is used here. */
interface Asc {
  main(
    args: readonly string[],
    options: {
      readonly transforms: readonly unknown[];
      readonly writeFile: (name: string, contents: Uint8Array | string) => void;
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}

/**
 * Builds a plugin in AssemblyScript. The same sources and tools give the same bytes; names stay in, for backtraces.
 *
 * @param assembly The folder with `component.ts`, which exports what {@link EXPORTS} names.
 * @param compiler The folder of the package `assemblyscript`.
 * @throws {BuildError} with what the compiler says.
 */
export async function buildAssemblyScript(assembly: string, compiler: string): Promise<Uint8Array> {
  // Not by a plain import: the types of that package declare the globals of AssemblyScript for the whole project.
  const asc: Asc = await import(pathToFileURL(join(compiler, 'dist/asc.js')).href);
  const files = new Map<string, Uint8Array | string>();
  const { error, stderr } = await asc.main(
    [
      'component.ts',
      ...['--baseDir', assembly],
      ...['--outFile', 'core.wasm', '-O3', '--noAssert', '--debug', '--use', 'abort=component/abort'],
    ],
    {
      transforms: [RenameExports],
      writeFile: (name: string, contents: Uint8Array | string) => void files.set(name, contents),
    },
  );
  if (error !== null) throw new BuildError(stderr.toString().trim() || error.message);
  return componentize(files.get('core.wasm') as Uint8Array, { stringEncoding: 'utf16' });
}
