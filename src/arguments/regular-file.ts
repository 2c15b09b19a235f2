import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** A file that is not read for what it is; the message is the end of a sentence. */
export class UnreadableFile extends Error {
  override readonly name: string = 'UnreadableFile';
  readonly is: 'directory' | 'special' | 'too-large';

  constructor(is: UnreadableFile['is'], message: string) {
    super(message);
    this.is = is;
  }
}

/** Without O_NONBLOCK, opening a named pipe would wait for a writer; a terminal must not become this process's. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
/** Bytes that are asked for at once beyond what the file is said to have. */
const MORE_BYTES = 4096;

/**
 * Reads a file that somebody else has named or put there: it may be a pipe, a device that never ends, or grow while it
 * is read.
 *
 * @param maxBytes The most that is read.
 * @throws {UnreadableFile} when it is no regular file, or larger.
 * @throws the system's error when it cannot be opened or read.
 */
export async function readRegularFile(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path, FLAGS);
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw new UnreadableFile('directory', 'it is a directory');
    if (!stats.isFile()) throw new UnreadableFile('special', 'it is not a regular file');
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let length = 0;
    // The size is what the system says: a file may grow, and those under `/proc` are said to be empty.
    for (let size = stats.size; size <= maxBytes; size = Math.max(size, length)) {
      const piece = new Uint8Array(Math.max(size - length, MORE_BYTES));
      const { bytesRead } = await file.read(piece, 0, piece.length, null);
      if (bytesRead === 0) return joined(pieces, length);
      pieces.push(piece.subarray(0, bytesRead));
      length += bytesRead;
    }
    const size = Math.max(stats.size, length);
    throw new UnreadableFile('too-large', `it has ${size} bytes; the limit is ${maxBytes}`);
  } finally {
    await file.close();
  }
}

function joined(pieces: readonly Uint8Array<ArrayBuffer>[], length: number): Uint8Array<ArrayBuffer> {
  const [first] = pieces;
  if (pieces.length === 1 && first?.buffer.byteLength === length) return first;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
