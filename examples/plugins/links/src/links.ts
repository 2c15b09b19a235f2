/** A link in a text. */
export interface Link {
  readonly url: string;
  /** What it is called; missing for a bare URL. */
  readonly text?: string;
  /** From 1. */
  readonly line: number;
}

/**
 * `[text](url "title")`, `<url>`, `href="url"` and bare `http:` URLs; the first that matches at a place wins. Each part
 * excludes what ends it, so that no input makes the search go back more than once.
 */
const LINK =
  /\[(?<text>[^[\]\n]{0,500})\]\((?<target>[^()\s]+(?:\([^()\s]*\)[^()\s]*)*)(?:\s+"[^"\n]*")?\)|<(?<auto>https?:[^<>\s]+)>|\bhref\s*=\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)')|(?<bare>https?:\/\/[^\s<>"'`)\]]+)/giu;

/** What ends a sentence belongs to no URL. */
const TRAILING = /[.,;:!?]+$/u;

/** The links of a Markdown or HTML text, in their order. Fenced code and code spans have none. */
export function* findLinks(markdown: string): Generator<Link> {
  let fence: string | undefined;
  for (const [index, content] of markdown.split(/\r\n|\r|\n/u).entries()) {
    const mark = /^ {0,3}(?<mark>`{3,}|~{3,})/u.exec(content)?.groups?.mark;
    if (mark !== undefined && (fence === undefined || mark.startsWith(fence))) {
      fence = fence === undefined ? mark : undefined;
      continue;
    }
    if (fence !== undefined) continue;
    for (const { groups = {} } of withoutCode(content).matchAll(LINK)) {
      const { text, target, auto, double, single, bare } = groups;
      const url = target ?? auto ?? double ?? single ?? bare?.replace(TRAILING, '');
      if (url !== undefined && url !== '')
        yield { url, ...(text !== undefined && text !== '' && { text }), line: index + 1 };
    }
  }
}

/** A line with blanks where its code spans are: each ends with as many backticks as it begins with. */
function withoutCode(line: string): string {
  const runs = [...line.matchAll(/`+/gu)];
  // From the back, so that each run knows the next of its length, however many there are.
  const latest = new Map<number, number>();
  const closers: (number | undefined)[] = [];
  for (let index = runs.length - 1; index >= 0; index--) {
    const { length } = runs[index]![0];
    closers[index] = latest.get(length);
    latest.set(length, index);
  }
  let plain = '';
  let at = 0;
  for (let index = 0; index < runs.length; index++) {
    const closer = closers[index];
    if (closer === undefined) continue;
    const end = runs[closer]!.index + runs[closer]![0].length;
    plain += line.slice(at, runs[index]!.index).padEnd(end - at);
    at = end;
    index = closer;
  }
  return plain + line.slice(at);
}
