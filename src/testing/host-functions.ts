import { registerHooks } from 'node:module';
import type { HostApi } from '../host/host-api.ts';
import { WitError } from '../host/wit-error.ts';

/** What the plugin that runs is given; undefined while none does. */
let serving: HostApi | undefined;

/** Runs something of a plugin's, which finds these functions of its host's meanwhile. */
export function served<Result>(api: HostApi, run: () => Result): Result {
  const before = serving;
  serving = api;
  try {
    return run();
  } finally {
    serving = before;
  }
}

/** Calls the host as a component would: the error of a `result` is thrown as what it is. */
function call<Result>(run: (api: HostApi) => Result): Result {
  if (serving === undefined) {
    throw new Error(
      'The host is there while `FakeHost` runs the plugin: call it from `initialize`, `process` or `shutdown`',
    );
  }
  try {
    return run(serving);
  } catch (error) {
    throw error instanceof WitError ? error.payload : error;
  }
}

/**
 * The functions of `host-api`, for plugins that {@link FakeHost.define} runs. Node's own loader finds them by the name of the
 * interface, once this module is loaded; other loaders have to be told.
 *
 * @example
 * // What a runner with a loader of its own puts in the place of the interface:
 * const { logMessage, getConfig, emitEvent } = hostApi;
 */
export const hostApi: HostApi = {
  logMessage: (level, message) => call((api) => api.logMessage(level, message)),
  getConfig: (key) => call((api) => api.getConfig(key)),
  emitEvent: (type, payload) => call((api) => api.emitEvent(type, payload)),
};

const INTERFACE = /^toolsku:plugin-system\/host-api(@.+)?$/;
const MODULE = 'wasm-plugin-pool-testing:host-api';
const KEY = 'wasm-plugin-pool.testing.host-api';

// As text, and not as a file of the package: it has to be found out of a bundle, too.
Reflect.set(globalThis, Symbol.for(KEY), hostApi);
try {
  registerHooks({
    resolve: (specifier, context, next) =>
      INTERFACE.test(specifier) ? { url: MODULE, format: 'module', shortCircuit: true } : next(specifier, context),
    load: (url, context, next) =>
      url === MODULE
        ? {
            format: 'module',
            shortCircuit: true,
            source: `export const { logMessage, getConfig, emitEvent } = globalThis[Symbol.for('${KEY}')];`,
          }
        : next(url, context),
  });
} catch {
  // A runner with a loader of its own, such as Jest, lets nobody hook into Node's: it has to be told where the interface is, and
  // says so when a plugin imports it. All else of this entry works there.
}
