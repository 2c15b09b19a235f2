import type { Lane } from './lane.ts';

/** Who waits for lanes to be left by all that is in them. */
export class Drains {
  readonly #drained = new Map<Lane, PromiseWithResolvers<void>>();

  /** Resolves when nothing of a lane waits, is queued or runs. */
  async drain(lane: Lane): Promise<void> {
    lane.flush?.();
    if (lane.idle) return;
    const drained = this.#drained.get(lane) ?? Promise.withResolvers<void>();
    this.#drained.set(lane, drained);
    await drained.promise;
  }

  /** Whatever waited with a lane may have left. */
  check(lane: Lane): void {
    if (!lane.idle) return;
    this.#drained.get(lane)?.resolve();
    this.#drained.delete(lane);
  }
}
