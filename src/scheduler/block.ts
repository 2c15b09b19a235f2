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
  /** These were taken back before they began, as their caller wished. */
  withdrawn(from: number, count: number): void;
  /** These are not for this plugin: the first one says so, and nothing from it on has begun. */
  foreign(from: number, count: number): void;
}

/** A part of a block that is on its way. */
interface BlockPart extends Abortable {
  readonly from: number;
  /** Whether a worker has it. */
  readonly isSent: boolean;
  /** Takes back what has not begun. */
  withdraw(): void;
}

/** A block that was handed to the scheduler. */
export class Block implements Abortable {
  readonly source: BlockSource;
  readonly listener: BlockListener;
  /** The parts in which it is on its way. */
  readonly jobs: Set<BlockPart> = new Set();

  constructor(source: BlockSource, listener: BlockListener) {
    this.source = source;
    this.listener = listener;
  }

  aborted(signal: AbortSignal): void {
    for (const job of [...this.jobs]) job.aborted(signal);
  }

  /**
   * Takes back what has not begun; what runs finishes.
   *
   * @param order `kept` to take back only what comes after all that workers have.
   * @returns Whether all of it was taken back.
   */
  withdraw(order: 'kept' | 'any'): boolean {
    const last = [...this.jobs].sort((a, b) => b.from - a.from);
    const sent = last.findIndex(({ isSent }) => isSent);
    const taken = order === 'any' || sent === -1 ? last : last.slice(0, sent);
    for (const job of taken) job.withdraw();
    return sent === -1;
  }
}
