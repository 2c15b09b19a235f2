import type { MessagePort } from 'node:worker_threads';
import type { HttpErrorCode } from '../http/error-code.ts';
import type { SocketErrorCode } from '../sockets/error-code.ts';

/** Places in the memory that a worker shares with its I/O thread. */
export const WORD = {
  /** Counts the messages to the worker. */
  posted: 0,
  /** Open channels, or {@link ENDED}. */
  channels: 1,
  /** The instance whose call is running, which uses what the thread does for its channels; 0 when there is none. */
  owner: 2,
  /** 1 once the thread runs. */
  started: 3,
} as const;

/** Instead of the number of open channels: the thread has ended, or is about to, and takes no new ones. */
export const ENDED = -1;

/** Where names are looked up. */
export interface ResolverOptions {
  /** Addresses of name servers, `127.0.0.1:5353` with a port. @default those of the system */
  readonly nameServers?: readonly string[];
  /** The file that says what names mean without a name server. @default '/etc/hosts', or what Windows has for it */
  readonly hostsFile?: string;
}

/** What an I/O thread is started with. */
export interface IoWorkerData extends ResolverOptions {
  readonly port: MessagePort;
  readonly words: Int32Array<SharedArrayBuffer>;
  /** The word on which the worker sleeps: others may ring it, too. */
  readonly bell: Int32Array<SharedArrayBuffer>;
  /** Where CPU milliseconds are counted that calls have used. */
  readonly charged: Int32Array<SharedArrayBuffer>;
  /** Milliseconds without a channel after which the thread ends. */
  readonly idleMs: number;
}

/** A header as HTTP has it: bytes, of which the name is ASCII. */
export type Field = readonly [name: string, value: Uint8Array];

/** An HTTP request that is allowed as far as its name goes; the I/O thread checks the addresses behind it. */
export interface HttpRequestMessage {
  readonly kind: 'request';
  readonly scheme: 'http' | 'https';
  readonly host: { readonly kind: 'address' | 'name'; readonly text: string };
  readonly port: number;
  readonly method: string;
  readonly path: string;
  /** All headers, `Host` included, in order. */
  readonly headers: readonly Field[];
  /** Whether `data` and `finish` will follow. */
  readonly body: 'none' | 'streamed';
  /** The patterns of the policy. */
  readonly allowNetwork: readonly string[];
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly betweenBytesTimeoutMs: number;
  /** For the whole exchange, connecting included. */
  readonly totalTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly maxResponseBodyBytes: number;
}

export interface HttpResponseHead {
  readonly status: number;
  readonly headers: readonly Field[];
}

/** Connects to an address that was checked. */
export interface TcpConnectMessage {
  readonly kind: 'connect';
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** Whether the system sends probes while nothing else is sent. */
  readonly keepAlive: boolean;
}

/** An end of a socket. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface TcpEndpoints {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

export interface UdpBindMessage {
  readonly kind: 'bind';
  readonly family: 'ipv4' | 'ipv6';
}

export interface LookupMessage {
  readonly kind: 'lookup';
  readonly name: string;
  readonly timeoutMs: number;
}

export interface Datagram extends Endpoint {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What opens a channel. */
export type OpenMessage = HttpRequestMessage | TcpConnectMessage | UdpBindMessage | LookupMessage;

/** What is sent through a channel that is open. */
export type ChannelMessage =
  | { readonly kind: 'data'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'datagram'; readonly datagram: Datagram }
  | { readonly kind: 'keep-alive'; readonly enabled: boolean }
  /** There is no more data to come. */
  | { readonly kind: 'finish'; readonly trailers: readonly Field[] }
  /** The guest took this many bytes, or datagrams, of what came in. */
  | { readonly kind: 'taken'; readonly amount: number };

/** To the I/O thread. */
export type ToIo =
  | {
      readonly kind: 'open';
      readonly channel: number;
      /** The instance that opens it. */
      readonly owner: number;
      readonly open: OpenMessage;
    }
  | { readonly kind: 'pass'; readonly channel: number; readonly message: ChannelMessage }
  /** `gently`: what was written is still sent, for a moment. */
  | { readonly kind: 'close'; readonly channel: number; readonly how: 'gently' | 'at once' };

/** What a channel is opened to: what the answer to each {@link OpenMessage} carries. */
export type Opened = HttpResponseHead | TcpEndpoints | Endpoint | readonly string[];

/** The error of a channel, in the words of its interface. */
export type Failure = HttpErrorCode | SocketErrorCode;

/** What happens to a channel. */
export type ChannelEvent =
  | { readonly kind: 'opened'; readonly opened: Opened }
  | { readonly kind: 'data'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'datagram'; readonly datagram: Datagram }
  /** This many bytes, or datagrams, have left. */
  | { readonly kind: 'sent'; readonly amount: number }
  /** A datagram could not be sent. The socket stays. */
  | { readonly kind: 'unsent'; readonly error: SocketErrorCode }
  /** The other side has no more data. */
  | { readonly kind: 'end'; readonly trailers: readonly Field[] }
  /** Nothing follows. */
  | { readonly kind: 'failed'; readonly error: Failure };

/** From the I/O thread. */
export interface FromIo {
  readonly channel: number;
  readonly event: ChannelEvent;
}
