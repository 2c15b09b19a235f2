import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { nextTick } from '../clock/of-node.ts';
import type { Holding } from '../component/holding.ts';
import type { Utterance } from '../contract/values.ts';
import { describe } from '../errors.ts';
import { descriptors } from '../host/descriptors.ts';
import type { HostReply } from '../host/imports/main-thread.ts';
import { ControlPage } from '../instrumentation/control-page.ts';
import { clockOffset } from '../observe/clock.ts';
import type { VersionMetrics } from '../observe/version-metrics.ts';
import { Thread } from '../thread/thread.ts';
import { BERTHS, Berth, type PostedResult } from './berth.ts';
import { CallerPort } from './caller-port.ts';
import { type Order, SLOTS } from './mailbox-layout.ts';
import {
  type HostCallMessage,
  isHostCall,
  type LargeRequest,
  type MainMessage,
  type Parcel,
  WAKE,
  type WorkerMessage,
  type WorkerTask,
} from './protocol.ts';
import { resourceLimitsOf, type ThreadClass } from './thread-class.ts';
import { ThreadStatus } from './thread-status.ts';
import { UtteranceRing } from './utterance-ring.ts';

/** `starting` until the worker has answered once; `ended` for good. */
export type PluginThreadState = 'starting' | 'idle' | 'busy' | 'ended';

let threads = 0;
let losses = 0;

/** A number that changes when a thread holds less than before: who keeps what threads hold looks again then. */
export function lossesOfThreads(): number {
  return losses;
}

const CLOCK_OFFSET = clockOffset();

/** They are counted in a word of the mailbox. */
const MAX_ADDITIONS = 2 ** 31 - 1;

/** A worker thread that runs plugins: the thread, the memory it shares with us, and what it has been told so far. */
export class PluginThread {
  /** Counts up from 1 within the process. */
  readonly id: number = ++threads;
  readonly threadClass: ThreadClass;
  readonly status: ThreadStatus = new ThreadStatus();
  /** Where a call on it is told to end. */
  readonly control: ControlPage = new ControlPage();
  readonly #berths: readonly Berth[] = Array.from({ length: BERTHS }, (_, index) => new Berth(index));
  /** Orders that it was given. */
  #orders = 0;
  /** Messages with requests for orders that were open, ever. */
  #additions = 0;
  state: PluginThreadState = 'starting';
  /** `leaves` when it is to end as soon as it holds nothing any more. */
  fate: 'stays' | 'leaves' = 'stays';
  /** The definitions that the worker holds: each is posted to it once. */
  readonly #definitions = new Set<number>();
  /** The books that it counts in, of versions that are open or were. */
  readonly counts: Set<VersionMetrics> = new Set();
  /** Requests in the queue of versions that no other thread holds: they wait for this one. */
  awaited = 0;
  /** Definitions whose instances it still has to shut down, and who waits for that. */
  readonly retiring: Map<number, () => void> = new Map();
  /** Who has to hear at once that it is ended. */
  readonly onEnded: Set<{ ended(): void }> = new Set();
  /** Called when the worker says that there is something to look at. */
  onWake: () => void = () => {};
  /** Called when a guest asks for a function of this thread, or stops to; {@link reply} answers. */
  onHostCall: (message: HostCallMessage) => void = () => {};
  /** Called when the thread ends of itself. */
  onDeath: (error: unknown) => void = () => {};
  readonly #thread: Thread;
  readonly #dropped: Holding;
  readonly #ioCpu = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #descriptors = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  readonly #utterances = new UtteranceRing();
  readonly #port: MessagePort;
  #workersEnd: MessagePort | undefined;
  #shift: Promise<void> = Promise.resolve();
  #overheard = false;
  readonly #bell = new Int32Array(new SharedArrayBuffer(4));
  /** Who has made the calls on it that pass streams. */
  readonly callers: CallerPort = new CallerPort(this.#bell);

  /** @param dropped What instances may leave behind on it before it is collected. */
  constructor(threadClass: ThreadClass, dropped: Holding) {
    this.threadClass = threadClass;
    this.#dropped = dropped;
    this.#thread = new Thread({
      file: 'plugin-worker',
      resourceLimits: resourceLimitsOf(threadClass),
      wait: 'blocked',
    });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: WorkerMessage) => {
      if (message === WAKE) this.onWake();
      else this.#take(message);
    });
    // What keeps the process alive is a shift, not the line to an idle worker.
    port1.unref();
    this.#workersEnd = port2;
  }

  /**
   * Waits until the worker has loaded its code and answers.
   *
   * @throws {ThreadDied} when it does not come up.
   */
  async start(): Promise<void> {
    const port = this.#workersEnd!;
    this.#workersEnd = undefined;
    const callers = this.callers.takeWorkersEnd();
    const hello: WorkerTask = {
      kind: 'hello',
      status: this.status.buffer,
      berths: this.#berths.map(({ mailbox, block }) => ({ mailbox: mailbox.buffer, block: block.buffer })),
      utterances: this.#utterances.buffer,
      control: this.control.memory,
      port,
      callers,
      bell: this.#bell.buffer,
      stackBytes: this.threadClass.stackBytes,
      dropped: this.#dropped,
      ioCpu: this.#ioCpu.buffer,
      descriptors: { all: descriptors.buffer, own: this.#descriptors },
      clockOffset: CLOCK_OFFSET,
    };
    await this.#thread.run(hello, [port, callers]);
    if (this.state === 'starting') this.state = 'idle';
  }

  /** Where the next order goes. Its order before has to be done: at the most {@link BERTHS} are under way. */
  get nextBerth(): Berth {
    return this.#berths[this.#orders % BERTHS]!;
  }

  /**
   * Gives the worker the order that stands in {@link nextBerth}; {@link onWake} is called when `mailbox.orderDone`. The state
   * is the caller's to keep.
   */
  send(order: Omit<Order, 'parcel'>, parcel?: Parcel): void {
    const { mailbox, posted } = this.nextBerth;
    this.#orders++;
    posted.clear();
    if (parcel !== undefined) this.#port.postMessage({ kind: 'parcel', parcel } satisfies MainMessage);
    if (mailbox.post({ ...order, parcel: parcel !== undefined })) return;
    const shift: WorkerTask = { kind: 'shift' };
    // After the shift before, which has closed but may not have been heard of yet.
    this.#shift = this.#shift
      .then(() => this.#thread.run<void>(shift))
      .catch((error: unknown) => {
        if (this.state !== 'ended') this.onDeath(error);
      });
  }

  /** The message that carries a slot's result. It was posted before the slot was done, so it is here or in the port. */
  posted({ posted }: Berth, slot: number): PostedResult | undefined {
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      const message: WorkerMessage = next.message;
      if (message === WAKE) this.#overhear();
      else this.#take(message);
    }
    const message = posted.get(slot);
    posted.delete(slot);
    return message;
  }

  /**
   * A wake-up that was taken from the port does not come as an event. It is heard as soon as whoever looks now has looked: they may
   * have begun before what it tells of, and it may be the last that the worker says.
   */
  #overhear(): void {
    if (this.#overheard) return;
    this.#overheard = true;
    nextTick(() => {
      this.#overheard = false;
      this.onWake();
    });
  }

  #take(message: Exclude<WorkerMessage, typeof WAKE>): void {
    if (isHostCall(message)) this.onHostCall(message);
    else this.#berths[Math.floor(message.slot / SLOTS)]!.posted.set(message.slot % SLOTS, message);
  }

  /** Adds requests to the order that is carried out; before their slots are queued. @returns The number of the message. */
  addLarge(large: ReadonlyMap<number, LargeRequest>): number {
    this.#additions = (this.#additions % MAX_ADDITIONS) + 1;
    this.#port.postMessage({ kind: 'large', number: this.#additions, large } satisfies MainMessage);
    return this.#additions;
  }

  /** Answers a call of a guest's. What cannot be cloned is a failure of the function that returned it. */
  reply(id: number, reply: HostReply): void {
    const post = (sent: HostReply): void =>
      this.#port.postMessage({ kind: 'reply', id, reply: sent } satisfies MainMessage);
    try {
      post(reply);
    } catch (error) {
      post({ kind: 'failed', cause: describe(error) });
    }
    Atomics.add(this.#bell, 0, 1);
    Atomics.notify(this.#bell, 0);
  }

  get definitions(): ReadonlySet<number> {
    return this.#definitions;
  }

  /** The worker is about to be sent a definition. */
  meets(definition: number): void {
    this.#definitions.add(definition);
  }

  /** It is not to hold a definition any more; false when it does not. */
  forget(definition: number): boolean {
    losses++;
    return this.#definitions.delete(definition);
  }

  /** Takes note that an instance was shut down. */
  retired(definition: number): void {
    this.retiring.get(definition)?.();
    this.retiring.delete(definition);
  }

  /** Hands over what the guests have said since the last time, in order; `berth` is undefined for what is no request's. */
  drainUtterances(listener: (berth: Berth | undefined, slot: number, utterance: Utterance) => void): void {
    if (this.#utterances.size === 0) return;
    this.#utterances.drain((slot, utterance) => {
      listener(this.#berths[Math.floor(slot / SLOTS)], slot % SLOTS, utterance);
    });
  }

  /** Milliseconds of CPU time that the thread has used, and its I/O thread for calls on it. */
  async cpuTimeMs(): Promise<number> {
    return (await this.#thread.cpuTimeMs()) + Atomics.load(this.#ioCpu, 0);
  }

  /** Lets the process end without it. */
  unref(): void {
    this.#thread.unref();
  }

  /** It is gone, and nothing of what lay in its berths is waited for: they keep neither requests nor who sent them. */
  clear(): void {
    for (const berth of this.#berths) {
      berth.said = undefined;
      berth.posted.clear();
    }
  }

  /** Ends the thread, whatever it is doing. Resolves when it is gone. What its mailbox says stays readable. */
  async terminate(): Promise<void> {
    this.state = 'ended';
    losses++;
    for (const retired of this.retiring.values()) retired();
    this.retiring.clear();
    await this.#thread.terminate();
    descriptors.ended(this.#descriptors);
    this.#port.close();
    this.callers.end();
  }
}
