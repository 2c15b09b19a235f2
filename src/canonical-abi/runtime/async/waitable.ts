import { trap } from '../trap.ts';
import type { Scheduler } from './scheduler.ts';
import type { Cancelled } from './thread.ts';

/** `EventCode` of the specification. */
export const EVENT = {
  none: 0,
  subtask: 1,
  'stream.read': 2,
  'stream.write': 3,
  'future.read': 4,
  'future.write': 5,
  cancelled: 6,
} as const;

/** A code, and two words about it. */
export type Event = readonly [code: number, index: number, payload: number];

const NO_EVENT: Event = [EVENT.none, 0, 0];
const TASK_CANCELLED: Event = [EVENT.cancelled, 0, 0];

/** `Waitable` of the specification: what an event can be about. */
export class Waitable {
  /** Makes the event when it is delivered: until then it may change. */
  pendingEvent: (() => Event) | undefined;
  set: WaitableSet | undefined;
  /** Whether a built-in that was called synchronously waits for its event. */
  hasSyncWaiter = false;

  takeEvent(): Event {
    const event = this.pendingEvent!;
    this.pendingEvent = undefined;
    return event();
  }

  /** Waits for its event in the thread that runs. */
  waitForEvent(scheduler: Scheduler): Cancelled | Promise<Cancelled> {
    this.hasSyncWaiter = true;
    const waited = scheduler.wait(() => this.pendingEvent !== undefined, false);
    if (typeof waited === 'number') {
      this.hasSyncWaiter = false;
      return waited;
    }
    return waited.then((cancelled) => {
      this.hasSyncWaiter = false;
      return cancelled;
    });
  }

  join(set: WaitableSet | undefined): void {
    this.set?.elements.delete(this);
    this.set = set;
    set?.elements.add(this);
  }
}

/** `WaitableSet` of the specification. */
export class WaitableSet {
  readonly elements: Set<Waitable> = new Set();
  waiting = 0;

  hasEvent(): boolean {
    for (const element of this.elements) if (element.pendingEvent !== undefined) return true;
    return false;
  }

  /** The event of the element that has had none for the longest. */
  takeEvent(cancelled: Cancelled): Event {
    if (cancelled) return TASK_CANCELLED;
    for (const element of this.elements) {
      if (element.pendingEvent === undefined) continue;
      this.elements.delete(element);
      this.elements.add(element);
      return element.takeEvent();
    }
    return NO_EVENT;
  }

  assertUnused(): void {
    if (this.elements.size > 0) throw trap('cannot drop a waitable set that has waitables');
    if (this.waiting > 0) throw trap('cannot drop a waitable set that is waited for');
  }
}
