import { PluginError } from '../errors.ts';

/** A place in a text of WAVE, the text form of WIT's values. */
export class Scanner {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Passes white space and comments, which go from `//` to the end of the line. */
  skip(): void {
    this.#match(/(?:\s|\/\/[^\n]*)*/y);
  }

  /** Takes a piece of punctuation, if it comes next. */
  takes(piece: string): boolean {
    this.skip();
    if (!this.text.startsWith(piece, this.at)) return false;
    this.at += piece.length;
    return true;
  }

  /** @throws {PluginError} when something else comes next. */
  expect(piece: string): void {
    if (!this.takes(piece)) throw this.error(`\`${piece}\``);
  }

  /** A label in kebab case. One that is a keyword is written with `%`. @returns undefined when there is none. */
  label(): string | undefined {
    this.skip();
    return this.#match(/%?[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*/y)?.replace('%', '');
  }

  /** A word of the notation, such as `some`, and not the beginning of a longer one. */
  takesWord(word: string): boolean {
    const before = this.at;
    this.skip();
    if (this.#match(/[A-Za-z][A-Za-z0-9-]*/y) === word) return true;
    this.at = before;
    return false;
  }

  /** A number. @returns its text; undefined when there is none. */
  number(): string | undefined {
    this.skip();
    return this.#match(/-?(?:inf|nan|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![A-Za-z0-9.])/y);
  }

  /** What is between quotes, with escapes resolved. @returns undefined when no quote comes next. */
  quoted(quote: '"' | "'"): string | undefined {
    if (!this.takes(quote)) return undefined;
    let value = '';
    for (;;) {
      const piece = this.#match(quote === '"' ? /[^"\\\n]+/y : /[^'\\\n]+/y);
      if (piece !== undefined) value += piece;
      else if (this.text.startsWith(quote, this.at)) {
        this.at++;
        return value;
      } else value += this.#escape(quote);
    }
  }

  /** Nothing may follow. @throws {PluginError} */
  end(): void {
    this.skip();
    if (this.at < this.text.length) throw this.error('the end');
  }

  error(expected: string): PluginError {
    this.skip();
    const rest = this.text.slice(this.at, this.at + 20);
    const found = rest === '' ? 'the end' : `\`${rest}${this.text.length > this.at + 20 ? '…' : ''}\``;
    return new PluginError('ERR_INVALID_ARGUMENT', `Expected ${expected} at character ${this.at + 1}, got ${found}`, {
      hint: 'Values are written in WAVE: 7, "text", [1, 2], {field: 1}, some(1), ok("a"), red.',
    });
  }

  #escape(quote: string): string {
    const found = this.#match(/\\(?:["'\\tnr]|u\{[0-9A-Fa-f]{1,6}\})/y);
    if (found === undefined) throw this.error(`\`${quote}\` or an escape`);
    if (found[1] !== 'u') return ESCAPES[found[1]!] ?? found[1]!;
    const codePoint = Number.parseInt(found.slice(3, -1), 16);
    if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff))
      throw this.error('a Unicode scalar value');
    return String.fromCodePoint(codePoint);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text)?.[0];
    if (match === undefined || match === '') return undefined;
    this.at += match.length;
    return match;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r' };
