import type { Attack, Room } from '../attack.ts';
import { ROOMS } from '../corpus.ts';

/** What became of an attack on the bare host. */
export interface Result {
  readonly room: string;
  readonly name: string;
  readonly bare: string;
}

const BEGIN = '<!-- attacks: begin (written by scripts/compare-hosts.ts) -->';
const END = '<!-- attacks: end -->';

/** A document with the table of all attacks in its place. */
export function withTable(document: string, results: readonly Result[]): string {
  const [before, rest] = document.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`the document has no place for the table: ${BEGIN}`);
  return `${before}${BEGIN}\n${ROOMS.map((room) => table(room, results)).join('\n')}\n\n${END}${after}`;
}

function table({ room, attacks }: Room, results: readonly Result[]): string {
  const rows = attacks.map((attack) => {
    const bare = results.find((result) => result.room === room && result.name === attack.name)?.bare ?? 'not run';
    return [cell(attack.name), ending(attack), cell(bare)];
  });
  const lines = aligned([['a plugin that', 'this engine', 'bare host'], ...rows]);
  return `\n### ${room}\n\n${lines.join('\n')}`;
}

/** As the formatter of the repository wants tables. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => [...row[column]!].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, column) => text + ' '.repeat(widths[column]! - [...text].length)).join(' | ')} |`;
  const [head, ...body] = rows.map(line);
  return [head!, line(widths.map((width) => '-'.repeat(width))), ...body];
}

function ending({ ending, phase }: Attack): string {
  if ('code' in ending)
    return `\`${ending.code}\`${ending.limit === undefined ? '' : ` (${ending.limit})`}${phase === 'load' ? ' at load' : ''}`;
  if (phase === 'unload') return 'ended; no request is touched';
  return typeof ending.output === 'string' && DENIED.test(ending.output) ? 'denied' : 'harmless';
}

/** Errors of WASI, and what is there instead of what was asked for. */
const DENIED =
  /\b(not-permitted|read-only|quota|access-denied|HTTP-request-denied|closed|none|no-entry|loop|name-too-long|illegal-byte-sequence|failed|1970)\b/;

function cell(text: string): string {
  // Markdown would set it in bold.
  return text.replaceAll('__proto__', '`__proto__`').replaceAll('|', '\\|').replaceAll('\n', ' ');
}
