import type { Lane } from '../../scheduler/lane.ts';

/** What may be ahead in a child: requests, and the bytes of these and of their answers, as far as these can be foreseen. */
interface Room {
  readonly requests: number;
  readonly bytes: number;
}

const MiB = 1024 * 1024;

/**
 * All plugins together. Whoever comes next waits in the channel behind what the others have there, on the way back above
 * all: a child answers faster than this process reads.
 */
const ALL: Room = { requests: 8192, bytes: 64 * MiB };
/** One version of a plugin, so that a greedy one leaves room to others. */
const EACH: Room = { requests: 2048, bytes: 16 * MiB };
/** What each may have there whatever the others do: enough that it waits for none of them between one request and the next. */
const SURE: Room = { requests: 64, bytes: 64 * 1024 };

/** How much a child has been given and not yet answered, and whether a plugin may give it more. */
export class Ahead {
  readonly #all = { requests: 0, bytes: 0 };
  readonly #each = new Map<Lane, { requests: number; bytes: number }>();

  /** One request is taken of each in any case, whatever its size (invariant 3). */
  takes(lane: Lane): boolean {
    const own = this.#each.get(lane);
    if (own === undefined || fits(own, SURE)) return true;
    return fits(own, EACH) && fits(this.#all, ALL);
  }

  add(lane: Lane, bytes: number): void {
    let own = this.#each.get(lane);
    if (own === undefined) {
      own = { requests: 0, bytes: 0 };
      this.#each.set(lane, own);
    }
    for (const room of [own, this.#all]) {
      room.requests++;
      room.bytes += bytes;
    }
  }

  remove(lane: Lane, bytes: number): void {
    const own = this.#each.get(lane)!;
    for (const room of [own, this.#all]) {
      room.requests--;
      room.bytes -= bytes;
    }
    if (own.requests === 0) this.#each.delete(lane);
  }
}

function fits(taken: Room, room: Room): boolean {
  return taken.requests < room.requests && taken.bytes < room.bytes;
}
