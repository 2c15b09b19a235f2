import { availableParallelism, totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { invalidArgument, knownKeys, MAX_TIMER_MS, oneOf, wholeNumber } from '../arguments/arguments.ts';
import { type ArtifactCompilerOptions, COMPONENT_CACHE_BYTES } from '../artifact/compiler.ts';
import { type IsolationOptions, type ResolvedIsolation, resolveIsolation } from '../isolation/options.ts';
import type { SchedulerOptions } from '../scheduler/scheduler-options.ts';
import { resolveVerify, type VerifyOptions } from '../signature/verify-options.ts';

/**
 * How an engine is made.
 *
 * @example
 * const options: EngineOptions = { threads: 4, queueLimit: 1000, whenFull: 'wait' };
 * const engine = await PluginEngine.create(options);
 */
export interface EngineOptions {
  /** Worker threads that one plugin can keep busy at once. @default the number of processors */
  readonly threads?: number;
  /**
   * Worker threads in all, for plugins whose requests run long beside others. At least one more than `threads`, which
   * is kept warm to replace one that is terminated. @default threads + 6
   */
  readonly maxThreads?: number;
  /**
   * Bytes of guest memory over all instances: an instance that does not fit waits until others are done or dropped.
   * @default half of what the process may use
   */
  readonly maxTotalMemoryBytes?: number;
  /** Requests that have not begun, over all plugins. @default 10_000 */
  readonly queueLimit?: number;
  /** The same for each plugin, so that one cannot fill the queue for all. @default queueLimit */
  readonly pluginQueueLimit?: number;
  /**
   * Bytes that requests and answers may take together: requests until they are answered, answers of 16 KiB and more
   * until nobody has the object that `process` gave. Texts count two bytes for each UTF-16 code unit. What does not fit
   * fails with `ERR_OUTSTANDING_BYTES`. @default 1 GiB, or a quarter of V8's heap limit if that is less
   */
  readonly maxOutstandingBytes?: number;
  /**
   * What `process` does while there is no room: reject with `ERR_QUEUE_FULL` or `ERR_OUTSTANDING_BYTES`, or wait for it.
   * @default 'reject'
   */
  readonly whenFull?: 'reject' | 'wait';
  /** Whether workers count what `engine.metrics` shows, for a few percent of their time at most. @default 'on' */
  readonly metrics?: 'on' | 'off';
  /**
   * What runs the plugins: the engine's own binding wherever it can, or jco's glue in any case, to tell a fault of the
   * one from a fault of the plugin. The glue is slower, and holds less of what a hostile plugin tries; see
   * `docs/security.md`. @default 'auto'
   */
  readonly binding?: 'auto' | 'glue';
  /** Where compiled plugins are kept between runs; `false` keeps none. @default the user's cache directory */
  readonly cacheDirectory?: string | false;
  /**
   * Whether components are counted before they are compiled, and what could still take V8 too much is compiled in a
   * process of its own first. `trusted` leaves out the latter, which real programs of tens of megabytes may not pass: for
   * components whose makers you trust. `unbounded` compiles whatever comes: for a process that may end of it, see
   * `isolation`. @default 'vetted'
   */
  readonly compile?: 'vetted' | 'trusted' | 'unbounded';
  /** Milliseconds of CPU time that compiling one component may take. @default 60_000 */
  readonly compileTimeoutMs?: number;
  /**
   * Bytes of compiled components that are kept in memory, so that loading one again takes no compilation; 0 keeps none.
   * Wasm bytes and glue are counted, machine code is not. @default 67_108_864
   */
  readonly componentCacheBytes?: number;
  /**
   * Milliseconds for which a version that was replaced or rolled back stays ready, so that `rollback()` takes effect
   * with the next request; 0 keeps none. @default 300_000
   */
  readonly keepWarmMs?: number;
  /**
   * Sessions that may be open at once; see `engine.session`. Their instances may not take more than half of
   * `maxTotalMemoryBytes` either. @default 64
   */
  readonly maxSessions?: number;
  /** The same for each plugin. @default 16 */
  readonly maxSessionsPerPlugin?: number;
  /**
   * Where plugins run: in threads of this process, or in a process of their own, which a bug of V8 or memory that it runs
   * out of may end without this one; or in several, by the groups of {@link IsolationOptions}. See `docs/security.md`.
   * @default 'none'
   */
  readonly isolation?: 'none' | 'process' | IsolationOptions;
  /**
   * Which names have a policy before they are given one: none, or those that the source design predefines, where a plugin
   * that is loaded as `trusted-plugin` gets what `standard` grants, and `untrusted-plugin` is `restricted`.
   * @default 'none'
   */
  readonly policies?: 'none' | 'source-design';
  /**
   * By whom every component has to be signed that is loaded without a `verify` of its own. @default nobody
   */
  readonly verify?: VerifyOptions;
  /**
   * Where the package `wasm-plugin-pool` lies, for a program that was put together by a bundler: threads run files of the
   * package. Holds for the whole process. See `docs/bundlers.md`. @default where the program would find it
   */
  readonly packageDirectory?: string | URL;
}

const KEYS = [
  'threads',
  'maxThreads',
  'maxTotalMemoryBytes',
  'queueLimit',
  'pluginQueueLimit',
  'maxOutstandingBytes',
  'whenFull',
  'metrics',
  'binding',
  'cacheDirectory',
  'compile',
  'compileTimeoutMs',
  'componentCacheBytes',
  'keepWarmMs',
  'maxSessions',
  'maxSessionsPerPlugin',
  'isolation',
  'policies',
  'verify',
  'packageDirectory',
] as const satisfies readonly (keyof EngineOptions)[];

const MAX_THREADS = 1024;
const SPARE_THREADS = 6;
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/** {@link EngineOptions}, for the parts of the engine. */
export interface ResolvedOptions extends SchedulerOptions, ArtifactCompilerOptions {
  readonly keepWarmMs: number;
  readonly maxSessions: number;
  readonly maxSessionsPerPlugin: number;
  readonly isolation: ResolvedIsolation | undefined;
  readonly policies: NonNullable<EngineOptions['policies']>;
  readonly verify: VerifyOptions | undefined;
  readonly packageDirectory: string | URL | undefined;
}

/** Checks the options and fills in what they leave out. */
export function resolveOptions(options: EngineOptions): ResolvedOptions {
  knownKeys('options', options, KEYS);
  const threads = wholeNumber('threads', options.threads, {
    min: 1,
    max: MAX_THREADS,
    default: availableParallelism(),
  });
  const queueLimit = wholeNumber('queueLimit', options.queueLimit, { min: 1, max: UNBOUNDED, default: 10_000 });
  const { cacheDirectory, compileTimeoutMs } = options;
  const maxTotalMemoryBytes = wholeNumber('maxTotalMemoryBytes', options.maxTotalMemoryBytes, {
    min: 64 * 1024,
    max: UNBOUNDED,
    default: Math.floor(processMemory() / 2),
  });
  return Object.freeze({
    threads,
    maxThreads: wholeNumber('maxThreads', options.maxThreads, {
      min: threads + 1,
      max: MAX_THREADS + SPARE_THREADS,
      default: threads + SPARE_THREADS,
    }),
    maxTotalMemoryBytes,
    maxSessions: wholeNumber('maxSessions', options.maxSessions, { min: 0, max: UNBOUNDED, default: 64 }),
    maxSessionsPerPlugin: wholeNumber('maxSessionsPerPlugin', options.maxSessionsPerPlugin, {
      min: 0,
      max: UNBOUNDED,
      default: 16,
    }),
    isolation: resolveIsolation(options.isolation, maxTotalMemoryBytes),
    queueLimit,
    pluginQueueLimit: wholeNumber('pluginQueueLimit', options.pluginQueueLimit, {
      min: 1,
      max: UNBOUNDED,
      default: queueLimit,
    }),
    maxOutstandingBytes: wholeNumber('maxOutstandingBytes', options.maxOutstandingBytes, {
      min: 1024 * 1024,
      max: UNBOUNDED,
      default: Math.min(1024 * 1024 * 1024, Math.floor(getHeapStatistics().heap_size_limit / 4)),
    }),
    whenFull: oneOf('whenFull', options.whenFull, ['reject', 'wait'], 'reject'),
    metrics: oneOf('metrics', options.metrics, ['on', 'off'], 'on'),
    componentCacheBytes: wholeNumber('componentCacheBytes', options.componentCacheBytes, {
      min: 0,
      max: UNBOUNDED,
      default: COMPONENT_CACHE_BYTES,
    }),
    compile: oneOf('compile', options.compile, ['vetted', 'trusted', 'unbounded'], 'vetted'),
    binding: oneOf('binding', options.binding, ['auto', 'glue'], 'auto'),
    keepWarmMs: wholeNumber('keepWarmMs', options.keepWarmMs, { min: 0, max: MAX_TIMER_MS, default: 300_000 }),
    packageDirectory: checkPackageDirectory(options.packageDirectory),
    policies: oneOf('policies', options.policies, ['none', 'source-design'], 'none'),
    verify: checkVerify(options.verify),
    ...(cacheDirectory !== undefined && { cacheDirectory }),
    ...(compileTimeoutMs !== undefined && { compileTimeoutMs }),
  });
}

/** Kept as it is given, as loads give it. @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
function checkVerify(verify: VerifyOptions | undefined): VerifyOptions | undefined {
  return resolveVerify(verify) && verify;
}

function checkPackageDirectory(value: unknown): string | URL | undefined {
  if (value === undefined || (value instanceof URL && value.protocol === 'file:')) return value;
  if (typeof value === 'string' && value !== '') return value;
  throw invalidArgument('packageDirectory', 'a path or a `file:` URL', value);
}

/** Bytes that the process may use: those of the machine, or of the container that it runs in. */
function processMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
