import { PluginError } from '../errors.ts';
import type { ThreadClass } from '../pool/thread-class.ts';

/** What the sessions of one group have their thread by. */
interface Entry {
  readonly threadClass: ThreadClass;
  /** Sessions that are open. */
  sessions: number;
}

/**
 * Which threads sessions have. The instance of a session stays on one thread for as long as it is open, and whatever else ran
 * there could end the thread with it, or make it wait: so the sessions of a group have a thread for themselves, each class one.
 * They are few enough to leave `threads` of them, and the spare one, to everybody.
 */
export class SessionThreads {
  readonly #most: number;
  readonly #entries = new Map<string, Entry>();

  constructor(threads: number, maxThreads: number) {
    this.#most = maxThreads - threads - 1;
  }

  /**
   * One more session of a group is opened.
   *
   * @param base What its thread has to be made of.
   * @throws {PluginError} `ERR_SESSION_LIMIT` when others have all threads that there are for sessions.
   */
  enter(base: ThreadClass, group: string): ThreadClass {
    const key = `${base.name} ${group}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#makeRoom();
      entry = { threadClass: { ...base, sessionsOf: group }, sessions: 0 };
      this.#entries.set(key, entry);
    }
    entry.sessions++;
    return entry.threadClass;
  }

  /** One of them is closed. */
  leave(threadClass: ThreadClass): void {
    const entry = this.#entries.get(`${threadClass.name} ${threadClass.sessionsOf}`);
    if (entry?.threadClass === threadClass) entry.sessions--;
  }

  #makeRoom(): void {
    if (this.#entries.size < this.#most) return;
    for (const [key, { sessions }] of this.#entries) {
      if (sessions > 0) continue;
      this.#entries.delete(key);
      return;
    }
    const message =
      this.#most === 0
        ? '`maxThreads` leaves no thread for sessions'
        : `Sessions of ${this.#most} other plugins are open, which have all threads for sessions`;
    throw new PluginError('ERR_SESSION_LIMIT', message, {
      limit: { name: 'maxThreads', value: this.#most },
      hint: 'Close sessions that are done, or raise `maxThreads`: the threads beyond `threads` and one are for sessions.',
    });
  }
}

/** Whether a thread, or what needs one, is for the sessions of one group only. */
export function isForSessions({ threadClass }: { readonly threadClass: ThreadClass }): boolean {
  return threadClass.sessionsOf !== undefined;
}
