import { currentTracing } from '../observe/tracing.ts';

/** Version 00 of W3C Trace Context; later ones begin the same way. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

/** Runs something in the trace that a header names, where an SDK traces; its spans become children of the caller's. */
export function inTrace<Result>(traceparent: string | string[] | undefined, run: () => Result): Result {
  if (traceparent === undefined) return run();
  const tracing = currentTracing();
  const match = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null;
  if (tracing === undefined || match === null) return run();
  const [, traceId, spanId, flags] = match as unknown as [string, string, string, string];
  const { context, trace } = tracing.api;
  const spanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return context.with(trace.setSpanContext(context.active(), spanContext), run);
}
