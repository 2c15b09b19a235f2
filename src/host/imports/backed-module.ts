import type { MainThreadFunctions } from './main-thread.ts';

/**
 * A module of the host's that each worker loads, as those that `imports` names by their URLs, and functions of the main
 * thread that it may ask: its factory gets `ask`. So an interface can have resources, which only modules supply, and keep
 * what all workers share where the rest of the program is.
 *
 * @example
 * const counts = new Map<string, number>();
 * const counter = new BackedModule(new URL('./counter.js', import.meta.url), {
 *   next: (name: string) => {
 *     const next = (counts.get(name) ?? 0) + 1;
 *     counts.set(name, next);
 *     return next;
 *   },
 * });
 * engine.provide('acme:count/counter', counter);
 */
export class BackedModule {
  /** A `file:` URL. */
  readonly module: URL;
  /** By the names that `ask` takes. */
  readonly functions: MainThreadFunctions;

  constructor(module: URL, functions: MainThreadFunctions) {
    this.module = module;
    this.functions = functions;
  }
}
