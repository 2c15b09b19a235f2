/** Where a thread waits for what the host does for its component. */
export interface Outside {
  /** Whether a time, a stream or the like is waited for: for these a call goes on that has returned. */
  readonly isAwaited: boolean;
  /** Passes on what has come, and waits for nothing. @throws whatever comes of that. */
  look(): void;
  /** Blocks until something has come, and passes on what has. @throws whatever comes of that. */
  wait(): void;
}

/** The main thread, for a thread that may wait for others as well. */
export interface OutsideLine extends Outside {
  /** Whether anything has been asked that is not answered. */
  readonly isOpen: boolean;
  /** A word that changes with each answer, after it can be taken, and with whatever else comes for the thread. */
  readonly word: Int32Array<SharedArrayBuffer>;
  /** Whether there is something else to look at, for who waits for more than answers. */
  readonly alarm: (() => boolean) | undefined;
  /** Says that the thread is about to wait. */
  announce(): void;
  /** Passes on the next answer; false when there is none. */
  take(): boolean;
}
