import { PluginError } from '../../errors.ts';
import type { Lane } from '../../scheduler/lane.ts';
import { metadata } from '../wire/checked.ts';
import type { HostLane } from './host-lane.ts';
import type { Session } from './session.ts';

/** Children in a row that may die of opening a lane. */
const MAX_DEATHS = 3;

/** The lanes of a group, which each of its children opens. */
export class HostLanes {
  readonly #lanes = new Map<Lane, HostLane>();
  readonly #onLost: (lane: Lane, error: PluginError) => void;

  /** @param onLost Told of a plugin whose opening has ended one process after the other. */
  constructor(onLost: (lane: Lane, error: PluginError) => void) {
    this.#onLost = onLost;
  }

  get size(): number {
    return this.#lanes.size;
  }

  add(hostLane: HostLane): void {
    this.#lanes.set(hostLane.lane, hostLane);
  }

  get(lane: Lane): HostLane | undefined {
    return this.#lanes.get(lane);
  }

  has(lane: Lane): boolean {
    return this.#lanes.has(lane);
  }

  /** A lane that is drained: no child opens it any more. */
  close(lane: Lane): HostLane | undefined {
    const hostLane = this.#lanes.get(lane);
    if (hostLane === undefined) return undefined;
    hostLane.state = 'closed';
    this.#lanes.delete(lane);
    return hostLane;
  }

  /** Why no request to a lane can be run, if none can. */
  refusal(lane: Lane): PluginError | undefined {
    return this.#lanes.get(lane)?.failure;
  }

  /** Opens all of them in a new child. One after the other: where the child dies of one, it is known of which. */
  async openIn(session: Session): Promise<void> {
    const lanes = [...this.#lanes.values()].filter(({ state }) => state === 'kept').sort((a, b) => a.deaths - b.deaths);
    for (const hostLane of lanes) {
      if (hostLane.state !== 'kept') continue;
      try {
        await session.open(hostLane);
        await session.ask((ask) => ({ kind: 'prepare', ask, lane: hostLane.id }), metadata);
        hostLane.deaths = 0;
      } catch (error) {
        // That an instance does not come up, its requests find out; that there is no lane for them, or no process, not.
        if (session.isReady && session.lanes.has(hostLane.id)) continue;
        if (session.isReady || ++hostLane.deaths >= MAX_DEATHS) this.#lose(hostLane, error);
        if (!session.isReady) throw error;
      }
    }
  }

  /** A plugin that cannot be opened again: its requests fail, so that others go on. */
  #lose(hostLane: HostLane, cause: unknown): void {
    const { lane } = hostLane;
    hostLane.state = 'lost';
    hostLane.failure = new PluginError(
      'ERR_WORKER_CRASHED',
      'The plugin could not be started again after its process ended',
      {
        plugin: lane.definition.plugin,
        version: lane.version,
        hint: 'Reload it, or give it a process of its own with `isolation.group`.',
        cause,
      },
    );
    this.#onLost(lane, hostLane.failure);
  }
}
