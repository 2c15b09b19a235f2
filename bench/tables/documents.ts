import type { Report } from '../../src/bench/report.ts';
import { comparisonTable } from './comparison.ts';
import { candidatesTable, engineTable, from, latencyTable } from './results.ts';

/** What is written of a report, by the name between the markers. */
const PARTS: Readonly<Record<string, (report: Report) => string>> = {
  candidates: candidatesTable,
  latency: latencyTable,
  engine: engineTable,
  comparison: comparisonTable,
  origin: from,
};

/** The documents with tables, from the root of the project. */
export const DOCUMENTS: readonly string[] = ['README.md', 'docs/benchmark.md'];

/**
 * A document in which everything between `<!-- bench: NAME -->` and `<!-- /bench -->` is written anew.
 *
 * @throws {Error} when a marker names nothing, or is not closed.
 */
export function fill(document: string, report: Report): string {
  const filled = document.replace(/<!-- bench: (\w+) -->\n[\s\S]*?<!-- \/bench -->/g, (_all, name: string) => {
    if (!Object.hasOwn(PARTS, name)) throw new Error(`There is no \`${name}\`: ${Object.keys(PARTS).join(', ')}`);
    return `<!-- bench: ${name} -->\n\n${PARTS[name]!(report)}\n\n<!-- /bench -->`;
  });
  const opened = filled.split('<!-- bench: ').length;
  if (opened !== filled.split('<!-- /bench -->').length) throw new Error('A marker has no other end');
  return filled;
}
