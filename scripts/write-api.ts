/** Writes the API reference, `docs/api/`: `npm run api`. With `--check` it says whether that is what the sources say. */
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateApi } from './api/generate.ts';

const API = fileURLToPath(new URL('../docs/api/', import.meta.url));

/** The pages of a folder, by their paths in it. */
async function readPages(folder: string): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  for await (const page of glob('**/*.md', { cwd: folder }))
    pages.set(page, await readFile(join(folder, page), 'utf8'));
  return pages;
}

/** The pages that differ, are missing or are too many. */
async function findStale(): Promise<string[]> {
  const fresh = await mkdtemp(join(tmpdir(), 'api-'));
  try {
    await generateApi(fresh);
    const [now, then] = [await readPages(fresh), await readPages(API)];
    return [...new Set([...now.keys(), ...then.keys()])].filter((page) => now.get(page) !== then.get(page)).sort();
  } finally {
    await rm(fresh, { recursive: true });
  }
}

if (process.argv.includes('--check')) {
  const stale = await findStale();
  if (stale.length > 0) {
    console.error(
      `docs/api/ is not what the sources say. Run: npm run api\n${stale.map((page) => `  ${page}`).join('\n')}`,
    );
    process.exitCode = 1;
  }
} else {
  await generateApi(API);
}
