import { readFile } from 'node:fs/promises';
import { packageRoot } from './root.ts';

/** The files of the contract, in `wit/`; the first one names the package. */
export const CONTRACT_FILES = ['plugin-system.wit', 'bytes-and-batches.wit'] as const;

/** The folder of the contract, which tools read as one package. */
export function contractDirectory(): URL {
  return new URL('wit/', packageRoot());
}

/** The contract as one document, for tools that take its text. */
export async function contractText(): Promise<string> {
  const files = CONTRACT_FILES.map((name) => readFile(new URL(name, contractDirectory()), 'utf8'));
  return (await Promise.all(files)).join('\n');
}
