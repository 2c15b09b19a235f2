import { performance } from 'node:perf_hooks';
import type { PluginResponse } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';
import { isError } from '../text/is-error.ts';
import { CHANNELS, type RequestMessage } from './channels.ts';
import type { RequestTimes } from './request-times.ts';
import { currentTracing, RequestSpan } from './tracing.ts';

/** Tells whoever listens of one request: subscribers of the channels, and a tracer. */
export class Observation {
  readonly #message: RequestMessage;
  readonly #span: RequestSpan | undefined;

  constructor(message: RequestMessage, span: RequestSpan | undefined) {
    this.#message = message;
    this.#span = span;
    if (CHANNELS.start.hasSubscribers) CHANNELS.start.publish(message);
  }

  /** It began in a thread; comes before its end. */
  ran(threadId: number, { asked, begun, ended }: RequestTimes): void {
    // A request that is given up while it runs has not ended in its worker.
    const until = ended === 0 ? performance.now() : ended;
    this.#message.queueWaitMs = begun - asked;
    this.#message.durationMs = until - begun;
    quietly(() => this.#span?.ran(threadId, begun, until));
  }

  answered(response: PluginResponse): void {
    quietly(() => this.#span?.answered(response));
    this.#message.response = response;
    if (CHANNELS.end.hasSubscribers) CHANNELS.end.publish(this.#message);
  }

  failed(error: PluginError): void {
    quietly(() => this.#span?.failed(error));
    this.#message.error = error;
    if (CHANNELS.error.hasSubscribers) CHANNELS.error.publish(this.#message);
  }
}

/** Whether anybody listens to single requests, which then have to be told of one by one. */
export function isObserved(): boolean {
  const { start, end, error } = CHANNELS;
  return currentTracing() !== undefined || start.hasSubscribers || end.hasSubscribers || error.hasSubscribers;
}

/** A request as it is observed: the scheduler's job. */
interface ObservedRequest {
  readonly requestId: string;
  readonly lane: { readonly definition: { readonly plugin: string }; readonly version: string };
}

/** Begins to observe a request if anybody listens. */
export function observe(request: ObservedRequest): Observation | undefined {
  if (!isObserved()) return undefined;
  const tracing = currentTracing();
  const { lane, requestId } = request;
  const message: RequestMessage = { plugin: lane.definition.plugin, version: lane.version, requestId };
  return new Observation(message, tracing && quietly(() => new RequestSpan(tracing, message)));
}

/** An SDK's samplers and processors are anybody's code: what they throw must keep no request from settling (invariant 1). */
function quietly<Result>(trace: () => Result): Result | undefined {
  try {
    return trace();
  } catch (error) {
    process.emitWarning(isError(error) ? error : String(error));
    return undefined;
  }
}
