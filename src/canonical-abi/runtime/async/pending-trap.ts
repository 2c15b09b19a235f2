/**
 * Stands for what ended a core function that ran on a stack of its own: V8 says it by a promise, a turn later than those
 * have to end who called it.
 */
export class PendingTrap extends WebAssembly.RuntimeError {
  readonly ended: Promise<unknown>;

  constructor(ended: Promise<unknown>) {
    super('a call within the component trapped');
    this.ended = ended;
    ended.catch(() => {});
  }
}

/** What ended a call: the error itself, or the one that it stands for. */
export async function settledError(error: unknown): Promise<unknown> {
  let settled = error;
  while (settled instanceof PendingTrap) {
    try {
      await settled.ended;
      return settled;
    } catch (reason) {
      settled = reason;
    }
  }
  return settled;
}
