import { Kind, kindOf } from './characters';

/** What a text has, and how often each word occurs in it if that was asked for. */
export class Counts {
  lines: i32 = 0;
  words: i32 = 0;
  characters: i32 = 0;
  bytes: i32 = 0;
  occurrences: Map<string, i32> = new Map<string, i32>();
}

/**
 * Counts lines (ended by LF, CRLF or CR; a last one without an end counts too), words, characters (code points) and
 * bytes of UTF-8 in one pass.
 *
 * @param eachWord Whether to fill `occurrences`, by words in lower case.
 */
export function count(text: string, eachWord: bool): Counts {
  const counts = new Counts();
  let wordStart = -1;
  let wordEnd = 0;
  let pendingJoiner = false;
  let lineOpen = false;
  for (let i = 0; i < text.length; ) {
    const code = <u32>text.codePointAt(i);
    const next = i + (code > 0xffff ? 2 : 1);
    counts.characters++;
    counts.bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    if (code == 0x0a) {
      // The LF of a CRLF ends no second line.
      if (lineOpen || i == 0 || text.charCodeAt(i - 1) != 0x0d) counts.lines++;
      lineOpen = false;
    } else if (code == 0x0d) {
      counts.lines++;
      lineOpen = false;
    } else {
      lineOpen = true;
    }

    const kind = kindOf(code);
    if (kind == Kind.Word) {
      if (wordStart < 0) wordStart = i;
      wordEnd = next;
      pendingJoiner = false;
    } else if (kind == Kind.Joiner && wordStart >= 0 && !pendingJoiner) {
      pendingJoiner = true;
    } else if (kind != Kind.Extender || wordStart < 0) {
      if (wordStart >= 0) addWord(counts, text, wordStart, wordEnd, eachWord);
      wordStart = -1;
      pendingJoiner = false;
      if (kind == Kind.Single) addWord(counts, text, i, next, eachWord);
    }
    i = next;
  }
  if (wordStart >= 0) addWord(counts, text, wordStart, wordEnd, eachWord);
  if (lineOpen) counts.lines++;
  return counts;
}

function addWord(counts: Counts, text: string, start: i32, end: i32, eachWord: bool): void {
  counts.words++;
  if (!eachWord) return;
  const word = text.substring(start, end).toLowerCase();
  const occurrences = counts.occurrences;
  occurrences.set(word, occurrences.has(word) ? occurrences.get(word) + 1 : 1);
}
