import { clearTimeout, setTimeout } from 'node:timers';
import type { PluginVersion } from './plugin-version.ts';

/** How many versions that nobody is routed to a plugin keeps for a way back. */
const MOST = 2;

/** Versions that were replaced or rolled back, and stay ready for a while. */
export class Retention {
  readonly #keepMs: number;
  readonly #onExpired: (version: PluginVersion) => void;
  /** The one kept for longest first. */
  readonly #timers = new Map<PluginVersion, NodeJS.Timeout>();
  /** Those whose time is up, and whose turn to go has not come. */
  readonly #due = new Set<PluginVersion>();

  constructor(keepMs: number, onExpired: (version: PluginVersion) => void) {
    this.#keepMs = keepMs;
    this.#onExpired = onExpired;
  }

  has(version: PluginVersion): boolean {
    return this.#timers.has(version) || this.#due.has(version);
  }

  /** Whether a version's time is up, and it was not kept again since. */
  isDue(version: PluginVersion): boolean {
    return this.#due.has(version);
  }

  /** Keeps a version for the time that was set, in place of the oldest where there are too many. */
  keep(version: PluginVersion): void {
    this.release(version);
    // A version that waits for its end is no reason for a process to live on (invariant 13).
    const timer = setTimeout(() => this.#expire(version), this.#keepMs).unref();
    this.#timers.set(version, timer);
    for (const oldest of this.#timers.keys()) {
      if (this.#timers.size <= MOST) break;
      this.#expire(oldest);
    }
  }

  /** The version is in use again, or gone. */
  release(version: PluginVersion): void {
    clearTimeout(this.#timers.get(version));
    this.#timers.delete(version);
    this.#due.delete(version);
  }

  clear(): void {
    for (const version of [...this.#timers.keys(), ...this.#due]) this.release(version);
  }

  #expire(version: PluginVersion): void {
    this.release(version);
    this.#due.add(version);
    this.#onExpired(version);
  }
}
