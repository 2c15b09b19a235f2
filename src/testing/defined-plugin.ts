import { Buffer } from 'node:buffer';
import { outputLimit } from '../canonical-abi/glue.ts';
import { toText } from '../contract/text-of-bytes.ts';
import type { PluginResponse, RequestOptions, Utterance } from '../contract/values.ts';
import { describe, PluginError } from '../errors.ts';
import {
  type BatchPluginApi,
  type BatchPluginDefinition,
  type BytesPluginApi,
  type BytesPluginDefinition,
  defineBatchPlugin,
  defineBytesPlugin,
  definePlugin,
  type PluginAnswer,
  type PluginApi,
  type PluginDefinition,
} from '../guest/define-plugin.ts';
import { CallContext } from '../host/call-context.ts';
import { createHostApi, type HostApi } from '../host/host-api.ts';
import type { ResolvedPolicy } from '../host/policy/policy.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { served } from './host-functions.ts';

/**
 * A plugin in JavaScript that is no component yet: what its author gives `definePlugin` (or `defineBytesPlugin`,
 * `defineBatchPlugin`), or what that returned.
 *
 * @example
 * const shout: UnbuiltPlugin = {
 *   name: 'shout',
 *   version: '1.0.0',
 *   description: 'Shouts',
 *   process: ({ input }) => input.toUpperCase(),
 * };
 */
export type UnbuiltPlugin =
  | PluginDefinition
  | BytesPluginDefinition
  | BatchPluginDefinition
  | PluginApi
  | BytesPluginApi
  | BatchPluginApi;

type Api = PluginApi | BytesPluginApi | BatchPluginApi;

/**
 * Runs such a plugin where it is, between the host functions and the budgets of a real host. As there, an instance begins
 * with `initialize`, and is gone after an error; but the variables of the plugin's module live on.
 */
export class DefinedPlugin {
  readonly version: string;
  readonly #api: Api;
  readonly #policy: ResolvedPolicy;
  readonly #config: RequestOptions;
  readonly #context: CallContext;
  readonly #hostApi: HostApi;
  #instance: 'none' | 'ready' = 'none';

  constructor(plugin: UnbuiltPlugin, policy: ResolvedPolicy, config: RequestOptions, say: (said: Utterance) => void) {
    this.#api = apiOf(plugin);
    this.#policy = policy;
    this.#config = config;
    this.#context = new CallContext(policy, (said) => {
      say(said);
      return true;
    });
    this.#hostApi = createHostApi(config, this.#context);
    this.version = this.#api.getMetadata().version;
  }

  /** @throws {PluginError} `ERR_INITIALIZE_FAILED`. */
  initialize(): void {
    let refusal: string | undefined;
    try {
      refusal = this.#refusalOf(() => this.#api.initialize(pairs(this.#config)));
    } catch (error) {
      const { message, hint, limit } = error as PluginError;
      throw new PluginError('ERR_INITIALIZE_FAILED', `The plugin failed during initialize: ${message}`, {
        hint,
        limit,
        cause: error,
      });
    }
    if (refusal !== undefined) {
      throw new PluginError('ERR_INITIALIZE_FAILED', `The plugin refused to start: ${cleanLogLine(refusal)}`, {
        hint: 'Check the `config` that the plugin is loaded with.',
      });
    }
    this.#instance = 'ready';
  }

  /** @throws {PluginError} what a request to the component would end with. */
  process(input: string, options: RequestOptions): PluginResponse {
    if (this.#instance === 'none') this.initialize();
    // What ends a call ends the instance (invariant 7).
    this.#instance = 'none';
    const response = this.#answer(input, options);
    const bytes = Buffer.byteLength(response.output) + Buffer.byteLength(response.errorMessage ?? '');
    if (bytes > this.#policy.maxOutputBytes) throw outputLimit(bytes, this.#policy.maxOutputBytes);
    this.#instance = 'ready';
    return response;
  }

  /** @returns Why it could not. */
  shutdown(): string | undefined {
    if (this.#instance === 'none') return undefined;
    this.#instance = 'none';
    try {
      return this.#refusalOf(() => this.#api.shutdown());
    } catch (error) {
      return describe(error);
    }
  }

  #answer(input: string, options: RequestOptions): PluginResponse {
    const api = this.#api;
    const request = { input, options: pairs(options) };
    if ('process' in api) return checked(this.#run(() => api.process(request)));
    if ('processBatch' in api) {
      const answers = this.#run(() => api.processBatch([request]));
      if (answers.length === 1) return checked(answers[0]);
      throw new PluginError('ERR_INVALID_RESPONSE', `The plugin gave ${answers.length} responses to 1 request`, {
        hint: 'Return one response for each request, in their order.',
      });
    }
    let output: unknown;
    const refusal = this.#refusalOf(() => {
      output = api.processBytes(new Uint8Array(Buffer.from(input)), request.options);
    });
    if (refusal !== undefined) return { output: '', success: false, errorMessage: refusal };
    if (!(output instanceof Uint8Array)) throw notOfContract('`processBytes` returns a Uint8Array', output);
    return { output: toText(output), success: true };
  }

  /** Runs what returns a `result<_, string>`: a string that is thrown is its error. */
  #refusalOf(run: () => void): string | undefined {
    return this.#run(() => {
      try {
        run();
        return undefined;
      } catch (error) {
        if (typeof error === 'string') return error.toWellFormed();
        throw error;
      }
    });
  }

  /** @throws {PluginError} `ERR_TRAP` for whatever the plugin throws, `ERR_HOST_CALL_LIMIT` also where it catches that. */
  #run<Result>(run: () => Result): Result {
    this.#context.begin();
    let result: Result;
    try {
      result = served(this.#hostApi, run);
    } catch (error) {
      throw error instanceof PluginError ? error : uncaught(error);
    }
    if (this.#context.hostCalls > this.#policy.maxHostCalls) this.#context.hostCall();
    return result;
  }
}

function apiOf(plugin: UnbuiltPlugin): Api {
  if ('getMetadata' in plugin) return plugin;
  if ('process' in plugin) return definePlugin(plugin);
  return 'processBytes' in plugin ? defineBytesPlugin(plugin) : defineBatchPlugin(plugin);
}

/** A component gets copies, and may do with them what it likes. */
function pairs(given: RequestOptions): [string, string][] {
  return given.map(([key, value]) => [key, value]);
}

function checked(answer: PluginAnswer | undefined): PluginResponse {
  if (typeof answer !== 'object' || answer === null || answer instanceof Promise)
    throw notOfContract('it is a string or an object', answer);
  const { output, success, errorMessage } = answer;
  if (typeof output !== 'string') throw notOfContract('`output` is a string', output);
  if (typeof success !== 'boolean') throw notOfContract('`success` is a boolean', success);
  if (errorMessage === undefined) return { output: output.toWellFormed(), success };
  if (typeof errorMessage !== 'string') throw notOfContract('`errorMessage` is a string or undefined', errorMessage);
  return { output: output.toWellFormed(), success, errorMessage: errorMessage.toWellFormed() };
}

function notOfContract(rule: string, got: unknown): PluginError {
  const what = got instanceof Promise ? 'a promise' : got === null ? 'null' : typeof got;
  return new PluginError('ERR_TRAP', `The plugin's answer does not fit the contract: ${rule}, and it gave ${what}`, {
    trap: 'uncaught-exception',
    hint: 'A plugin answers before it returns: nothing in it can be awaited.',
  });
}

function uncaught(error: unknown): PluginError {
  return new PluginError('ERR_TRAP', `The plugin trapped: ${describe(error)}`, {
    trap: 'uncaught-exception',
    hint: 'Throw a `Refusal` for what is no bug; anything else ends the instance.',
    cause: error,
  });
}
