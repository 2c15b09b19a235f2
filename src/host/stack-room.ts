/** Frames of the least size, some 20 KB; the host's functions take a dozen larger ones, Node's included. */
const FRAMES = 400;

/**
 * Comes before whatever must not stop half-way. A guest chooses how little stack there is when it calls the host; where
 * it ends between two steps, a descriptor was opened and nobody knows it.
 *
 * @throws {RangeError} V8's for a stack overflow.
 */
export function assertStackRoom(): void {
  descend(FRAMES);
}

function descend(frames: number): number {
  return frames === 0 ? 0 : 1 + descend(frames - 1);
}
