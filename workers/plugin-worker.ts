import { performance } from 'node:perf_hooks';
import type { MessagePort } from 'node:worker_threads';
import type { ResponseSink } from '../src/canonical-abi/runtime/contract.ts';
import type { PluginResponse, Utterance } from '../src/contract/values.ts';
import { toWire } from '../src/errors.ts';
import { descriptors } from '../src/host/descriptors.ts';
import { sleep } from '../src/host/sleep.ts';
import { ioThread } from '../src/host/wasi/network/io-thread.ts';
import { CAPTURED_FRAMES, captureFrames } from '../src/instance/faults.ts';
import type { PluginInstance } from '../src/instance/plugin-instance.ts';
import { ControlPage } from '../src/instrumentation/control-page.ts';
import { clockOffset } from '../src/observe/clock.ts';
import { Tally } from '../src/observe/tally.ts';
import { BlockArea } from '../src/pool/block-area.ts';
import { SLOTS } from '../src/pool/mailbox-layout.ts';
import type { Parcel, WorkerMessage, WorkerTask } from '../src/pool/protocol.ts';
import { ThreadStatus } from '../src/pool/thread-status.ts';
import { UtteranceRing } from '../src/pool/utterance-ring.ts';
import { WorkerMailbox } from '../src/pool/worker-mailbox.ts';
import { BlockRunner } from './block/block-runner.ts';
import { CallDesk } from './call-desk.ts';
import { CallerDesk } from './caller-desk.ts';
import { ConcurrentOrder } from './concurrent-order.ts';
import { CpuAccount } from './cpu-account.ts';
import { HeapGauge } from './heap-gauge.ts';
import { HostLine } from './host-line.ts';
import { Killed, Residents } from './residents.ts';
import { ThreadTime } from './thread-time.ts';
import { WakeUp } from './wake-up.ts';
import type { WorkerBerth } from './worker-berth.ts';

type Hello = Extract<WorkerTask, { kind: 'hello' }>;

/**
 * Milliseconds that a worker waits for the next order with its thread blocked. While it does, Piscina keeps the
 * process alive.
 */
const LINGER_MS = 100;

/** A worker's side of the protocol: takes tasks one at a time and never throws across the thread boundary. */
class PluginWorker {
  readonly #status: ThreadStatus;
  readonly #control: ControlPage;
  readonly #berths: readonly WorkerBerth[];
  /** Where its order is, or the next one will be. */
  #berth: WorkerBerth;
  readonly #utterances: UtteranceRing;
  readonly #port: MessagePort;
  readonly #line: HostLine;
  readonly #callers: CallerDesk;
  readonly #residents: Residents;
  readonly #cpu: CpuAccount;
  readonly #time: ThreadTime;
  readonly #heap: HeapGauge;
  readonly #wakeUp: WakeUp;
  /** Milliseconds from this thread's clock to the main thread's. */
  readonly #toMain: number;
  /** The requests of the order that did not fit into the mailbox, by their slots. */
  #large: Parcel['large'];
  #tooLarge: PluginResponse | undefined;
  #slot = -1;

  constructor({
    status,
    berths,
    utterances,
    control,
    port,
    callers,
    bell: bellMemory,
    clockOffset: mainOffset,
    descriptors: books,
    ioCpu,
    ...limits
  }: Hello) {
    // Once: each call into a guest would have to do it, and undo it.
    captureFrames(CAPTURED_FRAMES);
    descriptors.join(books.all, books.own);
    const bell = new Int32Array(bellMemory);
    ioThread.charge(ioCpu);
    ioThread.ring(bell);
    this.#callers = new CallerDesk(callers, bell);
    this.#cpu = new CpuAccount(() => ioThread.chargedMs);
    this.#toMain = clockOffset() - mainOffset;
    this.#status = new ThreadStatus(status);
    this.#control = new ControlPage(control);
    sleep.onChange((asleep) => this.#status.sleeps(asleep));
    sleep.refuse(() => (this.#control.isInterrupted ? new Error('The call was told to end') : undefined));
    this.#time = new ThreadTime(
      () => this.#cpu.usedMs,
      () => sleep.sleptMs,
      (cpuMs) => this.#status.usedCpu(cpuMs),
    );
    this.#utterances = new UtteranceRing(utterances);
    this.#port = port;
    this.#wakeUp = new WakeUp(this.#status, port);
    const wake = (): void => this.#wakeUp.wake(performance.now());
    const say = (utterance: Utterance): boolean => {
      return this.#utterances.write(this.#spokenFor, utterance, wake);
    };
    this.#line = new HostLine(port, bell, () => this.#spokenFor);
    this.#residents = new Residents(this.#status, this.#control, say, limits, this.#line);
    this.#heap = new HeapGauge(() => this.#residents.dropped.isOver);
    this.#berths = berths.map((berth, index) => {
      const firstSlot = index * SLOTS;
      const postTail = (output: Uint8Array, side: Uint8Array): void => {
        port.postMessage({ kind: 'tail', slot: firstSlot, output, side } satisfies WorkerMessage);
      };
      const mailbox = new WorkerMailbox(berth.mailbox, this.#status);
      const area = new BlockArea(berth.block);
      const blocks = new BlockRunner(
        area,
        mailbox,
        this.#status,
        this.#control,
        this.#residents,
        this.#toMain,
        postTail,
      );
      return { mailbox, blocks, calls: new CallDesk(mailbox), request: mailbox.locate(0), firstSlot };
    });
    this.#berth = this.#berths[0]!;
  }

  /** Carries out orders until none has come for a while. Nothing may begin after {@link Killed} (invariant 2). */
  shift(): void {
    try {
      do this.#order();
      while (this.#berth.mailbox.waitForOrder(LINGER_MS));
    } catch (error) {
      // The main thread is ending this worker, and this is what it waits for.
      if (!(error instanceof Killed)) throw error;
    }
    this.#cpu.settle(performance.now());
  }

  #order(): void {
    const { mailbox, blocks } = this.#berth;
    const { kind, retires = 0, count, parcel } = mailbox.takeOrder();
    const start = performance.now();
    const { define, large, recipe } = parcel ? this.#line.parcel() : {};
    for (const [id, { definition, tally }] of define ?? [])
      this.#residents.define(id, definition, tally && new Tally(tally));
    if (recipe !== undefined) blocks.learn(recipe);
    if (kind === 'process') this.#process(count, large, start);
    else if (kind === 'concurrent') this.#concurrent(count, large);
    else if (kind === 'block') this.#block(start);
    else if (kind === 'prepare') this.#prepare(start);
    else this.#retire(retires, start);
    this.#residents.dropped.settle();
    const end = performance.now();
    this.#status.foundHeap(this.#heap.state(end));
    mailbox.finishOrder(this.#time.worked(end - start));
    this.#berth = this.#berths[(this.#berths.indexOf(this.#berth) + 1) % this.#berths.length]!;
    // With something to do next it need not tell at once that it is done.
    if (this.#berth.mailbox.hasOrder) this.#wakeUp.announce(end);
    else this.#wakeUp.wake(end);
  }

  /** The slot of the request that runs, as messages name it; -1 for none. */
  get #spokenFor(): number {
    return this.#slot < 0 ? this.#slot : this.#berth.firstSlot + this.#slot;
  }

  /** Requests of one definition after the other. The clock is read once for each: the end of one is the beginning of the next. */
  #process(count: number, large: Parcel['large'], start: number): void {
    const { mailbox } = this.#berth;
    this.#large = large;
    let now = start;
    for (let slot = 0; slot < count; ) {
      const definition = mailbox.definition(slot);
      let end = slot + 1;
      while (end < count && mailbox.definition(end) === definition) end++;
      now = this.#run(definition, slot, end, count, now);
      slot = end;
    }
    this.#large = undefined;
    this.#tooLarge = undefined;
  }

  /** Runs the requests of slots in a row, which are one definition's, of an order of so many; returns when that was. */
  #run(definition: number, from: number, end: number, count: number, start: number): number {
    const { mailbox } = this.#berth;
    const tally = this.#residents.tally(definition);
    const { dropped } = this.#residents;
    tally?.batchSize.record(end - from);
    let now = start;
    for (let slot = from; slot < end; slot++) {
      if (!mailbox.claim(slot)) continue;
      this.#slot = slot;
      const begunAt = now;
      const waited = mailbox.begun(slot, begunAt + this.#toMain);
      this.#serve(definition, slot);
      now = performance.now();
      tally?.queueWait.record(waited);
      tally?.duration.record(now - begunAt);
      mailbox.ended(slot, now + this.#toMain);
      this.#finish(slot);
      // The end of the batch wakes the main thread by itself, and comes at once unless an instance is shut down first.
      if (slot + 1 < count || this.#residents.endsAfter(definition) || dropped.isOver) this.#wakeUp.announce(now);
      if (this.#residents.served(definition) === 'kept') continue;
      if (slot + 1 < count) dropped.settle();
      now = performance.now();
    }
    this.#account(definition, end - 1, now - start, now);
    return now;
  }

  /**
   * Runs the request of a claimed slot and hands over how it ends. For itself, so that nothing of a fault, which has the
   * instance and its memory, is left on the stack when garbage is collected after it.
   */
  #serve(definition: number, slot: number): void {
    const { mailbox, calls } = this.#berth;
    try {
      const large = this.#large?.get(slot);
      if (large?.kind === 'call') {
        const value = this.#residents.call(definition, 'process', (instance) => instance.call(large.call));
        this.#post({ kind: 'value', slot, value });
      } else if (large?.kind === 'conversation') {
        const line = this.#callers.open(large.conversation);
        const value = this.#residents.call(definition, 'process', (instance) => instance.converse(large.order, line));
        this.#post({ kind: 'value', slot, value });
      } else if (calls.locate(slot, large)) {
        const sink = this.#residents.call(definition, 'process', calls.run);
        if (!calls.put(slot, sink)) this.#post({ kind: 'value-bytes', slot, bytes: calls.taken() });
      } else {
        const response = this.#residents.call(definition, 'process', this.#ask);
        if (response !== undefined && !mailbox.putResponse(slot, response)) {
          this.#post({ kind: 'response', slot, response: { ...response, ...mailbox.counted(slot) } });
        }
      }
    } catch (error) {
      this.#post({ kind: 'error', slot, error: toWire(error) });
    }
  }

  /** Writes down what a run of slots, of which this is the last, has left behind. */
  #account(definition: number, slot: number, milliseconds: number, now: number): void {
    const held = this.#residents.holds(definition);
    this.#berth.mailbox.finishRun(slot, milliseconds, held);
    const tally = this.#residents.tally(definition);
    if (tally === undefined) return;
    tally.sawMemory(held.bytes);
    this.#cpu.worked(tally, milliseconds, now);
  }

  /**
   * Runs the request of the slot. Returns the response if it is not in the mailbox yet. Made once, as what it needs for
   * every request, so that a request leaves nothing behind for the garbage collector.
   */
  readonly #ask = (instance: PluginInstance): PluginResponse | undefined => {
    const response = this.#answer(instance);
    const { instructions } = instance;
    if (instructions !== undefined) this.#berth.mailbox.ran(this.#slot, instructions);
    return response;
  };

  #answer(instance: PluginInstance): PluginResponse | undefined {
    const slot = this.#slot;
    const large = this.#large?.get(slot);
    if (large?.kind === 'process') return instance.process(large.input, large.options);
    const { mailbox, request } = this.#berth;
    if (!instance.takesBytes) return instance.process(mailbox.input(slot), mailbox.options(slot));
    this.#tooLarge = undefined;
    mailbox.locate(slot, request);
    instance.processBytes(request, this.#sink);
    return this.#tooLarge;
  }

  /** Takes a response without making strings of it, unless the mailbox has no room for it. */
  readonly #sink: ResponseSink = {
    respond: (memory, outputAt, outputLength, success, messageAt, messageLength) => {
      const { mailbox } = this.#berth;
      if (mailbox.copyResponse(this.#slot, memory, outputAt, outputLength, success, messageAt, messageLength)) return;
      const output = memory.toString('utf8', outputAt, outputAt + outputLength);
      this.#tooLarge = { output, success };
      if (messageAt < 0) return;
      const errorMessage = memory.toString('utf8', messageAt, messageAt + messageLength);
      this.#tooLarge = { output, success, errorMessage };
    },
  };

  /** Requests of one definition that go on beside each other. */
  #concurrent(count: number, large: Parcel['large']): void {
    const { mailbox } = this.#berth;
    const definition = mailbox.definition(0);
    this.#residents.tally(definition)?.batchSize.record(count);
    const order = new ConcurrentOrder(
      {
        mailbox,
        residents: this.#residents,
        status: this.#status,
        control: this.#control,
        line: this.#line,
        wakeUp: this.#wakeUp,
        cpuMs: () => this.#cpu.usedMs,
        toMain: this.#toMain,
        post: (message) => this.#post(message),
        onSlot: (slot) => {
          this.#slot = slot;
        },
      },
      definition,
      large,
    );
    const worked = order.run();
    this.#account(definition, count - 1, worked, performance.now());
  }

  #block(start: number): void {
    this.#slot = 0;
    const { mailbox, blocks } = this.#berth;
    const definition = mailbox.definition(0);
    blocks.run(definition, start);
    const now = performance.now();
    this.#account(definition, 0, now - start, now);
  }

  #prepare(start: number): void {
    const { mailbox } = this.#berth;
    const definition = mailbox.definition(0);
    if (mailbox.claim(0)) {
      this.#slot = 0;
      try {
        const metadata = this.#residents.call(definition, 'get-metadata', (instance) => instance.metadata());
        this.#post({ kind: 'metadata', slot: 0, metadata });
      } catch (error) {
        this.#post({ kind: 'error', slot: 0, error: toWire(error) });
      }
      this.#finish(0);
    }
    const now = performance.now();
    this.#account(definition, 0, now - start, now);
  }

  #retire(definition: number, start: number): void {
    this.#slot = -1;
    const tally = this.#residents.tally(definition);
    this.#residents.retire(definition);
    if (tally === undefined) return;
    const now = performance.now();
    this.#cpu.worked(tally, now - start, now);
    // Nobody looks at what is counted for it after this.
    this.#cpu.settle(now);
  }

  #post(message: Extract<WorkerMessage, { slot: number }>): void {
    this.#berth.mailbox.putPosted(message.slot);
    this.#port.postMessage({ ...message, slot: this.#berth.firstSlot + message.slot });
  }

  /** @throws {Killed} when the main thread has given the request up and is ending the thread for it. */
  #finish(slot: number): void {
    if (!this.#berth.mailbox.finish(slot) && this.#control.settle() === 'ended') throw new Killed();
  }
}

let worker: PluginWorker | undefined;

/** What Piscina calls, one task at a time. */
export default function handle(task: WorkerTask): void {
  if (task.kind === 'hello') worker = new PluginWorker(task);
  // Piscina replaces a worker that dies while it is idle; the new one must not pass for the old one.
  else if (worker === undefined) throw new Error('The first task of a worker is `hello`');
  else worker.shift();
}
