import { performance } from 'node:perf_hooks';
import type * as OpenTelemetry from '@opentelemetry/api';
import type { Span, Tracer, TracerProvider } from '@opentelemetry/api';
import type { PluginResponse } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';
import { requireDependency } from '../package/root.ts';
import type { RequestMessage } from './channels.ts';

type Api = typeof OpenTelemetry;

/**
 * Where every copy of version 1 of `@opentelemetry/api` keeps what an SDK has registered, so that copies share it. Looking
 * there is all that tracing costs without an SDK: the API itself, some 60 files, is loaded when there is one.
 */
const GLOBAL = Symbol.for('opentelemetry.js.api.1');

/** The name of the instrumentation scope. */
const SCOPE = 'wasm-plugin-pool';

/** The API and the tracer of an SDK. */
export interface Tracing {
  readonly api: Api;
  readonly provider: TracerProvider;
  readonly tracer: Tracer;
}

let current: Tracing | undefined;

/** What traces in this process, if an SDK has registered a provider of tracers. */
export function currentTracing(): Tracing | undefined {
  const provider = (globalThis as { [GLOBAL]?: { trace?: TracerProvider } })[GLOBAL]?.trace;
  if (provider === undefined) return undefined;
  if (current?.provider !== provider) {
    const api = current?.api ?? requireDependency<Api>('@opentelemetry/api');
    current = { api, provider, tracer: api.trace.getTracer(SCOPE) };
  }
  return current;
}

/**
 * The span of one request, from `process()` to its end, and within it that of the call in the worker. Workers know of no
 * tracer: they note times, of which the main thread makes the inner span.
 */
export class RequestSpan {
  readonly #tracing: Tracing;
  readonly #span: Span;
  readonly #plugin: string;
  /** The same moment on two clocks: spans want the wall clock, workers note the monotonic one. */
  readonly #wallClock = Date.now();
  readonly #clock = performance.now();

  /** Begins the span as a child of the caller's. */
  constructor(tracing: Tracing, { plugin, version, requestId }: RequestMessage) {
    this.#tracing = tracing;
    this.#plugin = plugin;
    this.#span = tracing.tracer.startSpan(`process ${plugin}`, {
      startTime: this.#wallClock,
      attributes: {
        'wasm_plugin_pool.plugin': plugin,
        'wasm_plugin_pool.version': version,
        'wasm_plugin_pool.request_id': requestId,
      },
    });
  }

  /** The worker took the call up and is done with it, on the clock of `performance.now()`. */
  ran(threadId: number, begun: number, ended: number): void {
    if (!this.#span.isRecording()) return;
    const { api, tracer } = this.#tracing;
    // Not the active context, which is by now that of whatever came in from the worker.
    const parent = api.trace.setSpan(api.ROOT_CONTEXT, this.#span);
    const options = { startTime: this.#wall(begun), attributes: { 'thread.id': threadId } };
    tracer.startSpan(`call ${this.#plugin}`, options, parent).end(this.#wall(ended));
  }

  answered({ success }: PluginResponse): void {
    this.#span.setAttribute('wasm_plugin_pool.success', success);
    this.#span.end(this.#wall(performance.now()));
  }

  failed(error: PluginError): void {
    this.#span.setAttribute('error.type', error.code);
    this.#span.recordException(error);
    this.#span.setStatus({ code: this.#tracing.api.SpanStatusCode.ERROR, message: error.message });
    this.#span.end(this.#wall(performance.now()));
  }

  #wall(time: number): number {
    return this.#wallClock + (time - this.#clock);
  }
}
