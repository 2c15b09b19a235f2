/**
 * What `wasi:cli/exit` throws to unwind the guest: it ends the call, never the worker. Whoever catches it drops the
 * instance, since it left its frames without cleaning up (invariant 7).
 */
export class Exit extends Error {
  override readonly name: string = 'Exit';
  /** 0 for success, 1 for failure, or what `exit-with-code` was given. */
  readonly status: number;

  constructor(status: number) {
    super(`The plugin called exit with status ${status}`);
    this.status = status;
  }
}
