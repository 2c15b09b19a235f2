import type { Footprint } from '../component/cost/footprint.ts';
import { PluginError } from '../errors.ts';

/** Types of which V8 keeps one each for the life of the process; beyond some two million it ends the process. */
const MAX_TYPES = 250_000;
/** Machine code at a time. V8 ends a process with more than 4,095 MiB of it. */
const MAX_CODE_BYTES: number = 2.5 * 2 ** 30;

/**
 * The books of what components take of the process, and not of an engine. V8 does not fail when there is none left, it
 * ends the process: so what does not fit is refused, and everything that is loaded goes on.
 */
export class ProcessBooks {
  readonly #maxTypes: number;
  readonly #maxCodeBytes: number;
  /** Never forgotten: nor does V8. */
  readonly #types = new Set<number>();
  #codeBytes = 0;
  readonly #released = new FinalizationRegistry<number>((bytes) => {
    this.#codeBytes -= bytes;
  });

  constructor(maxTypes: number = MAX_TYPES, maxCodeBytes: number = MAX_CODE_BYTES) {
    this.#maxTypes = maxTypes;
    this.#maxCodeBytes = maxCodeBytes;
  }

  /** Types that differ, of everything that was compiled. */
  get types(): number {
    return this.#types.size;
  }

  /** Bytes of machine code that what is compiled may come to. */
  get codeBytes(): number {
    return this.#codeBytes;
  }

  /**
   * Books a component that is about to be compiled.
   *
   * @returns Gives its machine code back, or has that done when an object is collected: the modules that it belongs to.
   * @throws {PluginError} `ERR_COMPONENT_TOO_COMPLEX` when it does not fit.
   */
  book({ types, codeBytes }: Footprint): { release(): void; releaseWith(modules: object): void } {
    const added = new Set(types.filter((type) => !this.#types.has(type)));
    assertRoom('processTypes', 'core types that no other has', this.#types.size, added.size, this.#maxTypes);
    assertRoom('processCodeBytes', 'bytes of machine code', this.#codeBytes, codeBytes, this.#maxCodeBytes);
    for (const type of added) this.#types.add(type);
    this.#codeBytes += codeBytes;
    return {
      release: () => {
        this.#codeBytes -= codeBytes;
      },
      releaseWith: (modules) => this.#released.register(modules, codeBytes),
    };
  }
}

function assertRoom(name: string, what: string, booked: number, more: number, most: number): void {
  if (booked + more <= most) return;
  throw new PluginError(
    'ERR_COMPONENT_TOO_COMPLEX',
    `The process has no room for the component: it could take ${more} ${what}, and others have ${booked} of ${most}`,
    {
      hint: 'Unload plugins that are not needed, load it in another process, or restart this one, since V8 never forgets a type.',
      limit: { name, value: most },
    },
  );
}

/** Those of this process. */
export const processBooks: ProcessBooks = new ProcessBooks();
