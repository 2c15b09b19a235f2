/** What stands in text that `JSON.parse` has accepted, as it stands there: a number keeps its digits. */

const SPACE = /[ \t\n\r]*/y;
/** A number or a word. */
const SCALAR = /[^ \t\n\r,\]}]+/y;

/**
 * The members of an object, each with its value as it stands there. Of two with one name the last one counts, as it does
 * to `JSON.parse`. Empty for what is no object.
 */
export function membersOf(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = past(SPACE, text, 0);
  if (text[at] !== '{') return members;
  at = past(SPACE, text, at + 1);
  while (text[at] === '"') {
    const keyEnd = pastString(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const start = past(SPACE, text, past(SPACE, text, keyEnd) + 1);
    const end = pastValue(text, start);
    members.set(key, oneLine(text.slice(start, end)));
    at = past(SPACE, text, past(SPACE, text, end) + 1);
  }
  return members;
}

/** The elements of an array, as {@link membersOf} has it. */
export function elementsOf(text: string): string[] {
  const elements: string[] = [];
  let at = past(SPACE, text, 0);
  if (text[at] !== '[') return elements;
  at = past(SPACE, text, at + 1);
  while (at < text.length && text[at] !== ']') {
    const end = pastValue(text, at);
    elements.push(oneLine(text.slice(at, end)));
    at = past(SPACE, text, past(SPACE, text, end) + 1);
  }
  return elements;
}

/** An object with these members. */
export function objectOf(members: Iterable<readonly [string, string]>): string {
  return `{${Array.from(members, ([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}

/** Between the values of an array line breaks are space, and inside a string there are none. */
function oneLine(text: string): string {
  return text.includes('\n') || text.includes('\r') ? text.replaceAll(/[\n\r]/g, ' ') : text;
}

function past(what: RegExp, text: string, at: number): number {
  what.lastIndex = at;
  what.test(text);
  return Math.max(what.lastIndex, at);
}

function pastString(text: string, at: number): number {
  let here = at + 1;
  for (; text[here] !== '"'; here++) if (text[here] === '\\') here++;
  return here + 1;
}

function pastValue(text: string, at: number): number {
  let depth = 0;
  let here = at;
  do {
    const char = text[here];
    if (char === '"') here = pastString(text, here);
    else if (char === '{' || char === '[') {
      depth++;
      here++;
    } else if (char === '}' || char === ']') {
      depth--;
      here++;
    } else if (depth > 0) here++;
    else return past(SCALAR, text, here);
  } while (depth > 0 && here < text.length);
  return here;
}
