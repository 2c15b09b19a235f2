import { readFileSync } from 'node:fs';
import module from 'node:module';
import { pathToFileURL } from 'node:url';

// Not by name: it would keep a Node that is too old from getting as far as saying so (`node-version.ts`).
const MANIFEST = module.findPackageJSON(import.meta.url)!;

/** The folder of this package, from its sources and from `dist/` alike. */
export const PACKAGE_ROOT: URL = new URL('.', pathToFileURL(MANIFEST));

/** The contract, as WIT text. */
export const CONTRACT_WIT: URL = new URL('wit/plugin-system.wit', PACKAGE_ROOT);

/** The version of this package. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(MANIFEST, 'utf8')) as { version: string }).version;
}
