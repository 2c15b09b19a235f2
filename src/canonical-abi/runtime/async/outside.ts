/** Where a thread waits for what the host does for its component. */
export interface Outside {
  /** Blocks until something has come, and passes it on. @throws whatever comes of that. */
  wait(): void;
}
