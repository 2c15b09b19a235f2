import type { Outside, OutsideLine } from '../../../canonical-abi/runtime/async/outside.ts';
import { type Event, wait } from '../poll.ts';

/** What happens to an instance of WASI 0.3 while its calls and streams wait: times, files, the network, its caller. */
export class Occurrences implements Outside {
  readonly #awaited = new Set<{ readonly event: Event; readonly act: () => void }>();
  /** What functions of the embedder's are asked on, for which the instance may wait as well. */
  readonly #line: OutsideLine | undefined;
  /** An answer on that line, or that somebody else has something for the thread. */
  readonly #answer: Event;
  #next: (() => void)[] = [];

  constructor(line?: OutsideLine) {
    this.#line = line;
    this.#answer = { word: () => line?.word, remaining: () => (line?.take() || line?.alarm?.() ? 0n : undefined) };
  }

  get isAwaited(): boolean {
    return this.#next.length > 0 || this.#awaited.size > 0;
  }

  /** Does something once the guest is between two steps. */
  soon(act: () => void): void {
    this.#next.push(act);
  }

  /** Does something once an event has happened. @returns what has it not done. */
  once(event: Event, act: () => void): () => void {
    const awaited = { event, act };
    this.#awaited.add(awaited);
    return () => this.#awaited.delete(awaited);
  }

  look(): void {
    const next = this.#next;
    this.#next = [];
    for (const act of next) act();
    this.#line?.look();
    for (const awaited of [...this.#awaited]) {
      // One that happened before may have made it void.
      if (!this.#awaited.has(awaited) || awaited.event.remaining() !== 0n) continue;
      this.#awaited.delete(awaited);
      awaited.act();
    }
  }

  wait(): void {
    if (!this.isAwaited && this.#line !== undefined) {
      this.#line.wait();
      return;
    }
    if (this.#next.length === 0) wait(this.#events());
    this.look();
  }

  #events(): readonly Event[] {
    const events = [...this.#awaited].map(({ event }) => event);
    if (this.#line === undefined || !(this.#line.isOpen || this.#line.alarm !== undefined)) return events;
    if (this.#line.isOpen) this.#line.announce();
    return [this.#answer, ...events];
  }
}
