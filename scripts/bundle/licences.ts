import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { ROOT } from '../root.ts';

/** The licences of the packages of which parts are in bundles, below what is said of these. */
export async function licencesOf(metafiles: readonly Metafile[], heading: string): Promise<string> {
  const files = metafiles
    .flatMap(({ inputs }) => Object.keys(inputs))
    .filter((input) => input.startsWith('node_modules'));
  const packages = new Set(files.map((file) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)![0]));
  let licences = `${heading}\n`;
  for (const folder of [...packages].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(ROOT, folder, 'package.json'), 'utf8'));
    licences += `\n${'='.repeat(80)}\n${name} ${version}, ${license}\n\n${await readLicence(folder)}`;
  }
  return licences;
}

async function readLicence(folder: string): Promise<string> {
  const read = (name: string): Promise<string> => readFile(join(ROOT, folder, name), 'utf8');
  return read('LICENSE').catch(() => read('LICENSE.md'));
}
