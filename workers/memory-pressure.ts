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
  add({ exports }: WebAssembly.Instance): void {
    for (const item of Object.values(exports)) if (item instanceof WebAssembly.Memory) this.#memories.add(item);
    const flag = exports[REFUSED_GROW];
    if (flag instanceof WebAssembly.Global) this.#flags.push(flag);
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
