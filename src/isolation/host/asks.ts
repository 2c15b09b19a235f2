import type { PluginError } from '../../errors.ts';
import { ProtocolError } from '../wire/unpacker.ts';

interface Ask {
  readonly check: (value: unknown) => unknown;
  readonly settled: PromiseWithResolvers<unknown>;
}

/** What a child was asked and has not answered. */
export class Asks {
  readonly #asks = new Map<number, Ask>();
  #last = 0;

  get size(): number {
    return this.#asks.size;
  }

  /** Gives a question its number, and sends it; what is answered is checked. */
  ask<T>(send: (ask: number) => void, check: (value: unknown) => T): Promise<T> {
    const settled = Promise.withResolvers<unknown>();
    const ask = ++this.#last;
    this.#asks.set(ask, { check, settled });
    send(ask);
    return settled.promise as Promise<T>;
  }

  /** What does not fit is no answer: who asked hears that the child is gone, which it is then. */
  answered(ask: number, value: unknown): void {
    const { check, settled } = this.#get(ask);
    const checked = check(value);
    this.#asks.delete(ask);
    settled.resolve(checked);
  }

  failed(ask: number, error: PluginError): void {
    const { settled } = this.#get(ask);
    this.#asks.delete(ask);
    settled.reject(error);
  }

  /** Nothing will be answered any more. */
  end(error: PluginError): void {
    const asks = [...this.#asks.values()];
    this.#asks.clear();
    for (const { settled } of asks) settled.reject(error);
  }

  #get(number: number): Ask {
    const ask = this.#asks.get(number);
    if (ask === undefined) throw new ProtocolError('an answer to what was not asked');
    return ask;
  }
}
