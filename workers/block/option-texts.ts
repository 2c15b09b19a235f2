import { Buffer } from 'node:buffer';
import type { RequestOptions } from '../../src/contract/values.ts';

/** Options as guests get them: for each text of each pair its length, a little-endian u32, and the text. */
export function packOptions(options: RequestOptions): Buffer {
  const pieces = options.flat().flatMap((text) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat(pieces);
}

/** The same back again. */
export function unpackOptions(bytes: Buffer, optionsAt: number, count: number): [string, string][] {
  let at = optionsAt;
  const text = (): string => {
    const from = at + 4;
    at = from + bytes.readUInt32LE(at);
    return bytes.toString('utf8', from, at);
  };
  return Array.from({ length: count }, (): [string, string] => [text(), text()]);
}
