/**
 * For which request a function of the main thread is called.
 *
 * @example
 * const get = async (key: string, { plugin, signal }: HostCallContext) => {
 *   const response = await fetch(`http://127.0.0.1/${plugin}/${key}`, { signal });
 *   return response.text();
 * };
 * engine.provide('acme:store/kv@1.0.0', { get });
 */
export interface HostCallContext {
  /** Aborts when the guest does not wait any more: its request was ended, or its engine is closed. */
  readonly signal: AbortSignal;
  readonly plugin: string;
  readonly version: string;
  /** Undefined while the plugin starts or ends. */
  readonly requestId: string | undefined;
}

/**
 * A function that runs on the main thread while a guest waits for it. It takes the arguments of its type in WIT, then a
 * {@link HostCallContext}, and returns its value or a promise of it.
 *
 * @example
 * const now: MainThreadFunction = () => BigInt(Date.now());
 * engine.provide('acme:time/clock', { now });
 */
// biome-ignore lint/suspicious/noExplicitAny: its types are those of the interface in WIT.
export type MainThreadFunction = (...args: any[]) => unknown;

/**
 * The functions of one interface, in camel case.
 *
 * @example
 * const store = new Map<string, string>();
 * const kv: MainThreadFunctions = {
 *   get: (key: string) => store.get(key),
 *   set: (key: string, value: string) => void store.set(key, value),
 * };
 * engine.provide('acme:store/kv@1.0.0', kv);
 */
export type MainThreadFunctions = Readonly<Record<string, MainThreadFunction>>;

/** The functions that one plugin may call, by the names of the imports. */
export type HostFunctions = ReadonlyMap<string, MainThreadFunctions>;

/** What a worker asks of the main thread, while it waits. */
export interface HostCall {
  /** The name of the import. */
  readonly name: string;
  /** The function's, in camel case. */
  readonly func: string;
  readonly args: readonly unknown[];
}

/** What comes back. */
export type HostReply =
  | { readonly kind: 'returned'; readonly value: unknown }
  /** The `err` of a `result`. */
  | { readonly kind: 'err'; readonly payload: unknown }
  /** It threw something else; what, in words, for the host alone. */
  | { readonly kind: 'failed'; readonly cause: string };
