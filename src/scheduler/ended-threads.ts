import type { PluginThread } from '../pool/plugin-thread.ts';
import { STUCK_AFTER_MS } from '../thread/thread.ts';
import type { Batch } from './batch.ts';
import type { Retirement } from './retirement.ts';
import type { StuckThread, Termination } from './supervisor-listener.ts';

type Work = Batch | Retirement;

/** What threads did that were ended for it and are not gone. */
export class EndedThreads {
  readonly #ended = new Map<PluginThread, { readonly work: Work; readonly termination: Termination }>();

  add(thread: PluginThread, work: Work, termination: Termination): void {
    this.#ended.set(thread, { work, termination });
  }

  /** What there is to tell of one that has not ended in time. @param stuck How many there are. */
  stuck(thread: PluginThread, stuck: number): readonly [Work, StuckThread] | undefined {
    const ended = this.#ended.get(thread);
    return ended && [ended.work, { ...ended.termination, sinceMs: STUCK_AFTER_MS, stuck }];
  }

  /** It is gone; gives back what it was ended for, if it was. */
  forget(thread: PluginThread): Work | undefined {
    const work = this.#ended.get(thread)?.work;
    this.#ended.delete(thread);
    return work;
  }
}
