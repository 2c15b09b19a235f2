import { PluginError } from '../../errors.ts';
import type { CallContext } from '../call-context.ts';
import type { ResolvedPolicy } from '../policy/policy.ts';

/** Live resources of all types that one instance may hold; what it drops is free again. */
const MAX_RESOURCES = 4096;

/** Bytes that one instance may have the host hold in resources that live in memory, such as HTTP headers. */
const MAX_HELD_BYTES = 1024 * 1024;

/** What all WASI objects of one plugin instance share. A new instance gets a new one, so that nothing leaks between them. */
export class WasiHost {
  readonly policy: ResolvedPolicy;
  readonly context: CallContext;
  readonly #atEnd = new Set<() => void>();
  #resources = 0;
  #heldBytes = 0;
  /** Whether the instance has drawn random numbers that are good for one instance only. */
  hasDrawnRandom = false;

  constructor(policy: ResolvedPolicy, context: CallContext) {
    this.policy = policy;
    this.context = context;
  }

  /** Every WASI function begins with this: each counts as one call to the host. */
  hostCall(): void {
    this.context.hostCall();
  }

  /** @throws {PluginError} `ERR_MEMORY_LIMIT` when the guest holds too many resources (CVE-2026-27204). */
  acquire(): void {
    if (this.#resources >= MAX_RESOURCES) {
      throw new PluginError('ERR_MEMORY_LIMIT', `The plugin holds more than ${MAX_RESOURCES} WASI resources`, {
        hint: 'Drop streams, pollables, errors and descriptors when they are done with.',
        limit: { name: 'WASI resources', value: MAX_RESOURCES },
      });
    }
    this.#resources++;
  }

  release(): void {
    this.#resources--;
  }

  /** Live resources of the instance. */
  get resources(): number {
    return this.#resources;
  }

  /**
   * Accounts for bytes that a resource keeps in the host's memory; a negative number gives them back.
   *
   * @throws {PluginError} `ERR_MEMORY_LIMIT`; nothing is accounted then.
   */
  hold(bytes: number): void {
    if (this.#heldBytes + bytes > MAX_HELD_BYTES) {
      throw new PluginError('ERR_MEMORY_LIMIT', `The plugin keeps more than ${MAX_HELD_BYTES} bytes in the host`, {
        hint: 'Drop HTTP headers and requests when they are done with.',
        limit: { name: 'bytes in WASI resources', value: MAX_HELD_BYTES },
      });
    }
    this.#heldBytes += bytes;
  }

  /**
   * Runs `end` when the instance is closed, unless the function that this returns is called first, which tells whether
   * it was.
   */
  atEnd(end: () => void): () => boolean {
    this.#atEnd.add(end);
    return () => this.#atEnd.delete(end);
  }

  /** What it has open, which ends with it. */
  get open(): number {
    return this.#atEnd.size;
  }

  /** @returns what ends everything that was opened since, and brings its books back to what they are now. */
  keep(): () => void {
    const resources = this.#resources;
    const heldBytes = this.#heldBytes;
    return () => {
      this.close();
      this.#resources = resources;
      this.#heldBytes = heldBytes;
    };
  }

  close(): void {
    for (const end of this.#atEnd) end();
    this.#atEnd.clear();
  }
}
