import type { ErrorCode } from '../errors.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import type { Lane } from './lane.ts';
import { TICK_MS, Watch } from './watch.ts';

/** CPU time that a call gets to come to a check, so that a busy machine costs no thread. */
const GRACE = { cpuTimeLimitMs: 30, wallTimeLimitMs: Number.POSITIVE_INFINITY } as const;
/** Looks after which a call comes to none that has used no CPU time. Not milliseconds: this thread may have been stopped. */
const GRACE_LOOKS = 250 / TICK_MS;

/** A call that was told to end while its thread stays. */
export interface Interruption {
  readonly lane: Lane;
  readonly requestId: string | undefined;
  /** The code of the error with which the call failed. */
  readonly code: ErrorCode;
  readonly watch: Watch;
  looks: number;
}

/** The calls that were told to end, by their threads. What does not come to an end in time costs its thread. */
export class Interruptions {
  readonly #interrupted = new Map<PluginThread, Interruption>();

  /** Tells the call on a thread to end, which was won. What had not begun of its order is taken back by now. */
  begin(thread: PluginThread, lane: Lane, requestId: string | undefined, code: ErrorCode): void {
    this.#interrupted.set(thread, { lane, requestId, code, watch: new Watch(() => thread.cpuTimeMs()), looks: 0 });
    thread.control.interrupt();
    thread.callers.ring();
  }

  /**
   * Whether a call of a lane comes to a check: it has some, and does not sleep.
   *
   * @param waits Whether it passes streams: then whatever the policy says it comes to one where it waits for its caller,
   * which it does soon when that has gone. Threads are not for callers to end who go away over and over.
   */
  reaches({ status }: PluginThread, { definition: { policy, binding } }: Lane, waits: boolean): boolean {
    return waits || (policy.interrupt === 'trap' && binding.kind === 'direct' && !status.asleep);
  }

  has(thread: PluginThread): boolean {
    return this.#interrupted.has(thread);
  }

  /** Looks whether a call has had its time; then it is forgotten here, and the thread has to end. */
  overdue(thread: PluginThread, now: number): Interruption | undefined {
    const interruption = this.#interrupted.get(thread);
    if (interruption === undefined) return undefined;
    if (interruption.watch.look(0, GRACE, now) === undefined && ++interruption.looks < GRACE_LOOKS) return undefined;
    this.#interrupted.delete(thread);
    return interruption;
  }

  /** The work of a thread has ended, or the thread has. */
  forget(thread: PluginThread): void {
    this.#interrupted.delete(thread);
  }
}
