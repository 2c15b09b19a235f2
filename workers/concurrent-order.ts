import { performance } from 'node:perf_hooks';
import type { OpenCall } from '../src/canonical-abi/runtime/async/host-calls.ts';
import type { OpenCalls } from '../src/canonical-abi/runtime/async/open-calls.ts';
import { deadlock } from '../src/canonical-abi/runtime/async/ready.ts';
import type { PluginResponse } from '../src/contract/values.ts';
import { PluginError, toWire } from '../src/errors.ts';
import { type CallBooks, type CallContext, NO_BOOKS } from '../src/host/call-context.ts';
import type { ResolvedPolicy } from '../src/host/policy/policy.ts';
import type { BesideCall } from '../src/instance/beside-call.ts';
import type { PluginInstance } from '../src/instance/plugin-instance.ts';
import type { ControlPage } from '../src/instrumentation/control-page.ts';
import { SlotState } from '../src/pool/mailbox-layout.ts';
import type { LargeRequest, WorkerMessage } from '../src/pool/protocol.ts';
import type { ThreadStatus } from '../src/pool/thread-status.ts';
import type { WorkerMailbox } from '../src/pool/worker-mailbox.ts';
import type { HostLine } from './host-line.ts';
import type { Residents } from './residents.ts';
import { TaskTimes } from './task-times.ts';
import type { WakeUp } from './wake-up.ts';

/** What an order that is open needs of its worker. */
export interface ConcurrentSurroundings {
  readonly mailbox: WorkerMailbox;
  readonly residents: Residents;
  readonly status: ThreadStatus;
  readonly control: ControlPage;
  readonly line: HostLine;
  readonly wakeUp: WakeUp;
  /** Milliseconds of CPU time that the thread has used. */
  readonly cpuMs: () => number;
  /** Milliseconds from this thread's clock to the main thread's. */
  readonly toMain: number;
  readonly post: (message: Extract<WorkerMessage, { slot: number }>) => void;
  /** Hears for which slot the guest speaks; -1 for none. */
  readonly onSlot: (slot: number) => void;
}

/** A request that has begun. */
interface Turn {
  readonly slot: number;
  readonly begunAt: number;
  readonly call: BesideCall;
  open: OpenCall | undefined;
  books: CallBooks;
  fuel: number;
  /** `given up` when nobody waits for it any more; it was asked to end. */
  state: 'wanted' | 'given up';
}

/**
 * Carries out an order whose requests go on beside each other in one instance. One of them runs at a time; where none can go
 * on, the thread blocks until the main thread has something for them. The order takes more until none of them is left.
 */
export class ConcurrentOrder {
  readonly #around: ConcurrentSurroundings;
  readonly #definition: number;
  readonly #policy: ResolvedPolicy;
  /** What the order brought itself. */
  readonly #large: Map<number, LargeRequest>;
  readonly #turns = new Map<number, Turn>();
  readonly #times: TaskTimes<Turn>;
  /** Slots whose results the main thread may not have taken out. */
  readonly #unread = new Set<number>();
  /** For which the guest runs. */
  #current: Turn | undefined;
  #since = 0;
  /** Milliseconds that the guest ran. */
  #worked = 0;
  /** The instance that tells of switches, and its books. */
  #instance: PluginInstance | undefined;
  #context: CallContext | undefined;
  #changes = -1;
  /** Whether requests were left that there was no room for. */
  #left = false;

  constructor(
    around: ConcurrentSurroundings,
    definition: number,
    large: ReadonlyMap<number, LargeRequest> | undefined,
  ) {
    this.#around = around;
    this.#definition = definition;
    this.#policy = around.residents.definition(definition).policy;
    this.#times = new TaskTimes(around.cpuMs);
    this.#large = new Map(large);
  }

  /** Runs until nothing is left of it; returns the milliseconds that the guest worked. */
  run(): number {
    const { mailbox, line } = this.#around;
    const isChanged = (): boolean => mailbox.changes !== this.#changes;
    line.alarm = isChanged;
    let takesMore = true;
    for (;;) {
      this.#look();
      const ran = this.#turns.size > 0 && this.#pass();
      this.#settle();
      if (ran || (this.#left && this.#hasRoom)) continue;
      if (this.#turns.size > 0) {
        if (!isChanged()) this.#wait();
      } else if (takesMore) {
        // What was added before this is there to be seen now.
        mailbox.takeNoMore();
        takesMore = false;
        this.#changes = -1;
      } else if (!isChanged()) break;
    }
    line.alarm = undefined;
    return this.#worked;
  }

  /** Begins what was added, and asks to end what was given up. */
  #look(): void {
    const { mailbox } = this.#around;
    const { changes } = mailbox;
    const isNew = changes !== this.#changes;
    if (!isNew && !(this.#left && this.#hasRoom)) return;
    this.#changes = changes;
    if (isNew) {
      this.#listen();
      for (const turn of [...this.#turns.values()])
        if (mailbox.state(turn.slot) === SlotState.killed && this.#turns.has(turn.slot)) this.#giveUp(turn);
    }
    this.#left = false;
    for (let slot = 0; slot < mailbox.slots; slot++) {
      if (mailbox.state(slot) !== SlotState.queued) continue;
      this.#left = !this.#hasRoom;
      if (this.#left) return;
      if (mailbox.claim(slot)) this.#begin(slot);
    }
  }

  /** Takes what the main thread has said: a reply goes on to the guest, and what comes of that may end the instance. */
  #listen(): void {
    const { line } = this.#around;
    if (this.#instance !== undefined) this.#stretch('idle', () => line.takeAll());
    // Requests may have come behind what has ended it.
    if (this.#instance === undefined) line.takeAll();
  }

  get #hasRoom(): boolean {
    const { concurrency } = this.#policy;
    return this.#turns.size < Math.min(concurrency, this.#around.residents.left(this.#definition));
  }

  #begin(slot: number): void {
    const { mailbox, residents, toMain, onSlot } = this.#around;
    const now = performance.now();
    residents.tally(this.#definition)?.queueWait.record(mailbox.begun(slot, now + toMain));
    // It may have been added since somebody looked at the line.
    if (mailbox.message(slot)) this.#listen();
    onSlot(slot);
    mailbox.runsFor(slot);
    let turn: Turn;
    try {
      const instance = residents.instance(this.#definition);
      this.#hear(instance);
      const call = this.#request(slot, instance);
      turn = {
        slot,
        begunAt: now,
        call,
        open: undefined,
        books: NO_BOOKS,
        fuel: instance.beginBeside(),
        state: 'wanted',
      };
    } catch (error) {
      mailbox.took(slot);
      this.#fail(slot, error, now, now);
      return;
    }
    this.#turns.set(slot, turn);
    this.#stretch('process', (calls) => {
      turn.open = calls.begin(turn, turn.call.func, turn.call.args);
    });
  }

  #request(slot: number, instance: PluginInstance): BesideCall {
    const { mailbox } = this.#around;
    const message = mailbox.message(slot);
    if (message !== undefined) {
      const large = this.#take(slot, message);
      if (large?.kind === 'call') return instance.beside(large.call);
      if (large?.kind === 'process') return instance.beside({ input: large.input, options: large.options });
      throw new Error('the request did not come with its message');
    }
    const request = { input: mailbox.input(slot), options: mailbox.options(slot) };
    mailbox.took(slot);
    return instance.beside(request);
  }

  /** The request of a slot by its message: one that was taken back before it began may have left another there. */
  #take(slot: number, message: number): LargeRequest | undefined {
    const added = this.#around.line.large.get(slot);
    const request = message === 0 ? this.#large.get(slot) : added?.request;
    if (message === 0) this.#large.delete(slot);
    else this.#around.line.large.delete(slot);
    return message === 0 || message === added?.number ? request : undefined;
  }

  #hear(instance: PluginInstance): void {
    if (this.#instance === instance) return;
    this.#instance = instance;
    this.#context = this.#around.residents.context(this.#definition);
    instance.stretch((calls) => calls.onSwitch((call) => this.#switch(call as Turn | undefined)));
  }

  /** Another request goes on, or none. Each has budgets of its own. */
  #switch(next: Turn | undefined): void {
    const { mailbox, status, control, onSlot } = this.#around;
    const now = performance.now();
    this.#leave(now);
    this.#since = now;
    this.#current = next;
    onSlot(next?.slot ?? -1);
    if (next === undefined) return;
    mailbox.runsFor(next.slot);
    status.enter('process');
    this.#context!.books = next.books;
    control.fuel = next.fuel;
  }

  #leave(now: number): void {
    const turn = this.#current;
    if (turn === undefined) return;
    this.#worked += now - this.#since;
    this.#times.worked(turn, now - this.#since);
    turn.books = this.#context!.books;
    turn.fuel = this.#around.control.fuel;
  }

  /** Enters the instance; undefined when that has ended by it. */
  #stretch<Result>(phase: 'process' | 'idle', act: (calls: OpenCalls) => Result): Result | undefined {
    try {
      return this.#around.residents.stretch(this.#definition, phase, act);
    } catch (error) {
      this.#lose(error);
      return undefined;
    }
  }

  /** Has everything go on that can, once; ends the instance for a request that has used up its CPU time. */
  #pass(): boolean {
    const ran = this.#stretch('process', (calls) => {
      const any = calls.pass();
      const over = this.#times.over(this.#policy.cpuTimeLimitMs);
      if (over !== undefined && this.#turns.get(over.slot) === over) {
        this.#current = over;
        throw cpuTimeLimit(this.#policy.cpuTimeLimitMs);
      }
      return any;
    });
    return ran !== false;
  }

  /** Publishes what has returned. */
  #settle(): void {
    const { residents } = this.#around;
    for (const turn of [...this.#turns.values()]) {
      if (turn.open?.returned !== true || this.#turns.get(turn.slot) !== turn) continue;
      const now = performance.now();
      if (turn.state === 'wanted' && !this.#answer(turn)) return;
      this.#turns.delete(turn.slot);
      this.#finish(turn.slot, turn.begunAt, now, turn);
      if (this.#turns.size === 0 || !residents.endsAfter(this.#definition)) residents.served(this.#definition);
    }
  }

  /** @returns Whether the instance lives. */
  #answer(turn: Turn): boolean {
    const { post } = this.#around;
    const { slot, call, open } = turn;
    const answer = this.#stretch('process', () => {
      // What goes wrong is its own.
      this.#current = turn;
      const value = call.answer(() => open!.value());
      if (value.kind === 'response') this.#instance!.assertOutput(value.response);
      this.#current = undefined;
      return value;
    });
    if (answer === undefined) return false;
    if (answer.kind === 'value') post({ kind: 'value', slot, value: answer.value });
    else {
      const { maxInstructions } = this.#policy;
      if (maxInstructions !== undefined) this.#around.mailbox.ran(slot, maxInstructions - turn.fuel);
      this.#put(slot, answer.response);
    }
    return true;
  }

  #put(slot: number, response: PluginResponse): void {
    const { mailbox, post } = this.#around;
    if (mailbox.putResponse(slot, response)) return;
    for (const other of this.#unread) if (mailbox.state(other) !== SlotState.done) this.#unread.delete(other);
    if (this.#unread.size === 0) {
      mailbox.reclaim();
      if (mailbox.putResponse(slot, response)) return;
    }
    post({ kind: 'response', slot, response: { ...response, ...mailbox.counted(slot) } });
  }

  /** Hands over a request's end. */
  #finish(slot: number, begunAt: number, now: number, turn?: Turn): void {
    const { mailbox, residents, wakeUp, toMain } = this.#around;
    const tally = residents.tally(this.#definition);
    tally?.duration.record(now - begunAt);
    if (turn !== undefined) {
      tally?.calledHost(turn.books.hostCalls);
      if (this.#policy.maxInstructions !== undefined) tally?.ranInstructions(this.#policy.maxInstructions - turn.fuel);
      this.#times.forget(turn);
    }
    mailbox.ended(slot, now + toMain);
    if (mailbox.finish(slot)) this.#unread.add(slot);
    // Its caller has been told: there is nobody to take it out.
    else mailbox.release(slot);
    wakeUp.announce(now);
  }

  #fail(slot: number, error: unknown, begunAt: number, now: number, turn?: Turn): void {
    this.#around.post({ kind: 'error', slot, error: toWire(error) });
    this.#finish(slot, begunAt, now, turn);
  }

  /** The instance has ended, and with it all that had begun in it. */
  #lose(error: unknown): void {
    const now = performance.now();
    const guilty = this.#current;
    if (guilty !== undefined) this.#leave(now);
    const turns = [...this.#turns.values()];
    this.#turns.clear();
    this.#current = undefined;
    this.#instance = undefined;
    this.#around.onSlot(-1);
    const others = guilty === undefined ? error : ended(error);
    for (const turn of turns) this.#fail(turn.slot, turn === guilty ? error : others, turn.begunAt, now, turn);
  }

  #giveUp(turn: Turn): void {
    if (turn.state === 'given up') return;
    turn.state = 'given up';
    if (turn.open?.returned === false) this.#stretch('process', (calls) => calls.cancel(turn, turn.open!));
  }

  /** Blocks until the main thread has something for one of them. */
  #wait(): void {
    this.#around.wakeUp.wake(performance.now());
    this.#stretch('idle', (calls) => {
      if (!calls.waitOutside()) throw deadlock();
    });
  }
}

function ended(error: unknown): PluginError {
  const reason = error instanceof PluginError ? error.message : 'it failed';
  return new PluginError('ERR_WORKER_CRASHED', `Another request ended the instance that it ran in: ${reason}`, {
    hint: 'Requests share an instance as `concurrency` of the policy says, and end with it.',
  });
}

function cpuTimeLimit(value: number): PluginError {
  return new PluginError('ERR_CPU_TIME_LIMIT', `The plugin used more than ${value} ms of CPU time in \`process\``, {
    hint: 'Raise `cpuTimeLimitMs` in the policy if the plugin needs it.',
    limit: { name: 'cpuTimeLimitMs', value },
  });
}
