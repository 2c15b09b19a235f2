import type { Block } from '../../scheduler/block.ts';
import type { ResolvedBatchOptions } from '../options.ts';
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

/** Whether records may run in blocks: where each of them is to have more than a run, somebody has to look after it. */
export function runsInBlocks(
  { plugin, chain, deadlineMs, retry, idempotent, concurrency }: ResolvedBatchOptions,
  threads: number,
): boolean {
  if (plugin === undefined || chain.length > 0 || deadlineMs !== undefined) return false;
  return concurrency.max > threads && !(retry.attempts > 1 && idempotent);
}

/**
 * Whether the records of a batch may be left to the workers to find: where each of them is to have more than a run, it is
 * read here. What fails before it has begun may be tried again; what has begun is over, unless it may run twice.
 */
export function takesBlocks(options: ResolvedFileBatchOptions, threads: number): boolean {
  return isOfBlocks(options) && options.rate === undefined && runsInBlocks(options.batch, threads);
}

/** Whether the records of a batch can be found where they run: they are lines of the usual form that follow each other. */
export function isOfBlocks({ inputs, atMostOnce, fields, selection }: ResolvedFileBatchOptions): boolean {
  return (
    inputs.every(({ format }) => isOfLines(format)) && !atMostOnce && fields === USUAL_FIELDS && isStretch(selection)
  );
}
