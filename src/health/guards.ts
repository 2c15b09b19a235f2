import type { Lane } from '../scheduler/lane.ts';
import { type FailurePolicy, resolveFailurePolicy } from './failure-policy.ts';
import type { GuardListener } from './guard.ts';
import { Quarantine, type QuarantinedInput } from './quarantine.ts';

/** Makes the guards of versions, and keeps what is known of inputs while versions come and go. */
export class Guards {
  readonly #listener: GuardListener;
  readonly #quarantines = new Map<string, Quarantine>();

  constructor(listener: GuardListener) {
    this.#listener = listener;
  }

  /**
   * Puts a guard before a version, if it has a failure policy.
   *
   * @param component The SHA-256 of the version's component.
   */
  async place(lane: Lane, component: string, policy: FailurePolicy | undefined): Promise<void> {
    if (policy === undefined) return;
    // Few plugins have one, and it loads what the others do not need.
    const { Guard } = await import('./guard.ts');
    const { plugin } = lane.definition;
    let quarantine = this.#quarantines.get(plugin);
    if (quarantine === undefined) {
      quarantine = new Quarantine();
      this.#quarantines.set(plugin, quarantine);
    }
    lane.gate = new Guard(lane, component, resolveFailurePolicy(policy), quarantine, this.#listener);
  }

  /** The inputs that have killed workers of a plugin, the most recent first. */
  list(plugin: string): QuarantinedInput[] {
    return this.#quarantines.get(plugin)?.list() ?? [];
  }

  /** Forgets one of them by its SHA-256, or all; gives how many. */
  clear(plugin: string, sha256?: string): number {
    return this.#quarantines.get(plugin)?.clear(sha256) ?? 0;
  }

  /** The plugin is gone. */
  forget(plugin: string): void {
    this.#quarantines.delete(plugin);
  }
}
