import type { Buffer } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import { PluginError } from '../../errors.ts';
import { extended, NOTHING_WRITTEN, type Written } from '../journal/written.ts';
import { decompress, readsZstd } from './decompress.ts';
import { unusableFile } from './errors.ts';
import type { Compression } from './format.ts';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 256 * 1024;

/** Counts the records in what was written, a chunk at a time. */
export interface Counter {
  readonly records: number;
  take(chunk: Uint8Array): void;
  /** There is no more, and then it knows. */
  end?(): Promise<void>;
}

/** Of a file that has one on each line. */
export function lineCounter(): Counter {
  let records = 0;
  return {
    get records() {
      return records;
    },
    take: (chunk) => {
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) records++;
    },
  };
}

/**
 * Holds a file against what the journal vouches for: whoever changed it meanwhile would have lines of two files in one.
 *
 * @param counter Finds how many records it has.
 * @param records How many it should have.
 * @throws {PluginError} `ERR_BATCH_JOURNAL` when it is not what the run has written.
 */
export async function checkWritten(
  path: string,
  compression: Compression,
  written: Written,
  counter: Counter,
  records: number,
): Promise<void> {
  if (written.bytes === 0 && records === 0) return;
  let file: FileHandle;
  try {
    file = await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unusableFile('read', path, error);
    throw changed(`\`${path}\` is gone, and its journal speaks of ${written.bytes} bytes`);
  }
  try {
    const { size } = await file.stat();
    if (size < written.bytes) {
      throw changed(`\`${path}\` has ${size} bytes, and its journal speaks of ${written.bytes}`);
    }
    const readable = compression !== 'zstd' || readsZstd();
    const { crc } = await read(file, readable ? compression : 'none', written.bytes, counter);
    if (crc !== written.crc) throw changed(`\`${path}\` was changed after the run had written it`);
    if (readable && counter.records !== records) {
      throw changed(`\`${path}\` has ${counter.records} results, and its journal speaks of ${records} records`);
    }
  } finally {
    await file.close();
  }
}

async function read(file: FileHandle, compression: Compression, bytes: number, counter: Counter): Promise<Written> {
  let written = NOTHING_WRITTEN;
  if (bytes === 0) return written;
  const raw = file.createReadStream({ end: bytes - 1, start: 0, autoClose: false, highWaterMark: CHUNK_BYTES });
  raw.on('data', (chunk) => {
    written = extended(written, chunk as Buffer);
  });
  raw.pause();
  try {
    for await (const chunk of decompress(raw, compression, CHUNK_BYTES)) counter.take(chunk as Buffer);
  } catch {
    // No whole members: the checksum of what was read does not fit either, or the lines do not.
  }
  await counter.end?.();
  return written;
}

function changed(message: string): PluginError {
  return new PluginError('ERR_BATCH_JOURNAL', message, {
    hint: 'It is not the file as the run has left it; put that back, or remove the journal to begin anew.',
  });
}
