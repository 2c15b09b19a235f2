import type { ProcessOptions } from '../request/process-options.ts';
import type { SessionObject } from './session-object.ts';

/**
 * One instance of a plugin for one caller, with the resources that it has made for them. Everything that holds for requests
 * holds for each call in it; a call that ends otherwise than by a return ends the session with its instance.
 *
 * @example
 * const session = await engine.session('shop');
 * const cart = await session.call('acme:app/carts#[constructor]cart', ['ada']);
 * await session.call('acme:app/carts#[method]cart.add', [cart, 'tea']);
 * await session.close();
 */
export interface PluginSession extends AsyncDisposable, Disposable {
  /** The name of the plugin. */
  readonly plugin: string;
  /** The version that it is on. */
  readonly version: string;
  /** `ended` when it was closed, its time was over, or its instance is gone. */
  readonly state: 'open' | 'ended';
  /** Resources that the caller has not let go of. */
  readonly resources: number;
  /**
   * Calls a function that the plugin exports, as `engine.call` does, and those that pass resources: constructors (`[constructor]cart`),
   * methods (`[method]cart.add`, which take the resource first), statics (`[static]cart.merge`).
   *
   * @returns What it returned. A resource is an object with its methods, to be passed to calls in this session.
   * @throws {PluginError} as `engine.call`; `ERR_SESSION_ENDED`; `ERR_INVALID_ARGUMENT` for arguments that do not fit, which the
   * plugin does not see, so that the session goes on.
   */
  call(path: string, args: readonly unknown[], options?: Omit<ProcessOptions, 'version'>): Promise<unknown>;
  /** What the plugin exports as an object; see {@link SessionObject}. */
  exports<Exports>(): SessionObject<Exports>;
  /**
   * Drops a resource, which runs its destructor; `resource[Symbol.asyncDispose]()` does the same, and `[Symbol.dispose]()` without
   * waiting.
   *
   * @throws {PluginError} as {@link call}.
   */
  drop(resource: object): Promise<void>;
  /** Ends it when the calls that run are done; what is called later is refused. Resolves when its instance is gone. */
  close(): Promise<void>;
}
