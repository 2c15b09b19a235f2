import type { PluginResponse, RequestOptions, Utterance } from '../contract/values.ts';
import type { PluginEvent, PluginLog } from '../engine/events.ts';
import { PluginError } from '../errors.ts';
import type { ResolvedPolicy } from '../host/policy/policy.ts';
import { SHUTDOWN_FAILED } from '../pool/protocol.ts';
import { type ProcessRequest, resolveInput, resolveRequestOptions } from '../request/request.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { DefinedPlugin, type UnbuiltPlugin } from './defined-plugin.ts';
import { NAME, type Runner } from './runner.ts';

/** Runs a plugin that is no component, and takes down what it says as an engine would tell of it. */
export class InProcess implements Runner {
  readonly logs: PluginLog[] = [];
  readonly events: PluginEvent[] = [];
  readonly #plugin: DefinedPlugin;
  #requests = 0;
  #requestId: string | undefined;
  #isClosed = false;

  /** @throws {PluginError} `ERR_INITIALIZE_FAILED`. */
  constructor(plugin: UnbuiltPlugin, policy: ResolvedPolicy, config: RequestOptions) {
    this.#plugin = new DefinedPlugin(plugin, policy, config, (said) => this.#hear(said));
    this.#plugin.initialize();
  }

  async process(input: string, options: ProcessRequest['options']): Promise<PluginResponse> {
    if (this.#isClosed) throw new PluginError('ERR_ENGINE_CLOSED', 'The engine is closed');
    const text = resolveInput({ input });
    const pairs = resolveRequestOptions(options);
    this.#requestId = `r-${++this.#requests}`;
    try {
      return this.#plugin.process(text, pairs);
    } catch (error) {
      const { version } = this.#plugin;
      throw (error as PluginError).with({ plugin: NAME, version, requestId: this.#requestId, began: true });
    } finally {
      this.#requestId = undefined;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const refusal = this.#plugin.shutdown();
    if (refusal === undefined) return;
    this.#hear({ kind: 'log', level: 'warn', message: cleanLogLine(`${SHUTDOWN_FAILED}${refusal}`) });
  }

  #hear(said: Utterance): void {
    const from = { plugin: NAME, version: this.#plugin.version, requestId: this.#requestId };
    if (said.kind === 'log') this.logs.push({ ...from, level: said.level, message: said.message });
    else if (said.kind === 'event') this.events.push({ ...from, type: said.type, payload: said.payload });
  }
}
