import type { WasiHost } from './host.ts';
import { IoError } from './io-error.ts';
import { failed, type Sink } from './streams.ts';

/** Bytes of a line that are kept before it is broken; log lines are cut at about that length anyway. */
const MAX_LINE_BYTES = 8192;
/** Lines that are kept for the error of a call that traps. */
const LAST_LINES = 3;
const NEWLINE = 0x0a;
/** Replaces what is not UTF-8; keeps nothing between lines. */
const decoder = new TextDecoder();

/**
 * Standard output or standard error of one instance, line by line: each becomes a log message, within the log budget of the
 * call. Over budget a write fails, so that a flood costs the guest its output and the host nothing.
 */
export class LineWriter implements Sink {
  readonly isTimeless = true;
  readonly #say: (line: string) => boolean;
  readonly #host: WasiHost;
  /** Made when first needed: most instances print nothing. */
  #partial: Uint8Array | undefined;
  #length = 0;
  /** The last lines of the call. */
  #last: string[] = [];

  /** @param say Takes a line; false when it cannot be taken. */
  constructor(say: (line: string) => boolean, host: WasiHost) {
    this.#say = say;
    this.#host = host;
  }

  write(bytes: Uint8Array): void {
    this.#partial ??= new Uint8Array(MAX_LINE_BYTES);
    let start = 0;
    while (start < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline === -1 ? bytes.length : newline;
      const part = bytes.subarray(start, Math.min(end, start + MAX_LINE_BYTES - this.#length));
      this.#partial.set(part, this.#length);
      this.#length += part.length;
      start += part.length;
      if (start === newline) start++;
      else if (this.#length < MAX_LINE_BYTES) return;
      if (!this.#emit()) throw failed(new IoError(this.#host, 'the log budget of this call is spent'));
    }
  }

  begin(): void {
    this.#last = [];
  }

  /** The last lines of the call, with one that is not ended yet: that is where Rust, Python and JavaScript say why they trap. */
  get last(): readonly string[] {
    return this.#length > 0 ? [...this.#last, this.#line()].slice(-LAST_LINES) : this.#last;
  }

  /** Takes down a last line without a line break; the instance calls it when a call ends. */
  flush(): void {
    if (this.#length > 0) this.#emit();
  }

  #emit(): boolean {
    const line = this.#line();
    this.#length = 0;
    if (this.#last.push(line) > LAST_LINES) this.#last.shift();
    return this.#say(line);
  }

  #line(): string {
    return decoder.decode(this.#partial?.subarray(0, this.#length));
  }
}
