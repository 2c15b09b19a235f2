import type { PluginError } from '../errors.ts';
import { Batch } from './batch.ts';
import type { Job } from './job.ts';
import type { Lane } from './lane.ts';
import { Retirement } from './retirement.ts';

/** What threads did that were told to end and have not: each holds its place, and that of its plugin. */
export class StuckWork {
  readonly #limits: { readonly threads: number; readonly maxThreads: number };
  readonly #stuckThreads: () => number;
  readonly #work = new Set<Batch | Retirement>();

  /** @param stuckThreads How many there are in all. */
  constructor(limits: { readonly threads: number; readonly maxThreads: number }, stuckThreads: () => number) {
    this.#limits = limits;
    this.#stuckThreads = stuckThreads;
  }

  /** The thread of some work does not end. */
  add(work: Batch | Retirement): void {
    const { tenant } = work.lane;
    this.#work.add(work);
    tenant.stuck++;
    if (work instanceof Retirement) tenant.held++;
  }

  /** The thread on which some work was ended is gone, whether it was stuck before or not. */
  remove(work: Batch | Retirement): void {
    const { tenant } = work.lane;
    const wasStuck = this.#work.delete(work);
    if (wasStuck) tenant.stuck--;
    if (wasStuck || work instanceof Batch) tenant.held--;
  }

  /** Whether there is a thread for a lane that does not have to end first, which it may never do. */
  hasThreads({ tenant }: Lane): boolean {
    const { threads, maxThreads } = this.#limits;
    return tenant.stuck < threads && this.#stuckThreads() < maxThreads;
  }

  /** The error of a job that would wait for a thread for ever (invariant 1). */
  error(job: Job): PluginError {
    const { threads, maxThreads } = this.#limits;
    const { stuck } = job.lane.tenant;
    const limit = stuck < threads ? { name: 'maxThreads', value: maxThreads } : { name: 'threads', value: threads };
    const whose = stuck < threads ? 'the engine' : 'the plugin';
    const message = `${limit.value} threads of ${whose}, all that it may have, were told to end and have not ended`;
    return job.error('ERR_WORKER_CRASHED', message, {
      limit,
      hint: 'They are in code that nothing can interrupt; `engine.status()` shows how many are `stuck`. Unload what does that.',
    });
  }
}
