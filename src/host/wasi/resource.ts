import { trap } from '../wit-error.ts';
import type { WasiHost } from './host.ts';

/**
 * Base of all WIT resources. A binding calls `[Symbol.dispose]` when the guest drops its handle, at most once for a
 * well-behaved binding; a second call does nothing.
 */
export abstract class Resource {
  protected readonly host: WasiHost;
  #state: 'live' | 'dropped' = 'live';

  constructor(host: WasiHost) {
    host.acquire();
    this.host = host;
  }

  [Symbol.dispose](): void {
    if (this.#state === 'dropped') return;
    this.#state = 'dropped';
    this.host.release();
    this.dropped();
  }

  /** Whether all there is to it is that it is there: then it can be had again after it was dropped. */
  get isTimeless(): boolean {
    return false;
  }

  /** Has it be as it was before the guest dropped it. */
  revive(): void {
    this.#state = 'live';
  }

  /** Lets go of what the resource holds. */
  protected dropped(): void {}
}

/**
 * A resource type of which no instance exists, because every function that makes one answers with an error. Its
 * functions are there so that guests link: a standard library imports much that it never calls.
 */
export function withoutInstances(type: string, methods: readonly string[], statics: readonly string[] = []): object {
  const refuse = (): never => {
    throw trap(
      `The plugin called a function of ${type}, which it cannot have`,
      'The handle did not come from the host.',
    );
  };
  class Unavailable {
    constructor() {
      refuse();
    }
  }
  for (const name of methods) Object.defineProperty(Unavailable.prototype, name, { value: refuse });
  for (const name of statics) Object.defineProperty(Unavailable, name, { value: refuse });
  return Unavailable;
}
