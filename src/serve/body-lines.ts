import { Buffer, isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { clearTimeout, setTimeout } from 'node:timers';
import { append } from './body.ts';

const NEWLINE = 0x0a;

/**
 * The lines of a body as they come; no more of it is read than is asked for. Empty lines are left out.
 *
 * @param maxBytes Of one line. What is longer is passed over up to its end, and is undefined, as is what is no UTF-8.
 * @param timeoutMs For which the client may be silent; then the connection ends.
 */
export async function* readLines(
  request: IncomingMessage,
  maxBytes: number,
  timeoutMs: number,
): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer): void => {
    length += part.length;
    if (length <= maxBytes) append(parts, part);
    else parts = [];
  };
  const take = (): string | undefined => {
    const line = length > maxBytes ? undefined : Buffer.concat(parts);
    parts = [];
    length = 0;
    return line !== undefined && isUtf8(line) ? line.toString('utf8') : undefined;
  };
  const chunks = request[Symbol.asyncIterator]();
  for (;;) {
    // Only while somebody waits for it: a client that is not asked for more is not silent.
    const timer = setTimeout(() => request.destroy(), timeoutMs);
    const { value, done } = (await chunks.next().finally(() => clearTimeout(timer))) as IteratorResult<
      Buffer,
      undefined
    >;
    if (done) break;
    let from = 0;
    for (let to = value.indexOf(NEWLINE); to >= 0; to = value.indexOf(NEWLINE, from)) {
      add(value.subarray(from, to));
      from = to + 1;
      const line = take();
      if (line === undefined || line.trim() !== '') yield line;
    }
    if (from < value.length) add(value.subarray(from));
  }
  if (length === 0) return;
  const last = take();
  if (last === undefined || last.trim() !== '') yield last;
}
