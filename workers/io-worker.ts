import { clearInterval, setInterval, setTimeout } from 'node:timers';
import { type MessagePort, workerData } from 'node:worker_threads';
import { HttpExchange } from '../src/host/wasi/network/io/http-exchange.ts';
import { lookup } from '../src/host/wasi/network/io/lookup.ts';
import { Resolver } from '../src/host/wasi/network/io/resolver.ts';
import type { Post, Task } from '../src/host/wasi/network/io/task.ts';
import { TcpConnection } from '../src/host/wasi/network/io/tcp.ts';
import { UdpSocket } from '../src/host/wasi/network/io/udp.ts';
import {
  ENDED,
  type FromIo,
  type IoWorkerData,
  type OpenMessage,
  type ToIo,
  WORD,
} from '../src/host/wasi/network/protocol.ts';

// One I/O thread: does the network I/O of one plugin worker, which blocks meanwhile. See `IoThread`.
const { port, words, bell, charged, idleMs, ...resolverOptions } = workerData as IoWorkerData & {
  readonly port: MessagePort;
};
Atomics.store(words, WORD.started, 1);
Atomics.notify(words, WORD.started);
const resolver = new Resolver(resolverOptions);
const tasks = new Map<number, Task>();
/** The instances that channels belong to. */
const owners = new Map<number, number>();

/** Milliseconds between two looks at the CPU time, while a channel is open. */
const LOOK_MS = 20;

let cpu = cpuMs();
let looks: NodeJS.Timeout | undefined;

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * Counts what was used since the last look for the call that is running, if it has something open here: the worker sleeps
 * meanwhile, and its own CPU time says nothing of what its guest costs.
 */
function look(): void {
  const used = Math.floor(cpuMs() - cpu);
  cpu += used;
  const owner = Atomics.load(words, WORD.owner);
  if (used > 0 && owner !== 0 && [...owners.values()].includes(owner)) Atomics.add(charged, 0, used);
}

const NOT_YET: Task = { handle() {}, close() {} };

function wake(): void {
  Atomics.add(words, WORD.posted, 1);
  Atomics.add(bell, 0, 1);
  Atomics.notify(bell, 0);
}

function post(channel: number): Post {
  return (event) => {
    if (!tasks.has(channel)) return;
    const message: FromIo = { channel, event };
    if (event.kind === 'data') port.postMessage(message, [event.bytes.buffer]);
    else port.postMessage(message);
    wake();
  };
}

function open(message: OpenMessage, post: Post): Task {
  switch (message.kind) {
    case 'request':
      return new HttpExchange(message, resolver, post);
    case 'connect':
      return new TcpConnection(message, post);
    case 'bind':
      return new UdpSocket(message, post);
    case 'lookup':
      return lookup(message, resolver, post);
  }
}

port.on('message', (message: ToIo) => {
  const { channel } = message;
  switch (message.kind) {
    case 'open':
      owners.set(channel, message.owner);
      looks ??= setInterval(look, LOOK_MS);
      // First the channel, then the task: it may have something to say before it is made.
      tasks.set(channel, NOT_YET);
      tasks.set(channel, open(message.open, post(channel)));
      break;
    case 'pass':
      tasks.get(channel)?.handle(message.message);
      break;
    case 'close':
      tasks.get(channel)?.close(message.how);
      tasks.delete(channel);
      look();
      owners.delete(channel);
      if (tasks.size > 0) break;
      clearInterval(looks);
      looks = undefined;
      idle.refresh();
  }
});

/** Ends the thread unless a channel is being opened just now; the worker counts before it posts. */
const idle = setTimeout(() => {
  if (Atomics.compareExchange(words, WORD.channels, 0, ENDED) === 0) process.exit();
}, idleMs);

// Whatever ends the thread, the worker hears of it and does not wait for what will never come.
process.on('exit', () => {
  Atomics.store(words, WORD.channels, ENDED);
  wake();
});
