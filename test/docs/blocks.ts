import { readFile } from 'node:fs/promises';

/** The root of the repository. */
export const ROOT: URL = new URL('../../', import.meta.url);

/** A fenced block of code in a document. */
export interface Block {
  /** Where it begins: `docs/cli.md:34`. */
  readonly place: string;
  readonly language: string;
  readonly text: string;
}

/** The blocks of a document that are marked with one of the languages. */
export async function blocksOf(document: string, languages: readonly string[]): Promise<Block[]> {
  const lines = (await readFile(new URL(document, ROOT), 'utf8')).split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const language = /^```(\w+)$/.exec(lines[at]!)?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', at + 1);
    if (end === -1) throw new Error(`${document}:${at + 1}: the block does not end`);
    const text = lines.slice(at + 1, end).join('\n');
    if (languages.includes(language)) blocks.push({ place: `${document}:${at + 1}`, language, text });
    at = end;
  }
  return blocks;
}

/** A command of a console session and what it prints, with `…` for anything, line breaks included. */
export interface Command {
  readonly line: string;
  readonly prints: string;
}

/** The commands of a block marked `console`: each line after `$ `, and the lines below it. */
export function commandsOf(text: string): Command[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((command) => {
      const [line = '', ...prints] = command.trimEnd().split('\n');
      return { line, prints: prints.join('\n') };
    });
}

/** What a block marked `ts` prints, as the comments behind its `console.log` say. */
export function promisedBy(text: string): string[] {
  // The last of them ends a statement of several lines.
  const ends = /console\.log\(.*\); \/\/ (.*)$|console\.log\(.*\)\); \/\/ (.*)$|^\); \/\/ (.*)$/gm;
  return [...text.matchAll(ends)].map(([, statement, listener, lines]) => statement ?? listener ?? lines!);
}

/** A pattern for a text in which `…` stands for anything. */
export function matching(text: string): RegExp {
  const literal = text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('…', '[^]*')}$`);
}
