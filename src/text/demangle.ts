/** Characters of a symbol that is looked at: a name is cut far below. */
const MAX_SYMBOL = 4096;
/** Paths within paths. */
const MAX_DEPTH = 64;

/**
 * The name in the source of a function whose symbol Rust or C++ made: `core::panicking::panic` of
 * `_ZN4core9panicking5panic17h0123456789abcdefE`. rustc has the linker leave its symbols as they are, so that the name
 * section of a plugin in Rust is full of them. Types of parameters, templates and generics are left out or left alone: what is
 * not understood is returned as it came.
 *
 * @see https://doc.rust-lang.org/rustc/symbol-mangling/v0.html
 * @see https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling
 */
export function demangle(symbol: string): string {
  if (symbol.length > MAX_SYMBOL) return symbol;
  const parts = symbol.startsWith('_ZN')
    ? nestedName(symbol)
    : symbol.startsWith('_Z')
      ? plainName(symbol)
      : symbol.startsWith('_R')
        ? pathOf(symbol)
        : undefined;
  return parts === undefined || parts.length === 0 ? symbol : parts.join('::');
}

/** `_ZN` and names of `E`: C++ and the older symbols of Rust, which end in a hash. */
function nestedName(symbol: string): string[] | undefined {
  const parts: string[] = [];
  // A member function may be `const`.
  let at = symbol[3] === 'K' ? 4 : 3;
  while (symbol[at] !== 'E') {
    const found = sourceName(symbol, at);
    if (found === undefined) return undefined;
    parts.push(found.name);
    at = found.end;
  }
  if (!/^h[0-9a-f]{16}$/.test(parts.at(-1) ?? '')) return parts;
  return parts.slice(0, -1).map(unescaped);
}

function plainName(symbol: string): string[] | undefined {
  const found = sourceName(symbol, 2);
  return found && [found.name];
}

/** A length and so many characters. */
function sourceName(symbol: string, at: number): { readonly name: string; readonly end: number } | undefined {
  const digits = /^[1-9][0-9]{0,3}/.exec(symbol.slice(at, at + 4))?.[0];
  if (digits === undefined) return undefined;
  const start = at + digits.length;
  const end = start + Number(digits);
  return end > symbol.length ? undefined : { name: symbol.slice(start, end), end };
}

const ESCAPES: Readonly<Record<string, string>> = {
  SP: '@',
  BP: '*',
  RF: '&',
  LT: '<',
  GT: '>',
  LP: '(',
  RP: ')',
  C: ',',
};

/** What Rust writes for characters that a symbol cannot have. */
function unescaped(name: string): string {
  return name
    .replace(/^_(?=\$)/, '')
    .replaceAll('..', '::')
    .replaceAll(/\$([A-Z]{1,2}|u[0-9a-f]{1,4})\$/g, (whole, code: string) =>
      code.startsWith('u') ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? whole),
    );
}

/** The path of a symbol of Rust's newer kind, as far as it has modules, functions and closures only. */
function pathOf(symbol: string): string[] | undefined {
  const parts: string[] = [];
  return readPath(symbol, 2, parts, 0) === undefined ? undefined : parts;
}

/** Reads a path and adds its parts; returns where it ends. */
function readPath(symbol: string, at: number, parts: string[], depth: number): number | undefined {
  const kind = symbol[at];
  if (depth > MAX_DEPTH || (kind !== 'C' && kind !== 'N')) return undefined;
  if (kind === 'C') return readIdentifier(symbol, at + 1, parts, '');
  const owner = readPath(symbol, at + 2, parts, depth + 1);
  return owner && readIdentifier(symbol, owner, parts, symbol[at + 1] === 'C' ? '{closure}' : '');
}

function readIdentifier(symbol: string, at: number, parts: string[], unnamed: string): number | undefined {
  const found = /^(?:s[0-9a-zA-Z]*_)?(0|[1-9][0-9]{0,3})_?/.exec(symbol.slice(at, at + 32));
  if (found === null) return undefined;
  const start = at + found[0].length;
  const end = start + Number(found[1]);
  if (end > symbol.length) return undefined;
  const name = symbol.slice(start, end) || unnamed;
  if (name !== '') parts.push(name);
  return end;
}
