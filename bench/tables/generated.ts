import { glob, readFile } from 'node:fs/promises';
import { toMarkdown } from '../../src/bench/markdown.ts';
import type { Report } from '../../src/bench/report.ts';
import { parseReport } from '../../src/bench/schema.ts';
import { DOCUMENTS, fill } from './documents.ts';

/** The root of the project. */
export const ROOT: URL = new URL('../../', import.meta.url);
const RESULTS = new URL('../results/', import.meta.url);

/** Every file that is written from the reports, with what it should hold, by its path from the root. */
export async function generated(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  let newest: Report | undefined;
  for await (const name of glob('*.json', { cwd: RESULTS })) {
    const report = parseReport(await readFile(new URL(name, RESULTS), 'utf8'));
    files.set(`bench/results/${name.replace(/json$/, 'md')}`, toMarkdown(report));
    if (newest === undefined || report.startedAt > newest.startedAt) newest = report;
  }
  if (newest === undefined) throw new Error('bench/results has no report');
  for (const path of DOCUMENTS) files.set(path, fill(await readFile(new URL(path, ROOT), 'utf8'), newest));
  return files;
}
