import type { OutsideLine } from '../canonical-abi/runtime/async/outside.ts';
import type { OnDropped } from '../canonical-abi/runtime/memory-pool.ts';
import type { CallContext } from '../host/call-context.ts';
import type { AskMainThread } from '../host/imports/supplied-modules.ts';
import type { Wasi } from '../host/wasi/index.ts';
import type { Tap } from '../recording/tap.ts';

/** What an instance lives in. */
export interface Surroundings {
  /** The books of the calls into this instance. */
  readonly context: CallContext;
  /** The WASI of this instance alone, which the instance closes when it dies; undefined if it imports none. */
  readonly wasi: Wasi | undefined;
  /** The stack of the thread in bytes, which `ERR_STACK_OVERFLOW` names. */
  readonly stackBytes: number;
  /** Hears of the memories that nobody has any more when the instance dies, but for those that it was lent. */
  readonly onDropped?: OnDropped;
  /** Stands before the functions of its host, where its calls are recorded or played. */
  readonly tap?: Tap | undefined;
  /** WebAssembly instructions of one request, where it has fewer than other calls. @default those of the policy */
  readonly requestInstructions?: number;
  /** Asks the main thread for a function of the embedder's. @default there is none */
  readonly ask?: AskMainThread | undefined;
  /** Where it waits for what it has asked for and goes on meanwhile. @default nowhere: what is asked for is waited for at once */
  readonly outside?: OutsideLine | undefined;
}
