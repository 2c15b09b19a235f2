import type { Utterance } from '../contract/values.ts';
import type { Job } from './job.ts';
import type { Lane } from './lane.ts';
import type { StuckThread, Termination } from './supervisor-listener.ts';

/** What the scheduler reports. */
export interface SchedulerListener {
  readonly onUtterance: (lane: Lane, requestId: string | undefined, utterance: Utterance) => void;
  readonly onTermination: (termination: Termination, lane: Lane) => void;
  /** These jobs are about to be handed to a thread: from now on they may begin. */
  readonly onSending?: (jobs: readonly Job[]) => void;
  /** These jobs had not begun and were taken back from their thread. */
  readonly onTakenBack?: (jobs: readonly Job[]) => void;
  /** From now on the requests of a lane go to workers: one has run over its budget of instructions on this thread. */
  readonly onMoved?: (lane: Lane, instructions: number) => void;
  readonly onStuck: (thread: StuckThread, lane: Lane) => void;
}

/** The scheduler's part of the engine's options, all resolved. */
export interface SchedulerOptions {
  readonly threads: number;
  readonly maxThreads: number;
  readonly maxTotalMemoryBytes: number;
  readonly queueLimit: number;
  readonly pluginQueueLimit: number;
  readonly maxOutstandingBytes: number;
  readonly whenFull: 'reject' | 'wait';
  readonly metrics: 'on' | 'off';
}
