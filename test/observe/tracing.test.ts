import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { type Context, type ContextManager, context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { currentTracing } from '../../src/observe/tracing.ts';
import { hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

/** Milliseconds of a time as the SDK keeps it. */
const ms = ([seconds, nanoseconds]: readonly [number, number]): number => seconds * 1000 + nanoseconds / 1e6;

/** Carries the context of a caller along its promises, as SDKs for Node do. */
function contexts(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, callback, self, ...args) => storage.run(active, () => callback.apply(self, args)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

describe('tracing', () => {
  const exporter = new InMemorySpanExporter();
  let engine: PluginEngine;

  before(async () => {
    engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('hostile', await hostile(), { sandbox: { cpuTimeLimitMs: 50 } });
    await engine.process('hostile', { input: 'x' });
  });
  beforeEach(() => {
    exporter.reset();
    context.setGlobalContextManager(contexts());
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  });
  // Other tests run without an SDK.
  afterEach(() => {
    trace.disable();
    context.disable();
  });
  after(closeEngines);

  const named = (name: string): ReadableSpan => exporter.getFinishedSpans().find((span) => span.name === name)!;

  it('makes a span of a request under that of its caller, and one of the call in the worker under it', async () => {
    const tracer = trace.getTracer('test');
    await tracer.startActiveSpan('caller', async (span) => {
      await engine.process('hostile', { input: 'burn 10' }, { requestId: 'r-9' });
      span.end();
    });
    const [caller, request, call] = ['caller', 'process hostile', 'call hostile'].map(named);
    expect(request!.parentSpanContext?.spanId).to.equal(caller!.spanContext().spanId);
    expect(call!.parentSpanContext?.spanId).to.equal(request!.spanContext().spanId);
    expect(call!.spanContext().traceId).to.equal(caller!.spanContext().traceId);
    expect(request!.attributes).to.deep.equal({
      'wasm_plugin_pool.plugin': 'hostile',
      'wasm_plugin_pool.version': '1.0.0',
      'wasm_plugin_pool.request_id': 'r-9',
      'wasm_plugin_pool.success': true,
    });
    expect(call!.attributes['thread.id']).to.be.a('number');
    expect(ms(call!.duration)).to.be.greaterThan(5);
    // The call lies within the request; the clocks of two threads are a few microseconds apart at most.
    expect(ms(call!.startTime)).to.be.at.least(ms(request!.startTime) - 0.1);
    expect(ms(call!.endTime)).to.be.at.most(ms(request!.endTime) + 0.1);
  });

  it('marks what failed with its code', async () => {
    for (const [input, code] of [
      ['divide', 'ERR_TRAP'],
      ['spin', 'ERR_CPU_TIME_LIMIT'],
    ] as const) {
      exporter.reset();
      const error = await rejection(engine.process('hostile', { input }));
      const request = named('process hostile');
      expect(error.code).to.equal(code);
      expect(request.attributes['error.type']).to.equal(code);
      expect(request.status).to.deep.equal({ code: SpanStatusCode.ERROR, message: error.message });
      expect(request.events.map(({ name }) => name)).to.deep.equal(['exception']);
      expect(named('call hostile').parentSpanContext?.spanId).to.equal(request.spanContext().spanId);
    }
  });

  it('has no inner span for a request that never began', async () => {
    await rejection(engine.process('hostile', { input: 'x' }, { signal: AbortSignal.abort() }));
    expect(exporter.getFinishedSpans().map(({ name }) => name)).to.deep.equal(['process hostile']);
  });

  it('makes none of what is not sampled', async () => {
    trace.disable();
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler(), spanProcessors }));
    await engine.process('hostile', { input: 'x' });
    expect(exporter.getFinishedSpans()).to.deep.equal([]);
  });

  it('keeps no request from settling when the SDK throws', async () => {
    trace.disable();
    const fail = (): never => {
      throw new Error('a processor that fails');
    };
    for (const part of ['onStart', 'onEnd'] as const) {
      const nothing = async (): Promise<void> => {};
      const processor = { onStart() {}, onEnd() {}, forceFlush: nothing, shutdown: nothing, [part]: fail };
      trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
      const warned = once(process, 'warning');
      expect((await engine.process('hostile', { input: 'x' })).output).to.equal('x');
      expect((await rejection(engine.process('hostile', { input: 'divide' }))).code).to.equal('ERR_TRAP');
      expect(String((await warned)[0])).to.equal('Error: a processor that fails');
      trace.disable();
    }
  });

  it('is not there without an SDK', () => {
    expect(currentTracing()).to.not.equal(undefined);
    trace.disable();
    expect(currentTracing()).to.equal(undefined);
  });
});
