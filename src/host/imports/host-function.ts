import { Later } from '../../clock/later.ts';
import { PluginError } from '../../errors.ts';
import type { CallContext } from '../call-context.ts';

type HostFunction = (...values: unknown[]) => unknown;

/** A function of the embedder's, as a guest may call it. */
export interface GuardedFunction {
  readonly call: HostFunction;
  /** What an error is that comes of passing what it returned on to the guest; `where` says what does not fit. */
  readonly misfit: (error: unknown, where: string | undefined) => unknown;
  /** Hears how many bytes of lists and strings passed, one way or the other. */
  readonly passed: (bytes: number) => void;
}

/**
 * Counts the calls of a host function, and makes `ERR_HOST_FUNCTION` of what goes wrong in it. What it threw is the cause,
 * for the host alone: its message may tell a plugin's caller what is none of his business (invariants 17 and 20).
 *
 * @param name Of the function, as the component imports it.
 * @param fallible Whether its type is a `result`, so that it can throw an `err`: an object with the own property `payload`.
 */
export function guardHostFunction(
  name: string,
  func: HostFunction,
  fallible: boolean,
  context: Pick<CallContext, 'hostCall' | 'hostCallBytes'>,
): GuardedFunction {
  const thrown = (error: unknown): never => {
    if (fallible && typeof error === 'object' && error !== null && Object.hasOwn(error, 'payload')) throw error;
    throw failed(name, 'threw', THROWN, error);
  };
  return {
    call: (...values) => {
      context.hostCall();
      let returned: unknown;
      try {
        returned = func(...values);
      } catch (error) {
        return thrown(error);
      }
      if (returned instanceof Later) return returned.map((value) => value, thrown);
      if (typeof (returned as Partial<PromiseLike<unknown>> | undefined)?.then === 'function') {
        throw failed(
          name,
          'returned a promise',
          'A function of a module runs beside the guest, and has to be done when it returns.',
        );
      }
      return returned;
    },
    misfit(error, where) {
      const isOfValue = (error instanceof TypeError || error instanceof SyntaxError) && !(error instanceof PluginError);
      if (!isOfValue) return error;
      const what = `returned what does not fit its type${where === undefined ? '' : `: ${where}`}`;
      return failed(name, what, RETURNED, error);
    },
    passed: (bytes) => context.hostCallBytes(bytes),
  };
}

const THROWN = 'Look at the `cause`. To answer with the `err` of a `result`, throw `new WitError(payload)`.';
const RETURNED = 'Look at the `cause`, and at the types that `wasm-plugin-pool inspect` shows.';

/** A host function that does not do what its type says. */
function failed(name: string, what: string, hint: string, cause?: unknown): PluginError {
  return new PluginError('ERR_HOST_FUNCTION', `The host function ${name} ${what}`, { hint, cause });
}
