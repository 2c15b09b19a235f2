import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { codeFile } from '../../../package/root.ts';
import { StartAttempts } from '../../../thread/start-attempts.ts';
import {
  type ChannelEvent,
  type ChannelMessage,
  ENDED,
  type FromIo,
  type IoWorkerData,
  type OpenMessage,
  type ResolverOptions,
  type ToIo,
  WORD,
} from './protocol.ts';

export interface IoThreadOptions extends ResolverOptions {
  /** Milliseconds without an open channel after which the thread ends by itself. @default 5000 */
  readonly idleMs?: number;
  /** Milliseconds that the thread may take to start. @default 10_000 */
  readonly startMs?: number;
}

/** Who is told what happens to a channel. */
export type Listener = (event: ChannelEvent | { readonly kind: 'lost' }) => void;

/** One line to the I/O thread, for one connection, socket, request or look-up. */
export interface Line {
  /** The word to sleep on while waiting for something to happen; {@link take} first. */
  readonly word: Int32Array<SharedArrayBuffer>;
  send(message: ChannelMessage): void;
  /** Passes on what has happened since the last time, on all lines. */
  take(): void;
  close(how: 'gently' | 'at once'): void;
}

/** A thread that is running. */
interface Running {
  /** Undefined where none could be started. */
  readonly worker: Worker | undefined;
  readonly port: MessagePort;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly bell: Int32Array<SharedArrayBuffer>;
  readonly listeners: Map<number, Listener>;
  seen: number;
}

const DEFAULT_IDLE_MS = 5_000;
const DEFAULT_START_MS = 10_000;
/** Its heap holds buffers that are bounded by the windows of the open channels. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 64, stackSizeMb: 1 };

/**
 * The thread that does the I/O which a plugin worker waits for: the worker blocks while its guest waits, so that its own
 * event loop never turns. The thread is started by the first channel and ends when there has been none for a while, so
 * that workers whose plugins have no grant, or make no use of it, have none. It ends with the worker, at the latest. Where
 * it cannot be started, what was to be opened is lost, and it is tried again with growing pauses.
 */
export class IoThread {
  readonly #options: IoThreadOptions;
  readonly #attempts = new StartAttempts();
  #running: Running | undefined;
  #lines = 0;
  #owner = 0;
  #charged = newWord();
  #bell = newWord();

  constructor(options: IoThreadOptions = {}) {
    this.#options = options;
  }

  /** Whether there is a thread now. */
  get state(): 'running' | 'ended' {
    const running = this.#running;
    return running === undefined || Atomics.load(running.words, WORD.channels) === ENDED ? 'ended' : 'running';
  }

  /** Has CPU time be counted in memory that others share; before the first channel. */
  charge(to: SharedArrayBuffer): void {
    this.#charged = new Int32Array(to);
  }

  /** Has a word changed that others share when something has happened on a line; before the first channel. */
  ring(bell: Int32Array<SharedArrayBuffer>): void {
    this.#bell = bell;
  }

  /** CPU milliseconds that the thread has used for channels of instances whose call was running. */
  get chargedMs(): number {
    return Atomics.load(this.#charged, 0);
  }

  /** A call into an instance begins, or 0: none is running. */
  worksFor(owner: number): void {
    this.#owner = owner;
    if (this.#running !== undefined) Atomics.store(this.#running.words, WORD.owner, owner);
  }

  /** @param owner The instance; see {@link worksFor}. */
  open(open: OpenMessage, listener: Listener, owner = 0): Line {
    const running = this.#enter();
    const { words, bell, listeners } = running;
    const channel = ++this.#lines;
    listeners.set(channel, listener);
    post(running, { kind: 'open', channel, owner, open });
    return {
      word: bell,
      send(message) {
        // Bytes are moved; they are a copy already, because to clone a view clones all that is behind it.
        const moved = message.kind === 'data' ? message.bytes : message.kind === 'datagram' && message.datagram.bytes;
        if (listeners.has(channel)) post(running, { kind: 'pass', channel, message }, moved ? [moved.buffer] : []);
      },
      take: () => take(running),
      close(how) {
        if (!listeners.delete(channel)) return;
        post(running, { kind: 'close', channel, how });
        leave(words);
      },
    };
  }

  /** Ends the thread with all that it has open; resolves when it is gone. A later channel starts another. */
  async close(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    markEnded(running);
    await running.worker?.terminate();
  }

  /** A thread that has counted one more channel, which keeps it from ending. */
  #enter(): Running {
    const running = this.#running;
    if (running !== undefined && enter(running.words)) return running;
    const started =
      this.#attempts.delayMs > 0 ? notStarted(this.#bell) : start(this.#options, this.#charged, this.#bell);
    if (Atomics.load(started.words, WORD.started) === 1) this.#attempts.succeeded();
    else if (this.#attempts.delayMs === 0) this.#attempts.failed();
    Atomics.store(started.words, WORD.owner, this.#owner);
    this.#running = started;
    return started;
  }
}

/** Waits until it runs: this thread blocks next, and would hear of no failure. */
function start(options: IoThreadOptions, charged: Word, bell: Word): Running {
  const running = begin(options, charged, bell);
  const { words, worker } = running;
  const { startMs = DEFAULT_START_MS } = options;
  if (worker === undefined || Atomics.wait(words, WORD.started, 0, startMs) !== 'timed-out') return running;
  void worker.terminate();
  markEnded(running);
  return running;
}

/** In the place of a thread that there is not: all that is opened there is lost. */
function notStarted(bell: Word): Running {
  const words = newWords();
  markEnded({ words, bell });
  return { worker: undefined, port: new MessageChannel().port1, words, bell, listeners: new Map(), seen: 0 };
}

type Word = Int32Array<SharedArrayBuffer>;

function newWord(): Word {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

function newWords(): Word {
  return new Int32Array(new SharedArrayBuffer(Object.keys(WORD).length * Int32Array.BYTES_PER_ELEMENT));
}

function begin(options: IoThreadOptions, charged: Word, bell: Word): Running {
  try {
    return spawn(options, charged, bell);
  } catch {
    // No thread, no memory, no permission.
    return notStarted(bell);
  }
}

function spawn(options: IoThreadOptions, charged: Word, bell: Word): Running {
  const words = newWords();
  const { port1, port2 } = new MessageChannel();
  const { idleMs = DEFAULT_IDLE_MS, startMs: _startMs, ...resolver } = options;
  // Before it runs: it may be idle for its time before this thread goes on.
  enter(words);
  const workerData: IoWorkerData = { ...resolver, port: port2, words, bell, charged, idleMs };
  const worker = new Worker(codeFile('workers/io-worker'), {
    workerData,
    transferList: [port2],
    // Nothing of the process's: no proxies, no secrets, and no way to switch off the verification of certificates.
    env: {},
    argv: [],
    stdout: true,
    stderr: true,
    resourceLimits: RESOURCE_LIMITS,
  });
  // It says itself that it ended, in the shared memory: this thread may be blocked and hear no event.
  worker.on('error', () => {});
  worker.on('exit', () => markEnded({ words, bell }));
  worker.unref();
  return { worker, port: port1, words, bell, listeners: new Map(), seen: 0 };
}

function post({ port }: Running, message: ToIo, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, [...transfer]);
}

function take(running: Running): void {
  const { port, words, listeners } = running;
  const posted = Atomics.load(words, WORD.posted);
  if (posted === running.seen) return;
  running.seen = posted;
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    const { channel, event }: FromIo = next.message;
    listeners.get(channel)?.(event);
  }
  if (Atomics.load(words, WORD.channels) !== ENDED) return;
  for (const listener of listeners.values()) listener({ kind: 'lost' });
  listeners.clear();
}

function markEnded({ words, bell }: Pick<Running, 'words' | 'bell'>): void {
  Atomics.store(words, WORD.channels, ENDED);
  Atomics.add(words, WORD.posted, 1);
  Atomics.add(bell, 0, 1);
  Atomics.notify(bell, 0);
}

/** Counts a channel, unless the thread has ended. */
function enter(words: Int32Array): boolean {
  for (;;) {
    const channels = Atomics.load(words, WORD.channels);
    if (channels === ENDED) return false;
    if (Atomics.compareExchange(words, WORD.channels, channels, channels + 1) === channels) return true;
  }
}

/** Takes a channel off the count, unless the thread has ended. */
function leave(words: Int32Array): void {
  for (;;) {
    const channels = Atomics.load(words, WORD.channels);
    if (channels === ENDED) return;
    if (Atomics.compareExchange(words, WORD.channels, channels, channels - 1) === channels) return;
  }
}

/** That of this plugin worker, which all its instances share. */
export const ioThread: IoThread = new IoThread();
