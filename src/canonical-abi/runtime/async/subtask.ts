import { type BorrowScope, newBorrowScope } from '../handles.ts';
import { trap } from '../trap.ts';
import type { Step } from './thread.ts';
import { EVENT, Waitable } from './waitable.ts';

/** `Subtask.State` of the specification. */
export const SUBTASK = {
  starting: 0,
  started: 1,
  returned: 2,
  cancelledBeforeStarted: 3,
  cancelledBeforeReturned: 4,
} as const;

type State = (typeof SUBTASK)[keyof typeof SUBTASK];

/** `Subtask` of the specification: a call, as its caller has it. */
export class Subtask extends Waitable {
  state: State = SUBTASK.starting;
  /** The handles of the caller that are lent to the callee. */
  readonly borrowScope: BorrowScope = newBorrowScope();
  cancellationRequested = false;
  /** Whether the caller has been told the end, and the handles that it lent are free again. */
  delivered = false;
  /** Asks the callee to end. */
  requestCancellation: () => Step = () => undefined;
  /** Its index among the handles of the caller; undefined while the caller does not know of it. */
  index: number | undefined;

  get resolved(): boolean {
    return this.state >= SUBTASK.returned;
  }

  /** Has the caller hear of a state that changed. */
  progress(): void {
    const { index } = this;
    if (index === undefined) return;
    this.pendingEvent = () => {
      if (this.resolved) this.deliver();
      return [EVENT.subtask, index, this.state];
    };
  }

  start(): void {
    this.state = SUBTASK.started;
    this.progress();
  }

  cancelled(): void {
    this.state = this.state === SUBTASK.starting ? SUBTASK.cancelledBeforeStarted : SUBTASK.cancelledBeforeReturned;
    this.progress();
  }

  returned(): void {
    this.state = SUBTASK.returned;
    this.progress();
  }

  deliver(): void {
    this.delivered = true;
    for (const handle of this.borrowScope.lenders.splice(0)) handle.lends--;
  }

  drop(): void {
    if (!this.delivered) throw trap('cannot drop a subtask that has not been resolved');
    this.join(undefined);
  }
}
