/** The plugin `word-count`: counts the lines, words, characters and bytes of a text, and names its frequent words. */
import { Entry, getConfig, logMessage, Metadata, Response } from './component';
import { Counts, count } from './count';

/** No answer names more words than this. */
const MOST_WORDS = 1000;

/** How many of the most frequent words a request gets that does not say. */
let defaultTop = 0;

export function initialize(_config: Array<Entry>): string | null {
  const configured = getConfig('top');
  if (configured !== null) {
    defaultTop = parseTop(configured);
    if (defaultTop < 0) return refusal('the configuration\'s "top"', configured);
  }
  logMessage('info', `reports ${defaultTop.toString()} frequent words unless a request says otherwise`);
  return null;
}

export function process(input: string, options: Array<Entry>): Response {
  let top = defaultTop;
  for (let i = 0; i < options.length; i++) {
    const option = options[i];
    if (option.key != 'top') return new Response('', `unknown option "${option.key}"; known is: top`);
    top = parseTop(option.value);
    if (top < 0) return new Response('', refusal('option "top"', option.value));
  }
  return new Response(toJson(count(input, top > 0), top));
}

export function shutdown(): string | null {
  return null;
}

export function getMetadata(): Metadata {
  return new Metadata('word-count', '1.0.0', 'Counts lines, words, characters and bytes, and the most frequent words');
}

/** A number of words; -1 when the text is none. */
function parseTop(text: string): i32 {
  if (text.length < 1 || text.length > 4) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= MOST_WORDS ? value : -1;
}

function refusal(what: string, value: string): string {
  return `${what} is "${value}"; expected a whole number from 0 to ${MOST_WORDS.toString()}`;
}

class Occurrence {
  constructor(
    public word: string,
    public times: i32,
  ) {}
}

/** Words have no quotes, backslashes or control characters, so they need no escaping. */
function toJson(counts: Counts, top: i32): string {
  const totals =
    `{"lines":${counts.lines.toString()},"words":${counts.words.toString()}` +
    `,"characters":${counts.characters.toString()},"bytes":${counts.bytes.toString()}`;
  if (top == 0) return `${totals}}`;
  const words = counts.occurrences.keys();
  const all: Occurrence[] = [];
  for (let i = 0; i < words.length; i++) all.push(new Occurrence(words[i], counts.occurrences.get(words[i])));
  // By frequency, then by code unit, so that equal texts give equal answers.
  all.sort((a, b) => (a.times != b.times ? b.times - a.times : a.word < b.word ? -1 : 1));
  const most = all.slice(0, top).map<string>((one) => `{"word":"${one.word}","count":${one.times.toString()}}`);
  return `${totals},"top":[${most.join(',')}]}`;
}
