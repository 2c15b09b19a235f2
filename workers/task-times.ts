/** Milliseconds of work after which the thread is asked for its CPU time: the answer takes two microseconds. */
const INTERVAL_MS = 1;

/**
 * The CPU time of each of several tasks that a thread works on by turns: what it used since the last look is shared out by how
 * long it worked on each of them meanwhile.
 */
export class TaskTimes<Task> {
  readonly #cpuMs: () => number;
  readonly #worked = new Map<Task, number>();
  readonly #used = new Map<Task, number>();
  #since = 0;
  #cpu: number;

  /** @param cpuMs Milliseconds of CPU time that the thread has used. */
  constructor(cpuMs: () => number) {
    this.#cpuMs = cpuMs;
    this.#cpu = cpuMs();
  }

  /** The thread has worked on a task for so long by the clock. */
  worked(task: Task, milliseconds: number): void {
    this.#since += milliseconds;
    this.#worked.set(task, (this.#worked.get(task) ?? 0) + milliseconds);
  }

  /** Looks, where it is time. @returns A task that has used more than the limit, if one has. */
  over(limitMs: number): Task | undefined {
    if (this.#since < INTERVAL_MS) return undefined;
    const cpu = this.#cpuMs();
    const share = Math.min((cpu - this.#cpu) / this.#since, 1);
    this.#cpu = cpu;
    this.#since = 0;
    let over: Task | undefined;
    for (const [task, worked] of this.#worked) {
      const used = (this.#used.get(task) ?? 0) + worked * share;
      this.#used.set(task, used);
      if (used >= limitMs) over = task;
    }
    this.#worked.clear();
    return over;
  }

  forget(task: Task): void {
    this.#worked.delete(task);
    this.#used.delete(task);
  }
}
