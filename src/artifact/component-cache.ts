import { LRUCache } from 'lru-cache';
import type { Artifact } from './artifact.ts';
import type { CompiledModule } from './compiled-module.ts';

/** An artifact with its core modules compiled. */
export interface CompiledArtifact {
  readonly artifact: Artifact;
  readonly modules: ReadonlyMap<string, CompiledModule>;
}

/**
 * Compiled components in memory, by the key of their artifact: those that were not used for longest go when there are
 * more bytes than the limit. A version in use keeps its own, whether it is in here or not.
 */
export class ComponentCache {
  readonly #entries: LRUCache<string, CompiledArtifact> | undefined;

  /** @param maxBytes 0 keeps nothing. */
  constructor(maxBytes: number) {
    this.#entries =
      maxBytes === 0
        ? undefined
        : new LRUCache({ maxSize: maxBytes, sizeCalculation: ({ artifact }) => bytesOf(artifact) });
  }

  /** Bytes of what is in it. */
  get bytes(): number {
    return this.#entries?.calculatedSize ?? 0;
  }

  get(key: string): CompiledArtifact | undefined {
    return this.#entries?.get(key);
  }

  set(component: CompiledArtifact): void {
    this.#entries?.set(component.artifact.key, component);
  }

  clear(): void {
    this.#entries?.clear();
  }
}

/** What a plan is taken for: it is small beside the code. */
const PLAN_BYTES = 16 * 1024;

/** V8 keeps a copy of the Wasm bytes beside the machine code, whose size it does not tell. */
function bytesOf({ binding, modules }: Artifact): number {
  let bytes = binding.kind === 'glue' ? binding.glue.length : PLAN_BYTES;
  for (const module of modules) bytes += 2 * module.bytes.length;
  return bytes;
}
