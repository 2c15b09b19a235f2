import type { Utterance } from '../contract/values.ts';
import { CallContext, type CallLimits } from '../host/call-context.ts';
import type { InlineThread } from './inline-thread.ts';

/** The books of calls on the caller's thread, where the time of host functions is bounded, too. */
export class InlineContext extends CallContext {
  readonly #thread: InlineThread;

  constructor(limits: CallLimits, say: (utterance: Utterance) => boolean, thread: InlineThread) {
    super(limits, say);
    this.#thread = thread;
  }

  override hostCall(): void {
    super.hostCall();
    this.#thread.hostCall();
  }
}
