import type { OutsideLine } from '../src/canonical-abi/runtime/async/outside.ts';
import type { Later } from '../src/clock/later.ts';
import type { HostCall, HostReply } from '../src/host/imports/main-thread.ts';
import type { HostLine } from './host-line.ts';

/** What one instance has asked of the main thread, on the line of its thread. */
export class InstanceLine implements OutsideLine {
  readonly #line: HostLine;
  /** Whether its calls may wait for each other, so that it can go on before a reply has come. */
  readonly #goesOn: boolean;
  readonly #open = new Set<Later<HostReply>>();

  constructor(line: HostLine, goesOn: boolean) {
    this.#line = line;
    this.#goesOn = goesOn;
  }

  readonly ask = (call: HostCall, then: 'waits' | 'may go on'): HostReply | Later<HostReply> => {
    if (!this.#goesOn || then === 'waits') return this.#line.ask(call);
    const later = this.#line.begin(call, 'goes on');
    this.#open.add(later);
    return later.map(
      (reply) => {
        this.#open.delete(later);
        return reply;
      },
      (error) => {
        throw error;
      },
    );
  };

  /** What it has asked for is counted where its calls wait; they do not go on for it once they have returned. */
  readonly isAwaited = false;

  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  get word(): Int32Array<SharedArrayBuffer> {
    return this.#line.word;
  }

  get alarm(): (() => boolean) | undefined {
    return this.#line.alarm;
  }

  announce(): void {
    this.#line.announce();
  }

  take(): boolean {
    return this.#line.take();
  }

  look(): void {
    while (this.isOpen && this.take());
  }

  wait(): void {
    this.#line.wait();
  }

  /** The instance has ended. */
  end(): void {
    if (this.#open.size > 0) this.#line.drop(this.#open);
    this.#open.clear();
  }
}
