/*
 * What a caller and a guest tell each other while a call runs that passes streams. Of each direction a window is under
 * way and not more, so that a side that is slow holds the other one up.
 */

/** Bytes on their way in one direction of a stream that the reader has not taken yet. */
export const STREAM_WINDOW_BYTES: number = 256 * 1024;

/** What the guest writes: standard output or the body of its response, and standard error. */
export type OutputStreamName = 'output' | 'errors';

/** A header as HTTP has it: bytes, of which the name is ASCII. */
export type HeaderLine = readonly [name: string, value: Uint8Array];

/** Runs a command: `wasi:cli/run`. */
export interface CommandOrder {
  readonly kind: 'command';
  /** The first is the program's name, as programs expect it. */
  readonly args: readonly string[];
  /** Variables beside those that the policy lets it see, which they replace. */
  readonly environment: readonly (readonly [string, string])[];
}

/** Answers a request: `wasi:http/incoming-handler`, or `handler`. */
export interface RequestOrder {
  readonly kind: 'request';
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  readonly pathWithQuery: string;
  readonly headers: readonly HeaderLine[];
}

export type ConversationOrder = CommandOrder | RequestOrder;

/** What the guest says. */
export type GuestWords =
  /** The call has begun, and what it is given may come. */
  | { readonly kind: 'began' }
  | { readonly kind: 'head'; readonly status: number; readonly headers: readonly HeaderLine[] }
  /** Instead of a response; the name of a case of `error-code`. */
  | { readonly kind: 'declined'; readonly code: string }
  | { readonly kind: 'data'; readonly stream: OutputStreamName; readonly bytes: Uint8Array<ArrayBuffer> }
  /** The stream has come to its end. */
  | { readonly kind: 'finish'; readonly stream: OutputStreamName }
  /** The guest took so many bytes of what it was given. */
  | { readonly kind: 'taken'; readonly amount: number };

/** What its caller says. */
export type CallerWords =
  | { readonly kind: 'data'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' }
  /** So many bytes have been taken by whoever reads the stream. */
  | { readonly kind: 'sent'; readonly stream: OutputStreamName; readonly amount: number };

/** With the number of the conversation: what is of one that is over is thrown away. */
export type GuestMessage = { readonly conversation: number } & GuestWords;
export type CallerMessage = { readonly conversation: number } & CallerWords;
