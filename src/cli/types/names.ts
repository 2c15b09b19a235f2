/** A string literal of TypeScript's. */
export function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** A component chooses its names: whatever is no identifier of TypeScript's is quoted, or loses what makes it none. */
export function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

export function identifier(name: string): string {
  const kept = name.replace(/[^\w$]/g, '_');
  return /^[A-Za-z_$]/.test(kept) && !RESERVED.has(kept) ? kept : `_${kept}`;
}

/** A name that nobody has yet, with a number where somebody has. */
export function unique(name: string, taken: Set<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name}${number}`;
  taken.add(free);
  return free;
}

/** What may be no name of a parameter; types begin with a capital letter. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends ' +
    'false finally for function if implements import in instanceof interface let new null package private protected ' +
    'public return static super switch this throw true try typeof var void while with yield'
  ).split(' '),
);
