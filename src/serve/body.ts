import { Buffer, isUtf8 } from 'node:buffer';
import { clearTimeout, setTimeout } from 'node:timers';
import type { Exchange } from './exchange.ts';
import { type Problem, refusal } from './problem.ts';

/** What bounds a body. */
export interface BodyBounds {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/**
 * All of a body. What is longer is refused by its announced length before any of it is read, or as soon as it is.
 *
 * @throws {Problem} 408, 413, 415.
 */
export function readBody(exchange: Exchange, { maxBytes, timeoutMs }: BodyBounds): Promise<Buffer> {
  const { request, response } = exchange;
  assertPlain(exchange);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (exchange.expectsContinue) response.writeContinue();
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => fail(timedOut(timeoutMs)), timeoutMs);
  const settle = (): void => {
    clearTimeout(timer);
    request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
  };
  const fail = (problem: Problem): void => {
    settle();
    // What is left is not read: the connection ends with the answer.
    request.pause();
    request.on('error', () => {});
    reject(problem);
  };
  const onData = (chunk: Buffer): void => {
    length += chunk.length;
    if (length > maxBytes) fail(tooLarge(maxBytes));
    else append(chunks, chunk);
  };
  const onEnd = (): void => {
    settle();
    resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
  };
  // Nobody hears of it, as the connection is gone.
  const onClose = (): void => fail(refusal(400, 'The body ended too early.'));
  request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  return promise;
}

/** Pieces that are small are put together: each costs some 200 bytes of the heap, and a client may send a body byte by byte. */
export function append(pieces: Buffer[], piece: Buffer): void {
  pieces.push(piece);
  while (pieces.length > 1 && pieces.at(-1)!.length < 4096 && pieces.at(-2)!.length <= pieces.at(-1)!.length) {
    pieces.push(Buffer.concat(pieces.splice(-2)));
  }
}

/** @throws {Problem} 415 for a body that is compressed: what it would become is not bounded by its length. */
export function assertPlain({ request }: Exchange): void {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  throw refusal(415, 'The body is compressed.', 'Send it as it is.', { 'accept-encoding': 'identity' });
}

/** @throws {Problem} 400 for what is no UTF-8: nothing is put in the place of bytes that are none (invariant 19). */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw refusal(400, 'The body is not UTF-8.');
  return bytes.toString('utf8');
}

/** @throws {Problem} 400. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What the parser says quotes the body, and has changed with each Node.
    throw refusal(400, 'The body is not JSON.');
  }
}

/** The type of a body, without its parameters. @throws {Problem} 415 for one in another encoding than UTF-8. */
export function typeOf({ request }: Exchange): string {
  const [type, ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  for (const parameter of parameters) {
    // No regular expression: one that looks for the spaces at an end takes the square of their number.
    const [name, ...rest] = parameter.split('=');
    if (name!.trim() !== 'charset') continue;
    const charset = rest.join('=').trim().replaceAll('"', '');
    if (charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
      throw refusal(415, 'The body is in another encoding than UTF-8.');
    }
  }
  return type!.trim();
}

function timedOut(timeoutMs: number): Problem {
  return refusal(408, 'The body did not arrive in time.', `It has ${timeoutMs} ms.`, { connection: 'close' });
}

function tooLarge(maxBytes: number): Problem {
  return refusal(413, 'The body is too large.', `It may have ${maxBytes} bytes.`);
}
