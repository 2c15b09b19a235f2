import { Buffer } from 'node:buffer';
import { GuestMemory } from '../canonical-abi/runtime/memory.ts';
import { STATE_EXPORT } from '../instrumentation/state-exports.ts';

const PAGE_BYTES = 65_536;
const ZEROES = Buffer.alloc(PAGE_BYTES);

/**
 * What memories and globals of the core instances of a component were, between two calls; nothing else of them changes, see
 * `withStateExports`. Memories are put back as a whole: to compare them with what they were, block by block, took 1.3 to 2
 * times as long (`docs/performance.md`), and to note in the guest what it writes would cost every store.
 */
export class CoreSnapshot {
  readonly #images: readonly MemoryImage[];
  readonly #globals: readonly KeptGlobal[];

  /**
   * @param maxBytes The most of the host's memory that it may take; of what takes more, nothing is copied.
   * @returns Why it cannot be had, where a value is not to be had exactly or it would take too much.
   */
  static take(
    instances: readonly WebAssembly.Instance[],
    memories: readonly WebAssembly.Memory[],
    maxBytes: number,
  ): CoreSnapshot | string {
    const globals = instances
      .flatMap(changingGlobals)
      .map((global) => ({ global, value: global.value as number | bigint }));
    // Of a NaN JavaScript does not see all bits.
    if (globals.some(({ value }) => Number.isNaN(value))) return 'it has a global that is not a number';
    const used: UsedMemory[] = [];
    let left = maxBytes;
    for (const memory of memories) {
      const runs = runsOfPages(GuestMemory.of(memory), left);
      if (runs === undefined) return `it has more than ${maxBytes} bytes in use`;
      left -= runs.reduce((bytes, { start, end }) => bytes + end - start, 0);
      used.push({ memory, runs });
    }
    return new CoreSnapshot(
      used.map((memory) => new MemoryImage(memory)),
      globals,
    );
  }

  private constructor(images: readonly MemoryImage[], globals: readonly KeptGlobal[]) {
    this.#images = images;
    this.#globals = globals;
  }

  /** Bytes of the host's memory that it takes. */
  get bytes(): number {
    return this.#images.reduce((bytes, image) => bytes + image.kept, 0);
  }

  /** Whether all memories have the size that they had: none can shrink. */
  get fits(): boolean {
    return this.#images.every((image) => image.fits);
  }

  /** Puts everything back. Only while it {@link fits}. */
  restore(): void {
    for (const image of this.#images) image.restore();
    for (const { global, value } of this.#globals) global.value = value;
  }
}

interface KeptGlobal {
  readonly global: WebAssembly.Global;
  readonly value: number | bigint;
}

/** Bytes of a memory from page to page. */
interface Run {
  readonly start: number;
  readonly end: number;
}

interface UsedMemory {
  readonly memory: WebAssembly.Memory;
  readonly runs: readonly Run[];
}

/** The pages of a memory that were not all zeros. */
class MemoryImage {
  readonly #memory: GuestMemory;
  readonly #length: number;
  readonly #runs: readonly { readonly at: number; readonly bytes: Uint8Array }[];

  constructor({ memory, runs }: UsedMemory) {
    this.#memory = GuestMemory.of(memory);
    const { buffer } = this.#memory;
    this.#length = buffer.length;
    this.#runs = runs.map(({ start, end }) => ({
      at: start,
      bytes: Uint8Array.from(buffer.subarray(start, end)),
    }));
  }

  get kept(): number {
    return this.#runs.reduce((total, { bytes }) => total + bytes.length, 0);
  }

  get fits(): boolean {
    this.#memory.refresh();
    return this.#memory.bytes.length === this.#length;
  }

  restore(): void {
    const { bytes: memory } = this.#memory;
    let end = 0;
    for (const { at, bytes } of this.#runs) {
      memory.fill(0, end, at);
      memory.set(bytes, at);
      end = at + bytes.length;
    }
    memory.fill(0, end);
  }
}

/** Where pages follow each other that are not all zeros; undefined where they have more than so many bytes. */
function runsOfPages(views: GuestMemory, maxBytes: number): readonly Run[] | undefined {
  views.refresh();
  const memory = views.buffer;
  const runs: { start: number; end: number }[] = [];
  let bytes = 0;
  for (let start = 0; start < memory.length; start += PAGE_BYTES) {
    const end = Math.min(start + PAGE_BYTES, memory.length);
    if (memory.compare(ZEROES, 0, end - start, start, end) === 0) continue;
    bytes += end - start;
    if (bytes > maxBytes) return undefined;
    const last = runs.at(-1);
    if (last?.end === start) last.end = end;
    else runs.push({ start, end });
  }
  return runs;
}

function changingGlobals({ exports }: WebAssembly.Instance): WebAssembly.Global[] {
  return Object.keys(exports)
    .filter((name) => name.startsWith(STATE_EXPORT))
    .map((name) => exports[name] as WebAssembly.Global);
}
