/** `Cancelled`: how a thread that waited is told that its task is to end. */
export type Cancelled = 0 | 1;
export const RESUMED: Cancelled = 0;
export const CANCELLED: Cancelled = 1;

/** What there is to wait for until a thread that was resumed blocks again or ends; undefined when it has. */
export type Step = Promise<void> | undefined;

/** The component instance of a thread, as far as threads go. */
export interface ThreadHome {
  mayEnter: boolean;
  readonly lineage: readonly ThreadHome[];
  readonly threads: ReadonlySet<Thread>;
  readonly exclusiveThread: Thread | undefined;
}

/** The task of a thread, as far as threads go. */
interface ThreadTask {
  readonly isAsync: boolean;
  readonly instance: ThreadHome;
  deliverPendingCancel(cancellable: boolean): boolean;
}

/** `Thread` of the specification: a core function that runs, or waits for something to become true. */
export class Thread {
  /** Undefined for functions that the host calls in the middle of other things, as `cabi_realloc`. */
  readonly task: ThreadTask | undefined;
  /** Two words that the guest keeps; toolchains have their stack pointer in one. */
  readonly storage: [number, number] = [0, 0];
  /** Goes on with it; undefined while it runs. */
  proceed: ((cancelled: Cancelled) => Step) | undefined;
  /** What it waits for; undefined while it runs. */
  ready: (() => boolean) | undefined;
  /** Whether it may be told, while it waits, that its task is to end. */
  cancellable = false;
  /** Whether it waits on a stack of its own, and goes on in a turn of the event loop. */
  suspended = false;
  /** Whether it has another thread go on, and hears in a turn of the event loop that this has blocked again. */
  awaiting = false;
  /** Settles the promise of whoever resumed it and waits until it blocks or ends. */
  signal: { resolve(): void; reject(error: unknown): void } | undefined;
  /** What its core function returned. */
  returned: { readonly value: number | bigint | undefined } | undefined;
  /** The instances that were entered to run it. */
  entered: readonly ThreadHome[] = [];
  /** The call of the host's that it is of. */
  call: unknown;
  /** The thread that cannot go on before this one's task has returned. */
  caller: Thread | undefined;

  constructor(task: ThreadTask | undefined) {
    this.task = task;
  }
}
