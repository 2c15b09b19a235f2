import { readdir, readFile } from 'node:fs/promises';

/** One line of real text. */
export interface CorpusRecord {
  /** The file below `node_modules` and the number of the line in it: `commander/Readme.md:12`. */
  readonly id: string;
  readonly input: string;
}

const DOCUMENT =
  /^(?:readme|licen[cs]e|changelog|changes|history|notice|authors|contribut\w*|security)(?:[-_.]\w+)*(?:\.(?:md|markdown|txt|rst))?$/i;
/** Beyond this a file is no prose, and nobody wants it in memory. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Real prose with real e-mail addresses in it: the lines, without the empty ones, of the README, LICENSE and CHANGELOG
 * files of the installed dependencies. The order is the same whenever the same packages are installed.
 *
 * @param root The `node_modules` to read. @default that of this project
 */
export async function* corpus(
  root: URL = new URL('../../node_modules/', import.meta.url),
): AsyncGenerator<CorpusRecord, void, undefined> {
  for await (const path of documents(root, '')) {
    const bytes = await readFile(new URL(path, root));
    if (bytes.length > MOST_BYTES) continue;
    for (const [index, line] of bytes
      .toString('utf8')
      .split(/\r\n|\n|\r/)
      .entries()) {
      const input = line.trim();
      if (input !== '') yield { id: `${decodeURIComponent(path)}:${index + 1}`, input };
    }
  }
}

/** Records as a CSV table with the columns `id` and `text`, for plugins that read CSV. */
export function toCsv(records: readonly CorpusRecord[]): string {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  return ['id,text', ...records.map(({ id, input }) => `${quoted(id)},${quoted(input)}`)].join('\r\n');
}

/** The documents below a folder, as paths from `root` that are escaped for a URL. */
async function* documents(root: URL, folder: string): AsyncGenerator<string, void, undefined> {
  const entries = await readdir(new URL(folder, root), { withFileTypes: true });
  // By code unit, since the order of the file system and of a locale differ between machines.
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = folder + encodeURIComponent(entry.name);
    // Symbolic links are passed over: they lead to what is found elsewhere, or in circles.
    if (entry.isDirectory()) {
      if (!entry.name.startsWith('.')) yield* documents(root, `${path}/`);
    } else if (entry.isFile() && DOCUMENT.test(entry.name)) {
      yield path;
    }
  }
}
