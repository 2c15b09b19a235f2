import { STREAM_WINDOW_BYTES } from '../../../conversation/messages.ts';

/** What one instance may take from the network. Times end at the policy's `wallTimeLimitMs` in any case. */
export interface NetworkLimits {
  /** Connections, UDP sockets, requests and look-ups that are open at the same time. @default 16 */
  readonly maxOpen: number;
  /** Bytes of the body of one HTTP request. @default 16 MiB */
  readonly maxRequestBodyBytes: number;
  /** Bytes of the body of one HTTP response; it is streamed, and none of it is kept. @default 64 MiB */
  readonly maxResponseBodyBytes: number;
  /** Bytes of the headers, or the trailers, of one HTTP message. @default 32 KiB */
  readonly maxHeaderBytes: number;
  /** Milliseconds for looking up a name, or for connecting, TLS included. @default 10_000 */
  readonly connectTimeoutMs: number;
  /** Milliseconds until the head of an HTTP response is there. @default 30_000 */
  readonly firstByteTimeoutMs: number;
  /** Milliseconds that an HTTP body may stand still because of the other side. @default 30_000 */
  readonly betweenBytesTimeoutMs: number;
}

const MiB = 1024 * 1024;

export const DEFAULT_NETWORK_LIMITS: NetworkLimits = Object.freeze({
  maxOpen: 16,
  maxRequestBodyBytes: 16 * MiB,
  maxResponseBodyBytes: 64 * MiB,
  maxHeaderBytes: 32 * 1024,
  connectTimeoutMs: 10_000,
  firstByteTimeoutMs: 30_000,
  betweenBytesTimeoutMs: 30_000,
});

/** Bytes on their way in one direction of a connection that the reader has not taken yet. */
export const WINDOW_BYTES: number = STREAM_WINDOW_BYTES;

/** The same for datagrams, counted. */
export const WINDOW_DATAGRAMS = 32;
