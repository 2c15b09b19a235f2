import { MEMORY_IMPORT } from '../canonical-abi/plan/plan.ts';
import type { OnDropped } from '../canonical-abi/runtime/memory-pool.ts';
import { type Holding, NOTHING } from '../component/holding.ts';
import { REFUSED_GROW } from '../component/refused-grow.ts';

/**
 * How much memory one instance of a plugin holds, and whether the policy refused it more. V8 tells nobody about a
 * `memory.grow` that it refuses; the core modules do, which are instrumented for it when they are capped.
 */
export class MemoryPressure {
  /** Those that core instances define: when it ends nobody has them. */
  readonly #own = new Set<WebAssembly.Memory>();
  /** Those that are lent to it. */
  readonly #lent = new Set<WebAssembly.Memory>();
  readonly #flags: WebAssembly.Global[] = [];
  readonly #maxBytes: number;
  /** The buffers when somebody looked last: to ask a memory for its buffer costs more than to see that it is the same. */
  #seen: readonly ArrayBufferLike[] = [];
  #held: Holding = NOTHING;
  /** Memories of a core instance whose start function did not return, which are out of reach. */
  #lost = 0;

  /** @param maxBytes The most that all memories of the instance can take. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Makes a core instance and takes it in. What its start function was refused remains unknown if that traps: its exports
   * are out of reach then.
   *
   * @throws whatever ends the start function.
   */
  instantiate(module: WebAssembly.Module, imports?: WebAssembly.Imports): WebAssembly.Instance {
    const lent = imports?.[MEMORY_IMPORT];
    for (const memory of Object.values(lent ?? {})) this.#lent.add(memory as WebAssembly.Memory);
    const watched = watchedExports(module);
    this.#lost += lent === undefined ? watched.memories.length : 0;
    const instance = new WebAssembly.Instance(module, imports);
    this.#lost -= lent === undefined ? watched.memories.length : 0;
    const { exports } = instance;
    for (const name of watched.memories) {
      const memory = exports[name] as WebAssembly.Memory;
      if (!this.#lent.has(memory)) this.#own.add(memory);
    }
    for (const name of watched.flags) this.#flags.push(exports[name] as WebAssembly.Global);
    return instance;
  }

  /** The instance has ended: says which memories nobody has any more. Those that were lent go back to where they are from. */
  end(onDropped: OnDropped): void {
    for (const memory of this.#own) onDropped(memory.buffer.byteLength, memory);
    for (let bytes = this.#maxBytes; this.#lost > 0; this.#lost--, bytes = 0) onDropped(bytes);
    this.#own.clear();
  }

  /** A call into the guest begins: what was refused before is not why it fails. */
  begin(): void {
    for (const flag of this.#flags) flag.value = 0;
  }

  /** Whether the guest asked for memory in this call that only the policy keeps from it. */
  get refused(): boolean {
    return this.#flags.some((flag) => flag.value !== 0);
  }

  /** All of them, in no order. */
  get memories(): readonly WebAssembly.Memory[] {
    return [...this.#own, ...this.#lent];
  }

  /** What all {@link memories} hold; the capping made them export those that they would have kept to themselves. */
  get held(): Holding {
    const memories = this.#own.size + this.#lent.size;
    if (this.#seen.length === memories && this.#seen.every(isAttached)) return this.#held;
    this.#seen = [...this.#own, ...this.#lent].map(({ buffer }) => buffer);
    this.#held = { bytes: this.#seen.reduce((bytes, { byteLength }) => bytes + byteLength, 0), memories };
    return this.#held;
  }
}

/** A memory that grows gets another buffer, and the old one has no bytes any more. */
function isAttached({ byteLength }: ArrayBufferLike): boolean {
  return byteLength > 0;
}

/** Names of exports. */
interface Watched {
  readonly memories: readonly string[];
  readonly flags: readonly string[];
}

const known = new WeakMap<WebAssembly.Module, Watched>();

/** What a module exports of memories, and its flag; to look through all it exports is slow. */
function watchedExports(module: WebAssembly.Module): Watched {
  let watched = known.get(module);
  if (watched === undefined) {
    const exports = WebAssembly.Module.exports(module);
    watched = {
      memories: exports.filter(({ kind }) => kind === 'memory').map(({ name }) => name),
      flags: exports.filter(({ name }) => name === REFUSED_GROW).map(({ name }) => name),
    };
    known.set(module, watched);
  }
  return watched;
}
