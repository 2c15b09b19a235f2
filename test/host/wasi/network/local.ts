import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Policy } from '../../../../src/host/policy/policy.ts';
import { IoThread, type IoThreadOptions } from '../../../../src/host/wasi/network/io-thread.ts';
import type { NetworkLimits } from '../../../../src/host/wasi/network/limits.ts';
import type { Pollable } from '../../../../src/host/wasi/poll.ts';
import { until } from '../../../support/outcome.ts';
import { type Sandbox, sandbox } from '../sandbox.ts';

const open: (() => Promise<unknown>)[] = [];

/** Ends every server and I/O thread that a test has started. */
export async function endAll(): Promise<void> {
  await Promise.all(open.splice(0).map((end) => end()));
}

/** A server of this process on a port of the system's choice, at the loopback address. */
export interface LocalServer {
  readonly port: number;
  /** Connections that were ever made. */
  readonly connections: readonly Socket[];
  close(): Promise<void>;
}

/** Starts a server. */
export async function listen(server: Server): Promise<LocalServer> {
  const connections: Socket[] = [];
  server.on('connection', (socket) => {
    connections.push(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    for (const socket of connections) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  open.push(close);
  return { port: (server.address() as AddressInfo).port, connections, close };
}

export function httpServer(listener: RequestListener): Promise<LocalServer> {
  return listen(createHttpServer(listener));
}

export function tcpServer(listener: (socket: Socket) => void = () => {}): Promise<LocalServer> {
  return listen(createServer({ allowHalfOpen: true }, listener));
}

/** A port at the loopback address where nobody listens. */
export async function closedPort(): Promise<number> {
  const server = await tcpServer();
  await server.close();
  return server.port;
}

export async function udpServer(listener: (server: UdpSocket, bytes: Buffer, port: number) => void): Promise<number> {
  const server = createSocket('udp4');
  server.on('message', (bytes, { port }) => listener(server, bytes, port));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(async () => server.close());
  return server.address().port;
}

/** Answers of a name server: addresses of IPv4 by name, of which each question gets the next list. */
export type Zone = Readonly<Record<string, readonly (readonly string[])[]>>;

const TYPE_A = 1;

/** A name server that knows a few names. A name with no lists is never answered. Returns its address and port. */
export async function nameServer(zone: Zone): Promise<{ address: string; questions: string[] }> {
  const questions: string[] = [];
  const port = await udpServer((server, query, from) => {
    const { name, end } = questionOf(query);
    const type = query.readUInt16BE(end);
    const lists = zone[name];
    if (type === TYPE_A) questions.push(name);
    if (lists?.length === 0) return;
    const asked = questions.filter((question) => question === name).length;
    const addresses = type === TYPE_A ? (lists?.[Math.min(asked, lists.length) - 1] ?? []) : [];
    server.send(answer(query, end + 4, lists === undefined, addresses), from, '127.0.0.1');
  });
  return { address: `127.0.0.1:${port}`, questions };
}

/** The name that a DNS message (RFC 1035) asks for, and where it ends. */
function questionOf(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function answer(query: Buffer, questionEnd: number, unknown: boolean, addresses: readonly string[]): Buffer {
  const head = Buffer.from(query.subarray(0, questionEnd));
  head.writeUInt16BE(unknown ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(addresses.length, 6);
  head.fill(0, 8, 12);
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([head, ...records]);
}

/** An I/O thread of the test's own. */
export function ioThread(options: IoThreadOptions = {}): IoThread {
  const io = new IoThread(options);
  open.push(() => io.close());
  return io;
}

/** A WASI host with grants and an I/O thread of its own. */
export function networked(
  allowNetwork: readonly string[],
  options: IoThreadOptions & { readonly limits?: Partial<NetworkLimits>; readonly policy?: Policy } = {},
): Sandbox {
  const { limits = {}, policy = {}, ...io } = options;
  return sandbox({ allowNetwork, ...policy }, { network: { io: ioThread(io), limits } });
}

/** Waits for a pollable while the event loop turns, on which the test's servers live; drops it. */
export async function ready(pollable: Pollable): Promise<void> {
  await until(() => pollable.ready());
  pollable[Symbol.dispose]();
}
