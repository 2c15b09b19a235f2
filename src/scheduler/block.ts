import type { Buffer } from 'node:buffer';
import type { BlockSource } from '../block/source.ts';
import type { PluginError } from '../errors.ts';
import type { Abortable } from '../request/abort.ts';

/** A stretch of a block's records that are done. */
export interface BlockPiece {
  /** The first of them, counted in the block, and how many they are. */
  readonly from: number;
  readonly count: number;
  /** Their results, as the recipe says, and what there is to say beside them. Valid during the call only. */
  readonly output: Buffer;
  readonly side: Buffer;
  readonly succeeded: number;
  readonly refused: number;
  readonly failed: number;
}

/** Hears what becomes of the records of a block: of each exactly once (invariant 1), in no order. */
export interface BlockListener {
  done(piece: BlockPiece): void;
  /** These failed in the engine. `error.began` says whether the first of them, then the only one, had begun. */
  failed(from: number, count: number, error: PluginError): void;
  /** These are not for this plugin: the first one says so, and nothing from it on has begun. */
  foreign(from: number, count: number): void;
}

/** A block that was handed to the scheduler. */
export class Block implements Abortable {
  readonly source: BlockSource;
  readonly listener: BlockListener;
  /** The parts in which it is on its way. */
  readonly jobs: Set<Abortable> = new Set();

  constructor(source: BlockSource, listener: BlockListener) {
    this.source = source;
    this.listener = listener;
  }

  aborted(signal: AbortSignal): void {
    for (const job of [...this.jobs]) job.aborted(signal);
  }
}
