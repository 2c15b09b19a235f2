type Words = [number, number];

/** Whose two words the guest gets and sets. */
export interface ThreadWords {
  get(slot: number): number;
  set(slot: number, value: number): void;
  /** Begins a thread. @returns what {@link ThreadWords.resume} needs to go on with the one that it interrupts. */
  begin(): object;
  resume(outer: object): void;
}

/**
 * `Thread.storage` of the specification: two words that a guest keeps for the thread that runs. Each call into a guest is
 * a thread of its own, and as none of them suspends, they end in the reverse order in which they began.
 */
export class ThreadStorage implements ThreadWords {
  #words: Words = [0, 0];

  get(slot: number): number {
    return this.#words[slot]!;
  }

  set(slot: number, value: number): void {
    this.#words[slot] = value;
  }

  begin(): Words {
    const outer = this.#words;
    this.#words = [0, 0];
    return outer;
  }

  resume(outer: Words): void {
    this.#words = outer;
  }
}

/** A function of a guest that the host calls in the middle of other things. */
export function onOwnThread(
  { threadStorage }: { readonly threadStorage: ThreadWords | undefined },
  func: (rep: number) => void,
): (rep: number) => void {
  if (threadStorage === undefined) return func;
  return (rep) => {
    const outer = threadStorage.begin();
    func(rep);
    threadStorage.resume(outer);
  };
}
