import { createRequire } from 'node:module';
import type * as OpenTelemetry from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import type { PluginError } from '../errors.ts';
import type { PluginResponse } from '../protocol.ts';
import type { RequestMessage } from './channels.ts';

type Api = typeof OpenTelemetry;

/**
 * Where every copy of version 1 of `@opentelemetry/api` keeps what an SDK has registered, so that copies share it. Looking
 * there is all that tracing costs without an SDK: the API itself, some 60 files, is loaded when there is one.
 */
const GLOBAL = Symbol.for('opentelemetry.js.api.1');

/** The name of the instrumentation scope. */
const SCOPE = 'wasm-plugin-pool';

let loaded: Api | undefined;

/** The API, if an SDK has registered a provider of tracers in this process. */
export function tracingApi(): Api | undefined {
  if ((globalThis as { [GLOBAL]?: { trace?: object } })[GLOBAL]?.trace === undefined) return undefined;
  loaded ??= createRequire(import.meta.url)('@opentelemetry/api') as Api;
  return loaded;
}

/**
 * The span of one request, from `process()` to its end, and within it that of the call in the worker. Workers know of no
 * tracer: they note times, of which the main thread makes the inner span.
 */
export class RequestSpan {
  readonly #api: Api;
  readonly #span: Span;
  readonly #plugin: string;
  /** The same moment on two clocks: spans want the wall clock, workers note the monotonic one. */
  readonly #wallClock = Date.now();
  readonly #clock = performance.now();

  /** Begins the span as a child of the caller's. */
  constructor(api: Api, { plugin, version, requestId }: RequestMessage) {
    this.#api = api;
    this.#plugin = plugin;
    this.#span = api.trace.getTracer(SCOPE).startSpan(`process ${plugin}`, {
      kind: api.SpanKind.INTERNAL,
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
    const { trace, context } = this.#api;
    trace
      .getTracer(SCOPE)
      .startSpan(
        `call ${this.#plugin}`,
        { startTime: this.#wall(begun), attributes: { 'thread.id': threadId } },
        trace.setSpan(context.active(), this.#span),
      )
      .end(this.#wall(ended));
  }

  answered({ success }: PluginResponse): void {
    this.#span.setAttribute('wasm_plugin_pool.success', success);
    this.#span.end(this.#wall(performance.now()));
  }

  failed(error: PluginError): void {
    this.#span.setAttribute('error.type', error.code);
    this.#span.recordException(error);
    this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: error.message });
    this.#span.end(this.#wall(performance.now()));
  }

  #wall(time: number): number {
    return this.#wallClock + (time - this.#clock);
  }
}
