import type { Job } from './job.ts';
import type { Lane } from './lane.ts';
import { LinkedList } from './linked-list.ts';

/**
 * The callers that chose to wait while the queue is full. Room goes round among the plugins, so that no plugin's
 * callers wait behind another's backlog (invariant 3).
 */
export class WaitingRoom {
  /** In the order in which plugins are served next. */
  readonly #lists = new Map<string, LinkedList<Job>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(job: Job): void {
    const name = job.lane.plugin;
    let list = this.#lists.get(name);
    if (list === undefined) {
      list = new LinkedList();
      this.#lists.set(name, list);
    }
    list.push(job);
    job.state = 'waiting';
    job.lane.waiting++;
    this.#size++;
  }

  remove(job: Job): void {
    const name = job.lane.plugin;
    const list = this.#lists.get(name)!;
    list.remove(job);
    job.lane.waiting--;
    this.#size--;
    if (list.size === 0) this.#lists.delete(name);
  }

  /** Takes every job of one lane. */
  take(lane: Lane): Job[] {
    const jobs = [...(this.#lists.get(lane.plugin) ?? [])].filter((job) => job.lane === lane);
    for (const job of jobs) {
      this.remove(job);
      job.state = 'taken';
    }
    return jobs;
  }

  /** Takes the next job whose plugin has room. */
  shift(hasRoom: (job: Job) => boolean): Job | undefined {
    for (const [name, list] of this.#lists) {
      const job = list.first;
      if (job === undefined || !hasRoom(job)) continue;
      this.remove(job);
      // To the end of the round, if there is more of it.
      if (list.size > 0) {
        this.#lists.delete(name);
        this.#lists.set(name, list);
      }
      return job;
    }
    return undefined;
  }
}
