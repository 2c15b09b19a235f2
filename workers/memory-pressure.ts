import { REFUSED_GROW } from '../src/component/refused-grow.ts';

/**
 * How much memory one instance of a plugin holds, and whether the policy refused it more. V8 tells nobody about a
 * `memory.grow` that it refuses; the core modules do, which are instrumented for it when they are capped.
 */
export class MemoryPressure {
  readonly #memories = new Set<WebAssembly.Memory>();
  readonly #flags: WebAssembly.Global[] = [];

  /**
   * Takes in a core instance. What its start function was refused remains unknown if that traps: its exports are out of
   * reach then.
   */
  add(module: WebAssembly.Module, { exports }: WebAssembly.Instance): void {
    for (const name of watchedExports(module)) {
      const item = exports[name];
      if (item instanceof WebAssembly.Memory) this.#memories.add(item);
      else this.#flags.push(item as WebAssembly.Global);
    }
  }

  /** A call into the guest begins: what was refused before is not why it fails. */
  begin(): void {
    for (const flag of this.#flags) flag.value = 0;
  }

  /** Whether the guest asked for memory in this call that only the policy keeps from it. */
  get refused(): boolean {
    return this.#flags.some((flag) => flag.value !== 0);
  }

  /** Bytes of the memories that core instances export; the canonical ABI reads from no others. */
  get bytes(): number {
    let bytes = 0;
    for (const memory of this.#memories) bytes += memory.buffer.byteLength;
    return bytes;
  }
}

const watched = new WeakMap<WebAssembly.Module, readonly string[]>();

/** The names under which a module exports memories and its flag; to look through all it exports is slow. */
function watchedExports(module: WebAssembly.Module): readonly string[] {
  let names = watched.get(module);
  if (names === undefined) {
    names = WebAssembly.Module.exports(module)
      .filter(({ name, kind }) => kind === 'memory' || name === REFUSED_GROW)
      .map(({ name }) => name);
    watched.set(module, names);
  }
  return names;
}
