import type { MemorySummary } from '../src/artifact/artifact.ts';

/** What is known of an instance whose guest trapped. */
export interface Pressure {
  readonly cores: readonly WebAssembly.Instance[];
  readonly memories: readonly MemorySummary[];
  /** At least how many bytes the guest had to allocate for the arguments of the call. */
  readonly argumentBytes: number;
}

const PAGE_BYTES = 64 * 1024;

/**
 * Whether a guest that has just aborted did so because it was refused memory: what it needed does not fit under the
 * cap that the policy puts on one of its memories.
 *
 * V8 tells nobody about a refused `memory.grow`, so this is evidence and no proof. It errs towards "no": a guest that
 * asks for more than a page in one piece and is refused is reported as the trap with which it answers. A memory whose
 * own maximum is the lower one is left out: it did not fail for the policy's sake.
 *
 * @param during Whether the guest was running, or allocating memory for the arguments that the host lowers.
 */
export function ranOutOfMemory({ cores, memories, argumentBytes }: Pressure, during: 'run' | 'lowering'): boolean {
  const needed = during === 'lowering' ? Math.max(argumentBytes, PAGE_BYTES) : PAGE_BYTES;
  const caps = memories.filter(({ bound }) => bound === 'policy').map(({ maxBytes }) => maxBytes);
  return memorySizes(cores).some((bytes) => caps.some((cap) => bytes <= cap && cap - bytes < needed));
}

/** Sizes in bytes of the memories that core instances export; the canonical ABI reads from no others. */
export function memorySizes(cores: readonly WebAssembly.Instance[]): number[] {
  const memories = new Set<WebAssembly.Memory>();
  for (const core of cores) {
    for (const item of Object.values(core.exports)) if (item instanceof WebAssembly.Memory) memories.add(item);
  }
  return [...memories].map((memory) => memory.buffer.byteLength);
}
