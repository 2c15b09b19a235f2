import { describe, PluginError } from '../errors.ts';

/** Gives a call up when its caller does, or when what the caller gave for its streams has failed. */
export class GivenUp {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  #failure: { readonly what: string; readonly error: unknown } | undefined;

  /** @param signals The caller's own. */
  constructor(...signals: readonly (AbortSignal | undefined)[]) {
    const given = signals.filter((signal) => signal instanceof AbortSignal);
    this.signal = given.length === 0 ? this.#controller.signal : AbortSignal.any([...given, this.#controller.signal]);
  }

  because(what: string, error: unknown): void {
    this.#failure ??= { what, error };
    this.#controller.abort(error);
  }

  /** An error of the call as it is, unless this was why. */
  explain(error: unknown): unknown {
    if (this.#failure === undefined || !(error instanceof PluginError) || error.code !== 'ERR_ABORTED') return error;
    const { what, error: cause } = this.#failure;
    const { plugin, version, requestId } = error;
    const message = `The call was given up, because ${what} failed: ${describe(cause)}`;
    return new PluginError('ERR_ABORTED', message, { cause, plugin, version, requestId });
  }
}
