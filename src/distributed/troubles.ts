import { performance } from 'node:perf_hooks';

/** Milliseconds for which the same thing is not said again. */
const QUIET_MS = 60_000;
/** Things that are remembered. */
const MOST = 1000;

/** What somebody lives with, said when it begins and once a minute while it lasts, not at every attempt. */
export class Troubles {
  readonly #tell: (what: string) => void;
  /** When each was said, by the clock of the process; the oldest is first. */
  readonly #said = new Map<string, number>();

  constructor(tell: (what: string) => void) {
    this.#tell = tell;
  }

  /** @param kind What is the same trouble, whatever it says in detail. */
  say(kind: string, what: string): void {
    const now = performance.now();
    const last = this.#said.get(kind);
    if (last !== undefined && now - last < QUIET_MS) return;
    this.#said.delete(kind);
    this.#said.set(kind, now);
    const [oldest] = this.#said.keys();
    if (this.#said.size > MOST) this.#said.delete(oldest!);
    this.#tell(what);
  }

  /** It is over: when it comes again, that is said. */
  over(kind: string): void {
    this.#said.delete(kind);
  }
}
