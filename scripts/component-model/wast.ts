/** An s-expression: a word, a string as its bytes, or a list; with its text, for the tools that read the text format. */
type Sexpr =
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'string'; readonly bytes: Uint8Array }
  | { readonly kind: 'list'; readonly items: readonly Sexpr[]; readonly text: string; readonly line: number };

export type List = Extract<Sexpr, { kind: 'list' }>;

const TOKEN = /\s+|;;[^\n]*|\(;|\(@|[()]|"(?:[^"\\]|\\.)*"|[^\s()";]+/gy;

/** The top-level forms of a script in the WebAssembly test format. */
export function parseWast(source: string): readonly List[] {
  const stack: { items: Sexpr[]; start: number }[] = [{ items: [], start: 0 }];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (match === null) throw new SyntaxError(`unexpected character at ${start}`);
    const [token] = match;
    if (token === '(;') skipBlockComment(source);
    else if (token === '(' || token === '(@') stack.push({ items: [], start });
    else if (token === ')') {
      const { items, start: from } = stack.pop()!;
      const line = source.slice(0, from).split('\n').length;
      stack.at(-1)!.items.push({ kind: 'list', items, text: source.slice(from, TOKEN.lastIndex), line });
    } else if (token.startsWith('"')) stack.at(-1)!.items.push({ kind: 'string', bytes: stringBytes(token) });
    else if (/^[^\s;]/.test(token)) stack.at(-1)!.items.push({ kind: 'word', word: token });
  }
  return stack[0]!.items.filter((item) => item.kind === 'list');
}

function skipBlockComment(source: string): void {
  for (let depth = 1; depth > 0; ) {
    const next = /\(;|;\)/g;
    next.lastIndex = TOKEN.lastIndex;
    const match = next.exec(source);
    if (match === null) throw new SyntaxError('a comment without end');
    depth += match[0] === '(;' ? 1 : -1;
    TOKEN.lastIndex = next.lastIndex;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', "'": "'", '\\': '\\' };

function stringBytes(token: string): Uint8Array {
  const parts: Buffer[] = [];
  for (const [, hex, unicode, simple, plain] of token
    .slice(1, -1)
    .matchAll(/\\([0-9a-fA-F]{2})|\\u\{([0-9a-fA-F_]+)\}|\\(.)|([^\\]+)/g)) {
    if (hex !== undefined) parts.push(Buffer.from(hex, 'hex'));
    else if (unicode !== undefined) parts.push(Buffer.from(String.fromCodePoint(Number.parseInt(unicode, 16))));
    else parts.push(Buffer.from(plain ?? ESCAPES[simple!] ?? simple!));
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** The word or string at a place of a list; undefined for a list or nothing. */
export function textAt({ items }: List, index: number): string | undefined {
  const item = items[index];
  if (item?.kind === 'word') return item.word;
  return item?.kind === 'string' ? Buffer.from(item.bytes).toString('utf8') : undefined;
}

export function listsOf({ items }: List): readonly List[] {
  return items.filter((item) => item.kind === 'list');
}
