/**
 * Writes the API reference, `docs/api/`: `npm run api`. With `--check`, as `npm run lint` does, it says whether that is what the
 * sources say, and whether each symbol has an example that compiles.
 */
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileExamples, examplesOn } from './api/examples.ts';
import { generateApi } from './api/generate.ts';
import { ROOT } from './root.ts';

const API = join(ROOT, 'docs/api');

/** The pages of a folder, by their paths in it. */
async function readPages(folder: string): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  for await (const page of glob('**/*.md', { cwd: folder }))
    pages.set(page, await readFile(join(folder, page), 'utf8'));
  return pages;
}

async function generated(): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'api-'));
  try {
    await generateApi(folder);
    return await readPages(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function complain(what: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  console.error(`${what}\n${lines.map((line) => `  ${line}`).join('\n')}`);
  process.exitCode = 1;
}

async function check(): Promise<void> {
  const [now, then] = [await generated(), await readPages(API)];
  const all = [...new Set([...now.keys(), ...then.keys()])].sort();
  const stale = all.filter((page) => now.get(page) !== then.get(page));
  complain('docs/api/ is not what the sources say. Run: npm run api', stale);
  const bare = [...now].filter(([page, text]) => !page.endsWith('README.md') && examplesOn(text).length === 0);
  complain(
    'A public symbol needs an `@example` in its comment:',
    bare.map(([page]) => page),
  );
  const errors = await compileExamples(now);
  complain('Examples do not compile:', errors === '' ? [] : errors.trimEnd().split('\n'));
}

if (process.argv.includes('--check')) await check();
else await generateApi(API);
