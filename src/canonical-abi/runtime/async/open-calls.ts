import type { OpenCall } from './host-calls.ts';
import { isReady } from './ready.ts';
import type { Scheduler } from './scheduler.ts';

/** A function that a component exports, as a call of it begins. */
export interface OpenableFunction {
  readonly open: (...values: readonly unknown[]) => OpenCall;
  /** What of such arguments does not fit, if anything. */
  readonly misfit: (values: readonly unknown[]) => string | undefined;
}

export type FindOpenable = (owner: string | undefined, name: string) => OpenableFunction | undefined;

/** Calls of one component that go on beside each other, on a thread that blocks where none of them can. */
export class OpenCalls {
  readonly #scheduler: Scheduler;
  /** Undefined when the component exports no such function. */
  readonly find: FindOpenable;

  constructor(scheduler: Scheduler, find: FindOpenable) {
    this.#scheduler = scheduler;
    this.find = find;
  }

  /** Hears for which call the guest runs, before it does; undefined for none. */
  onSwitch(hear: (call: unknown) => void): void {
    this.#scheduler.onSwitch = hear;
  }

  /**
   * Begins a call, and runs it until the guest has left its stack.
   *
   * @param call What it is known by.
   * @throws whatever ends the instance.
   */
  begin(call: unknown, { open }: OpenableFunction, values: readonly unknown[]): OpenCall {
    this.#scheduler.call = call;
    const opened = open(...values);
    this.#scheduler.call = undefined;
    return opened;
  }

  /** Asks a call to end. */
  cancel(call: unknown, opened: OpenCall): void {
    this.#scheduler.call = call;
    opened.cancel();
    this.#scheduler.call = undefined;
  }

  /** Has every thread go on that can, each once; false when none can. */
  pass(): boolean {
    const { waiting } = this.#scheduler;
    let left = waiting.size;
    let ran = false;
    // Those that wait again come last in the set, and have had their turn.
    for (const thread of waiting) {
      if (left-- === 0) break;
      if (thread.proceed === undefined || !isReady(thread)) continue;
      this.#scheduler.step(thread);
      ran = true;
    }
    return ran;
  }

  /** Blocks until the host has done something for it; false when there is nothing to come. */
  waitOutside(): boolean {
    return this.#scheduler.waitOutside();
  }
}
