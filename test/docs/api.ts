import { glob, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ROOT } from './blocks.ts';

/** What a program imports, and the file that it gets. */
export const ENTRIES: Readonly<Record<string, string>> = {
  'wasm-plugin-pool': 'src/index.ts',
  'wasm-plugin-pool/testing': 'src/testing/index.ts',
  'wasm-plugin-pool/distributed': 'src/distributed/index.ts',
  'wasm-plugin-pool/serve': 'src/serve/index.ts',
  'wasm-plugin-pool/host': 'src/host/imports/host-module.ts',
  'wasm-plugin-pool/plugin': 'src/guest/define-plugin.ts',
};

/** What a file exports, by its own lines: `export { a, type B } from …`, and `export class C …`. */
export async function exportsOf(file: string): Promise<string[]> {
  const text = await readFile(new URL(file, ROOT), 'utf8');
  const passedOn = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) =>
    names!.split(',').map((name) => name.trim().replace(/^type /, '')),
  );
  const own = [...text.matchAll(/^export (?:class|function|interface|type|const) (\w+)/gm)].map(([, name]) => name!);
  return [...passedOn, ...own].filter((name) => name !== '');
}

/** A page of the reference about one symbol. */
export interface Page {
  /** `docs/api/wasm-plugin-pool/interfaces/Batch.md` */
  readonly path: string;
  /** The code that its comments show. */
  readonly examples: readonly string[];
}

/** The pages of all symbols. */
export async function readPages(): Promise<Page[]> {
  const pages: Page[] = [];
  const kinds = '{classes,functions,interfaces,type-aliases,variables}';
  for await (const path of glob(`docs/api/**/${kinds}/*.md`, { cwd: fileURLToPath(ROOT) })) {
    const text = await readFile(new URL(path, ROOT), 'utf8');
    const blocks = text.matchAll(/^#+ Example\n\n```ts\n(.*?)\n```$/gms);
    // Those of a property stand in its row.
    const rows = text.matchAll(/\*\*Example\*\* `([^`]+)`/g);
    pages.push({ path, examples: [...blocks, ...rows].map(([, code]) => code!) });
  }
  return pages.toSorted((one, other) => one.path.localeCompare(other.path));
}
