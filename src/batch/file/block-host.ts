import type { Block } from '../../scheduler/block.ts';
import type { Submit, SubmitMany } from '../submit.ts';
import { USUAL_FIELDS } from './fields.ts';
import { isOfLines } from './format.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { isStretch } from './selection.ts';

/** The engine, as far as it takes blocks. */
export interface BlockHost {
  /** Blocks that keep all threads busy while others are read and written. */
  readonly blocks: number;
  /** Bytes and records of a block at the most. */
  readonly bytes: number;
  readonly records: number;
  /** Takes a block for a plugin; false where each of its records has to be looked at by itself. */
  submit(plugin: string, block: Block): boolean;
}

/** The engine, as far as a flow of records needs it. */
export interface FlowHost {
  readonly submit: Submit;
  readonly submitMany: SubmitMany;
  readonly blocks: BlockHost;
}

/**
 * Whether the records of a batch may be left to the workers to find: where each of them is to have more than a run, it is
 * read here. What fails before it has begun may be tried again; what has begun is over, unless it may run twice.
 */
export function takesBlocks(
  { inputs, batch, atMostOnce, fields, selection, rate }: ResolvedFileBatchOptions,
  threads: number,
): boolean {
  const { plugin, chain, deadlineMs, retry, idempotent, concurrency } = batch;
  if (!inputs.every(({ format }) => isOfLines(format)) || atMostOnce || plugin === undefined || chain.length > 0)
    return false;
  if (fields !== USUAL_FIELDS || !isStretch(selection) || rate !== undefined) return false;
  if (deadlineMs !== undefined || (retry.attempts > 1 && idempotent)) return false;
  return concurrency.max > threads;
}
