import type { Utterance } from '../contract/values.ts';
import type { Lane } from './lane.ts';
import type { MemoryBudget } from './memory-budget.ts';

/** What the requests of a lane need of the engine. */
export interface InlineHost {
  readonly memory: Pick<MemoryBudget, 'fitsBeside' | 'exchange'>;
  nextRequestId(): string;
  readonly onUtterance: (lane: Lane, requestId: string | undefined, utterance: Utterance) => void;
  /** A request of the lane has left it. */
  readonly onLeft: (lane: Lane) => void;
  /** From now on its requests go to workers. */
  readonly onMoved: (lane: Lane, instructions: number) => void;
}
