import type { MessagePort } from 'node:worker_threads';
import type { PluginDefinition } from '../artifact/definition.ts';
import type { BlockRecipe } from '../block/source.ts';
import type { Holding } from '../component/holding.ts';
import type { FunctionCall, PluginMetadata, PluginResponse, RequestOptions } from '../contract/values.ts';
import type { ConversationOrder } from '../conversation/messages.ts';
import type { WireError } from '../errors.ts';
import type { HostCall, HostReply } from '../host/imports/main-thread.ts';
import type { SharedMemory } from '../instrumentation/control-page.ts';

/** How the log line begins, at the level `warn`, that says why a `shutdown` failed: no caller waits for that. */
export const SHUTDOWN_FAILED = 'shutdown failed: ';

/** A request that does not fit into the mailbox. */
export type LargeRequest =
  | { readonly kind: 'process'; readonly input: string; readonly options: RequestOptions }
  | { readonly kind: 'call'; readonly call: FunctionCall }
  /** Arguments as bytes; pointers in them count from `from`. */
  | { readonly kind: 'bytes'; readonly number: number; readonly bytes: Uint8Array; readonly from: number }
  /** A call that passes streams while it runs, and the number of the conversation in which it does. */
  | { readonly kind: 'conversation'; readonly conversation: number; readonly order: ConversationOrder };

/** A task for a plugin worker, as Piscina brings it. */
export type WorkerTask =
  | {
      /** The first task: where the two threads meet. */
      readonly kind: 'hello';
      readonly status: SharedArrayBuffer;
      /** Where it finds its orders, by turns. */
      readonly berths: readonly { readonly mailbox: SharedArrayBuffer; readonly block: SharedArrayBuffer }[];
      readonly utterances: SharedArrayBuffer;
      /** See `ControlPage`. */
      readonly control: SharedMemory;
      readonly port: MessagePort;
      /** Where guests speak with their callers. */
      readonly callers: MessagePort;
      /** A word that changes when something has come for a guest that waits: a reply to a {@link HostCall}, or words of its caller's. */
      readonly bell: SharedArrayBuffer;
      /** The thread's stack, which `ERR_STACK_OVERFLOW` names. */
      readonly stackBytes: number;
      /** The books of the descriptors of the process, and of this thread; see `Descriptors`. */
      readonly descriptors: { readonly all: SharedArrayBuffer; readonly own: SharedArrayBuffer };
      /** Where the I/O thread of this thread counts the CPU milliseconds of calls: an Int32. */
      readonly ioCpu: SharedArrayBuffer;
      /** What instances may leave behind on the thread before it is collected. */
      readonly dropped: Holding;
      /** See `clockOffset` in `src/observe/clock.ts`; the main thread's. */
      readonly clockOffset: number;
    }
  | {
      /** Carry out the orders in the mailbox until none has come for a while. */
      readonly kind: 'shift';
    };

/** What a worker is told of a definition once. */
export interface Introduction {
  readonly definition: PluginDefinition;
  /** Where this worker counts for it; none when nothing is counted. */
  readonly tally?: SharedArrayBuffer;
}

/** What an order needs beside what stands in the mailbox; posted through the port before the order. */
export interface Parcel {
  /** Definitions that this worker meets for the first time, by their numbers. */
  readonly define?: ReadonlyMap<number, Introduction>;
  /** Requests that do not fit into the mailbox, by slot. */
  readonly large?: ReadonlyMap<number, LargeRequest>;
  /** How the order's block is read, unless it is as the one before in the same place. */
  readonly recipe?: BlockRecipe;
}

/** What the main thread posts through the port of a worker. */
export type MainMessage =
  | { readonly kind: 'parcel'; readonly parcel: Parcel }
  /** Requests that were added to an open order and do not fit into the mailbox, by slot; those slots have the number. */
  | { readonly kind: 'large'; readonly number: number; readonly large: ReadonlyMap<number, LargeRequest> }
  | { readonly kind: 'reply'; readonly id: number; readonly reply: HostReply };

/** There are results, or the order is done. A bare number, which takes a third less to pass on than an object. */
export const WAKE = 0;

/**
 * What a worker posts through its port; every message comes before the slot that it belongs to is done. Slots count through all
 * mailboxes of the worker.
 */
export type WorkerMessage =
  | typeof WAKE
  /**
   * The guest of a slot, or of none below 0, calls a function of this thread. `waits` when its thread does nothing else until a
   * reply comes.
   */
  | {
      readonly kind: 'host-call';
      readonly id: number;
      readonly slot: number;
      readonly waits: boolean;
      readonly call: HostCall;
    }
  /** The thread does nothing until more replies have come than it has heard. */
  | { readonly kind: 'waits'; readonly heard: number }
  /** Nobody waits for these calls any more. */
  | { readonly kind: 'host-calls-dropped'; readonly ids: readonly number[] }
  | { readonly kind: 'response'; readonly slot: number; readonly response: PluginResponse }
  /** What a {@link FunctionCall} returned. */
  | { readonly kind: 'value'; readonly slot: number; readonly value: unknown }
  /** The same as bytes, from the first one on. */
  | { readonly kind: 'value-bytes'; readonly slot: number; readonly bytes: Uint8Array }
  /** The result of a block's record that its area had no room for, and what there is to say beside it. */
  | { readonly kind: 'tail'; readonly slot: number; readonly output: Uint8Array; readonly side: Uint8Array }
  | { readonly kind: 'error'; readonly slot: number; readonly error: WireError }
  | { readonly kind: 'metadata'; readonly slot: number; readonly metadata: PluginMetadata | undefined };

/** What a worker says of the functions of this thread that its guests call. */
export type HostCallMessage = Extract<WorkerMessage, { kind: 'host-call' | 'waits' | 'host-calls-dropped' }>;

export function isHostCall(message: Exclude<WorkerMessage, typeof WAKE>): message is HostCallMessage {
  return message.kind === 'host-call' || message.kind === 'waits' || message.kind === 'host-calls-dropped';
}
