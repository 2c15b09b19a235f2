import type { Utterance } from '../contract/values.ts';
import type { ErrorCode, PluginError } from '../errors.ts';
import type { ThreadClass } from '../pool/thread-class.ts';
import type { Batch } from './batch.ts';
import type { Job } from './job.ts';
import type { Lane } from './lane.ts';
import type { Part } from './part.ts';
import type { Retirement } from './retirement.ts';

/**
 * Why a worker was ended before its time.
 *
 * @example
 * const tell = ({ plugin, code }: Termination) => console.error(`${plugin} was ended: ${code}`);
 * engine.on('worker:terminated', tell);
 */
export interface Termination {
  readonly threadId: number;
  readonly plugin: string;
  readonly version: string;
  readonly requestId: string | undefined;
  /** The code of the error with which the request failed. */
  readonly code: ErrorCode;
}

/**
 * A thread that was told to end and has not ended in time: something that V8 or the system cannot interrupt.
 *
 * @example
 * const tell = ({ plugin, sinceMs }: StuckThread) => console.error(`${plugin} does not end since ${sinceMs} ms`);
 * engine.on('worker:stuck', tell);
 */
export interface StuckThread extends Termination {
  /** Milliseconds since it was told to end. */
  readonly sinceMs: number;
  /** Threads that are stuck now, of the engine's `maxThreads`. */
  readonly stuck: number;
}

/** What the supervisor tells the scheduler. */
export interface SupervisorListener {
  /** A batch has ended, with every job settled or taken back. */
  readonly onDone: (batch: Batch) => void;
  /** It is a batch's turn at its thread: the one before it is done. */
  readonly onTurn: (batch: Batch) => void;
  /** So many milliseconds of its thread went into a part of a batch, of which nothing is in the worker any more. */
  readonly onPart: (batch: Batch, part: Part, milliseconds: number) => void;
  /** Of several lanes' batch only one's is left. */
  readonly onNarrowed: (batch: Batch) => void;
  /** A call of a lane was told to end, and its thread stays. */
  readonly onInterrupted: (lane: Lane, code: ErrorCode) => void;
  /** A batch has ended because its thread died. */
  readonly onLost: (batch: Batch) => void;
  /** These jobs had not begun and go back into the queue; in the order last first. */
  readonly onRecalled: (jobs: readonly Job[]) => void;
  /** A batch waits for a function of this thread, so that it needs no processor; then it goes on. */
  readonly onWaits: (batch: Batch) => void;
  readonly onResumes: (batch: Batch) => void;
  /** A batch runs long: it should no longer count against `threads`. */
  readonly onLong: (batch: Batch) => void;
  /** Whether anything is queued. */
  readonly isWaitedFor: () => boolean;
  /** A thread is free. */
  readonly onFree: () => void;
  /** Results may have come in. */
  readonly onProgress: () => void;
  readonly onUnavailable: (threadClass: ThreadClass, error: PluginError) => void;
  readonly onUtterance: (lane: Lane, requestId: string | undefined, utterance: Utterance) => void;
  readonly onTermination: (termination: Termination, lane: Lane) => void;
  /** The thread on which work was ended has not ended itself; it holds what it held. */
  readonly onStuck: (work: Batch | Retirement, thread: StuckThread) => void;
  /** The thread on which work was ended is gone. */
  readonly onGone: (work: Batch | Retirement) => void;
}
