import { Buffer } from 'node:buffer';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Compression } from './format.ts';

/**
 * Whether this Node reads zstd to the end of a file. Before Node 26 it ends after the first frame, without an error, and
 * files of many frames are what batches and parallel compressors write.
 */
export function readsZstd(): boolean {
  const frame = zstdCompressSync('x');
  return zstdDecompressSync(Buffer.concat([frame, frame])).length === 2;
}

/** What a stream holds, decompressed. An error of the stream reaches the reader. */
export function decompress(raw: Readable, compression: Compression, chunkSize: number): Readable {
  if (compression === 'none') return raw;
  const decoder = compression === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress();
  return pipeline(raw, decoder, () => {});
}
