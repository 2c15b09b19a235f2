/** What instances take of what a process has: bytes of memory, and memories, each of which reserves addresses. */
export interface Holding {
  readonly bytes: number;
  readonly memories: number;
}

export const NOTHING: Holding = Object.freeze({ bytes: 0, memories: 0 });

export function sum(holdings: readonly Holding[]): Holding {
  let [bytes, memories] = [0, 0];
  for (const holding of holdings) {
    bytes += holding.bytes;
    memories += holding.memories;
  }
  return { bytes, memories };
}
