import type { CallContext, LogLevel } from './call-context.ts';
import { WitError } from './wit-error.ts';

/**
 * The interface `toolsku:plugin-system/host-api`, under the names by which the glue asks for its functions.
 *
 * @example
 * const maskOf = (api: HostApi) => api.getConfig('mask') ?? '*';
 */
export interface HostApi {
  logMessage(level: string, message: string): void;
  getConfig(key: string): string | undefined;
  emitEvent(type: string, payload: string): void;
}

const BUDGET_SPENT = Object.freeze(new WitError('log budget of this call is spent'));

/**
 * The host functions of one instance. They hold nothing but the instance's own configuration, so that there is nothing
 * of another plugin's to be had (invariant 10).
 */
export function createHostApi(config: readonly (readonly [string, string])[], context: CallContext): HostApi {
  // A Map: `__proto__` and `constructor` are keys like any other. Of a key that is given twice the last value counts.
  const values = new Map(config);
  return {
    logMessage(level, message) {
      context.hostCall();
      if (!context.log(isLevel(level) ? level : 'debug', message)) throw BUDGET_SPENT;
    },
    getConfig(key) {
      context.hostCall();
      return values.get(key);
    },
    emitEvent(type, payload) {
      context.hostCall();
      if (!context.event(type, payload)) throw BUDGET_SPENT;
    },
  };
}

/** By comparison: to look a string up that the guest just made, it would have to be hashed first. */
function isLevel(word: string): word is LogLevel {
  switch (word) {
    case 'trace':
    case 'debug':
    case 'info':
    case 'warn':
    case 'error':
      return true;
    default:
      return false;
  }
}
