import type { Readable } from 'node:stream';
import { expectTypeOf } from 'expect-type';
import {
  type Batch,
  type BatchRequest,
  type BatchResult,
  type BatchSource,
  type CAPABILITIES,
  type Capability,
  type EngineEvents,
  type EngineOptions,
  type ERROR_CODES,
  type ErrorCode,
  type MetricsSnapshot,
  type PackedRequests,
  type PackedResults,
  PluginEngine,
  PluginError,
  type PluginInfo,
  type PluginResponse,
  type Policy,
  type ProcessManyResult,
  type ProcessOptions,
  type ProcessRequest,
  type ResolvedPolicy,
  resolvePolicy,
  type Sandbox,
  type Versions,
  WitError,
} from '../../src/index.ts';

/**
 * What the compiler has to say of a program that uses the package. Nothing of it runs: `npm run typecheck` is what fails. Each
 * test is a function that is compiled and not called.
 */
const compiles = (_program: (engine: PluginEngine) => unknown): void => {};

describe('the types of an engine', () => {
  it('is made by create, and by nothing else', () => {
    expectTypeOf(PluginEngine.create).parameter(0).exclude<undefined>().toEqualTypeOf<EngineOptions>();
    expectTypeOf(PluginEngine.create).returns.resolves.toEqualTypeOf<PluginEngine>();
    // @ts-expect-error: the constructor is private.
    compiles(() => new PluginEngine());
    // @ts-expect-error: options are read-only.
    compiles(() => ((o: EngineOptions) => (o.threads = 2))({}));
  });

  it('answers what a plugin answered', () => {
    compiles((engine) => {
      expectTypeOf(engine.process('redact', { input: '' })).resolves.toEqualTypeOf<PluginResponse>();
      expectTypeOf<PluginResponse>().toEqualTypeOf<{
        readonly output: string;
        readonly success: boolean;
        readonly errorMessage?: string;
        readonly instructions?: number;
      }>();
      // @ts-expect-error: a request has an input.
      engine.process('redact', {});
      // @ts-expect-error: and an input is text.
      engine.process('redact', { input: 1 });
      // @ts-expect-error: no such option.
      engine.process('redact', { input: '' }, { deadline: 1 });
    });
    expectTypeOf<ProcessRequest['options']>().toExtend<object | undefined>();
    expectTypeOf<ProcessOptions['signal']>().toEqualTypeOf<AbortSignal | undefined>();
  });

  it('answers many as they were asked', () => {
    compiles((engine) => {
      expectTypeOf(engine.processMany('x', [{ input: '' }])).resolves.toEqualTypeOf<ProcessManyResult[]>();
      expectTypeOf(engine.processMany('x', {} as PackedRequests)).resolves.toEqualTypeOf<PackedResults>();
    });
  });

  it('takes records from whatever can be gone through', () => {
    type Source = BatchSource<BatchRequest>;
    expectTypeOf<BatchRequest[]>().toExtend<Source>();
    expectTypeOf<AsyncGenerator<BatchRequest>>().toExtend<Source>();
    expectTypeOf<Readable>().toExtend<Source>();
    compiles((engine) => {
      expectTypeOf(engine.batch([])).toEqualTypeOf<Batch>();
    });
    expectTypeOf<Batch>().toExtend<AsyncIterable<BatchResult>>();
  });

  it('tells each event with what belongs to it', () => {
    compiles((engine) => {
      engine.on('plugin:loaded', (plugin) => expectTypeOf(plugin).toEqualTypeOf<PluginInfo>());
      engine.on('plugin:reload-failed', (name, error) => {
        expectTypeOf(name).toBeString();
        expectTypeOf(error).toEqualTypeOf<PluginError>();
      });
      // @ts-expect-error: no such event.
      engine.on('plugin:exploded', () => {});
    });
    expectTypeOf<EngineEvents['plugin:reloaded']>().toEqualTypeOf<[plugin: PluginInfo, previous: PluginInfo]>();
  });

  it('has what it says of itself', () => {
    compiles((engine) => {
      expectTypeOf(engine.versions('x')).toEqualTypeOf<Versions>();
      expectTypeOf(engine.metrics.snapshot()).toEqualTypeOf<MetricsSnapshot>();
      expectTypeOf(engine.close()).resolves.toBeVoid();
      expectTypeOf(engine[Symbol.asyncDispose]()).resolves.toBeVoid();
    });
  });
});

describe('the types of errors', () => {
  it('have a code that is one of the list', () => {
    expectTypeOf(new PluginError('ERR_TRAP', '').code).toEqualTypeOf<ErrorCode>();
    expectTypeOf<keyof typeof ERROR_CODES & string>().toEqualTypeOf<ErrorCode>();
    // @ts-expect-error: no such code.
    compiles(() => new PluginError('ERR_NOTHING', ''));
    expectTypeOf<PluginError>().toExtend<Error>();
  });

  it('of WIT hold what they are given', () => {
    expectTypeOf(new WitError('full' as const).payload).toEqualTypeOf<'full'>();
  });
});

describe('the types of policies', () => {
  it('leave fields out, and have them all when they are resolved', () => {
    expectTypeOf<Policy>().toExtend<Sandbox>();
    expectTypeOf<'restricted'>().toExtend<Sandbox>();
    expectTypeOf<Record<never, never>>().toExtend<Policy>();
    expectTypeOf(resolvePolicy).returns.toEqualTypeOf<ResolvedPolicy>();
    expectTypeOf<ResolvedPolicy['maxMemoryBytes']>().toBeNumber();
    // @ts-expect-error: no such limit.
    compiles(() => resolvePolicy({ maxMemory: 1 }));
  });

  it('grant what there is', () => {
    expectTypeOf<(typeof CAPABILITIES)[number]>().toEqualTypeOf<Capability>();
    compiles((engine) => {
      engine.capabilities.grant('x', 'fs-read', { directory: '/data' });
      // @ts-expect-error: no such capability.
      engine.capabilities.grant('x', 'fs-execute');
    });
  });
});
