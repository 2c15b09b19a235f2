import type { Buffer } from 'node:buffer';
import { nextRequest } from './packed.ts';
import type { BlockRecipe, BlockSource } from './source.ts';

const RECIPE: BlockRecipe = Object.freeze({ id: 0, kind: 'packed' });

/** A block of packed requests. */
export class PackedSource implements BlockSource {
  readonly recipe: BlockRecipe = RECIPE;
  readonly isUtf8 = true;
  readonly firstIndex: number;
  readonly firstLine = 0;
  readonly bytes: Buffer;
  readonly count: number;

  constructor(bytes: Buffer, count: number, firstIndex: number) {
    this.bytes = bytes;
    this.count = count;
    this.firstIndex = firstIndex;
  }

  skip(at: number, line: number, records: number): { readonly at: number; readonly line: number } {
    let next = at;
    for (let record = 0; record < records; record++) next = nextRequest(this.bytes, next);
    return { at: next, line };
  }
}
