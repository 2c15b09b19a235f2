import { EventEmitter } from 'eventemitter3';
import { invalidArgument, knownKeys, nonEmptyString } from './arguments/arguments.ts';
import type { PluginSource } from './artifact/source.ts';
import { type Batch, runBatch } from './batch/batch.ts';
import type { FileBatchOptions } from './batch/file/options.ts';
import type { BatchSummary } from './batch/file/tally.ts';
import type { BatchOptions, BatchRequest } from './batch/options.ts';
import type { BatchSource } from './batch/source.ts';
import type { Submit } from './batch/submit.ts';
import type { PluginResponse, Utterance } from './contract/values.ts';
import { assertThreads } from './engine/environment.ts';
import type { EngineEvents } from './engine/events.ts';
import { publishLoad } from './engine/load-channel.ts';
import { type EngineOptions, type ResolvedOptions, resolveOptions } from './engine/options.ts';
import { heedProcessLimits } from './engine/process-limits.ts';
import { type ManyTarget, processMany, processPacked } from './engine/process-many.ts';
import { PluginError } from './errors.ts';
import { type HealthCheckOptions, type PluginHealth, resolveHealthCheck } from './health/health-check.ts';
import type { QuarantinedInput } from './health/quarantine.ts';
import { CapabilityManager, type GrantChange } from './host/policy/capabilities.ts';
import { loadExecutor, type OpenExecutor } from './isolation/open-executor.ts';
import { Metrics } from './observe/metrics.ts';
import { isObserved } from './observe/observation.ts';
import type { ThreadCounts } from './observe/snapshot.ts';
import { BLOCK_INPUT_BYTES } from './pool/block-area.ts';
import type { Executor, ProcessStatus, Scheduling } from './registry/executor.ts';
import { checkLoadOptions } from './registry/load-options.ts';
import type { Plugin } from './registry/plugin.ts';
import type { PluginDetails, PluginInfo } from './registry/plugin-info.ts';
import type { LoadOptions, PluginVersion } from './registry/plugin-version.ts';
import { Registry, type UnloadOptions } from './registry/registry.ts';
import { Versions } from './registry/versions.ts';
import { type ArgumentsOf, type FunctionsOf, prepareCall, type ReturnOf } from './request/function-call.ts';
import {
  checkManyOptions,
  checkPacked,
  type PackedRequests,
  type PackedResults,
  type ProcessManyOptions,
  type ProcessManyResult,
} from './request/many.ts';
import type { ProcessOptions } from './request/process-options.ts';
import { checkProcessOptions, type ProcessRequest, resolveInput, resolveRequestOptions } from './request/request.ts';
import type { Lane } from './scheduler/lane.ts';
import { isError } from './text/is-error.ts';
import type { Watcher, WatchOptions } from './watch/watcher.ts';

/** How an engine is closed. */
export interface CloseOptions {
  /**
   * Fail what is queued and running with `ERR_ENGINE_CLOSED` instead of finishing it first, and end instances without
   * their `shutdown`. Also hurries a `close()` that is under way. @default false
   */
  readonly force?: boolean;
}

/** What `engine.status()` shows. */
export interface EngineStatus {
  /** Requests that have not begun. */
  readonly queued: number;
  /**
   * All worker threads that exist, by what they are doing: `ending` were told to end, `stuck` have not ended within 2 s
   * and keep their place among `maxThreads` until they do.
   */
  readonly threads: Readonly<ThreadCounts>;
  readonly plugins: number;
  /** With the option `isolation`: the processes that run plugins. */
  readonly processes?: readonly ProcessStatus[];
}

const NO_CALL_OPTIONS: ProcessOptions = Object.freeze({});

/**
 * Runs plugins: WebAssembly components in worker threads, within limits, with no capability that was not granted.
 *
 * Every method rejects or throws with a {@link PluginError}. An engine does not keep the process alive by itself, but
 * what it is asked to do does.
 */
export class PluginEngine extends EventEmitter<EngineEvents> implements AsyncDisposable {
  /** Which plugin may do what. */
  readonly capabilities: CapabilityManager;
  /** What the engine has counted. */
  readonly metrics: Metrics;
  readonly #executor: Executor;
  readonly #scheduler: Scheduling;
  readonly #registry: Registry;
  readonly #threads: number;
  readonly #watchers = new Set<Watcher>();
  #closed: Promise<void> | undefined;

  private constructor(resolved: ResolvedOptions, openExecutor: OpenExecutor) {
    super();
    this.#threads = resolved.threads;
    this.#executor = openExecutor({
      onUtterance: (lane, requestId, utterance) => this.#utter(lane, requestId, utterance),
      onTermination: (termination) => this.#tell('worker:terminated', termination),
      onStuck: (thread) => this.#tell('worker:stuck', thread),
      onProcessEnded: (end) => this.#tell('process:ended', end),
    });
    this.#scheduler = this.#executor.scheduler;
    this.metrics = new Metrics(this.#scheduler);
    this.capabilities = new CapabilityManager((changes) => this.#apply(changes), resolved.policies);
    this.#registry = new Registry(this.#executor, this.capabilities, resolved.keepWarmMs, {
      onState: (transition) => this.#tell('plugin:state', transition),
      onDeployed: (deployment) => this.#tell('canary:deployed', deployment),
      onPromoted: (promotion) => this.#tell('canary:promoted', promotion),
      onRolledBack: (change) => this.#tell('canary:rolled-back', change),
      onLoaded: (plugin) => {
        publishLoad(plugin);
        this.#tell('plugin:loaded', plugin);
      },
      onReloaded: (plugin, previous) => {
        publishLoad(plugin, previous);
        this.#tell('plugin:reloaded', plugin, previous);
      },
      onReloadFailed: (name, error) => this.#tell('plugin:reload-failed', name, error),
      onWarning: (warning) => this.#tell('plugin:warning', warning),
      onUnloaded: (plugin) => this.#tell('plugin:unloaded', plugin),
      onCircuit: (change) => this.#tell(`circuit:${change.state}`, change),
      onQuarantined: (change) => this.#tell('input:quarantined', change),
    });
  }

  /**
   * Makes an engine. Threads are started when they are first needed.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`, `ERR_UNSUPPORTED_ENVIRONMENT`.
   */
  static async create(options: EngineOptions = {}): Promise<PluginEngine> {
    const resolved = resolveOptions(options);
    const [openExecutor] = await Promise.all([loadExecutor(resolved), heedProcessLimits()]);
    assertThreads();
    return new PluginEngine(resolved, openExecutor);
  }

  /**
   * Loads a plugin: compiles it, or takes it from the cache, makes one instance and initialises it.
   *
   * @param name The name under which requests reach it.
   * @param source A path, a `file:` URL, or the component's bytes.
   * @throws {PluginError} the code that says why it is unusable: see `docs/errors.md`.
   */
  async loadPlugin(name: string, source: PluginSource, options: LoadOptions = {}): Promise<PluginInfo> {
    this.#assertOpen();
    return this.#registry.load(nonEmptyString('name', name), source, checkLoadOptions(options));
  }

  /**
   * Replaces a plugin without losing a request: what has begun finishes on the old version, what comes later starts on
   * the new one. When the new one does not come up, the old one stays.
   *
   * @param source @default the one it was loaded from
   * @param options @default those it was loaded with
   */
  async reloadPlugin(name: string, source?: PluginSource, options?: LoadOptions): Promise<PluginInfo> {
    this.#assertOpen();
    if (options !== undefined) checkLoadOptions(options);
    return this.#registry.reload(nonEmptyString('name', name), source, options);
  }

  /** Unloads a plugin after its requests are done, those of replaced versions too; its instances are shut down. */
  async unloadPlugin(name: string, options: UnloadOptions = {}): Promise<void> {
    this.#assertOpen();
    knownKeys('options', options, ['force'] satisfies (keyof UnloadOptions)[]);
    return this.#registry.unload(nonEmptyString('name', name), options);
  }

  /**
   * Keeps plugins as the files of a directory are: `NAME.wasm`, with its options in `NAME.json` if there is one, is the
   * plugin `NAME`. A file that changes replaces its plugin like {@link reloadPlugin}, one that goes unloads it. What
   * fails is told by `plugin:reload-failed`. Keeps the process alive until it or the engine is closed.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`, also when there is no such directory.
   */
  async watch(directory: string, options: WatchOptions = {}): Promise<Watcher> {
    this.#assertOpen();
    // Like files of records, not loaded by programs that do not use it.
    const { Watcher } = await import('./watch/watcher.ts');
    const watcher = await Watcher.open(directory, options, {
      find: (name) => this.#registry.list().find((plugin) => plugin.name === name),
      load: (name, path, load) => this.loadPlugin(name, path, load),
      reload: (name, path, load) => this.reloadPlugin(name, path, load),
      unload: (name) => this.unloadPlugin(name),
      failed: (name, error) => this.#tell('plugin:reload-failed', name, error),
      lost: (path, error) => this.#tell('watcher:lost', path, error),
      found: (path) => this.#tell('watcher:found', path),
      closed: (ended) => this.#watchers.delete(ended),
    });
    this.#watchers.add(watcher);
    if (this.#closed !== undefined) await watcher.close();
    this.#assertOpen();
    return watcher;
  }

  /** The loaded plugins, in the order in which they were loaded. */
  listPlugins(): PluginInfo[] {
    return this.#registry.list();
  }

  /** What there is to know of a plugin, also while it is loading or draining; undefined when there is none. */
  getPlugin(name: string): PluginDetails | undefined {
    return this.#registry.describe(nonEmptyString('name', name));
  }

  /**
   * The versions of a plugin: load one beside the other, try it out on a share of the requests, promote it, roll back.
   *
   * @throws {PluginError} `ERR_PLUGIN_NOT_FOUND`.
   */
  versions(name: string): Versions {
    this.#assertOpen();
    return new Versions(this.#registry.expect(nonEmptyString('name', name)).name, () => {
      this.#assertOpen();
      return this.#registry;
    });
  }

  /**
   * Asks every plugin at once, ahead of what it has queued, whether it is well: with the check that it is loaded with,
   * else with the input `health-check-ping`, to which any answer will do, `success: false` included.
   */
  async healthCheck(options: HealthCheckOptions = {}): Promise<PluginHealth[]> {
    this.#assertOpen();
    return this.#registry.checkHealth(resolveHealthCheck(options));
  }

  /** The inputs that have killed workers of a plugin that has a failure policy, the most recent first. */
  quarantined(name: string): QuarantinedInput[] {
    return this.#registry.guards.list(name);
  }

  /**
   * Lets inputs through again.
   *
   * @param sha256 As {@link quarantined} shows it. @default all of the plugin's
   * @returns How many there were.
   */
  clearQuarantine(name: string, sha256?: string): number {
    return this.#registry.guards.clear(name, sha256);
  }

  /**
   * Runs one request.
   *
   * @returns What the plugin answered; `success: false` is an answer of the plugin's.
   * @throws {PluginError} when the engine has no answer: see `docs/errors.md`.
   */
  process(name: string, request: ProcessRequest, options: ProcessOptions = NO_CALL_OPTIONS): Promise<PluginResponse> {
    // Not an async function: its two extra turns of the microtask queue would tear batches apart.
    const settled = Promise.withResolvers<PluginResponse>();
    try {
      if (options !== NO_CALL_OPTIONS) checkProcessOptions(options);
      this.#submit(name, request, options, settled);
    } catch (error) {
      settled.reject(error);
    }
    return settled.promise;
  }

  /** The same for a listener in the place of a promise, with options that are checked. */
  readonly #submit: Submit = (name, request, options, listener) => {
    try {
      const plugin = this.#plugin(name);
      const input = resolveInput(request);
      const pairs = resolveRequestOptions(request.options);
      if (plugin.canary === undefined && options.version === undefined) {
        return this.#scheduler.submit(plugin.stable.lane, input, pairs, options, undefined, listener);
      }
      const { version, call, onOutcome } = this.#choose(plugin, options);
      return this.#scheduler.submit(version.lane, input, pairs, call, onOutcome, listener);
    } catch (error) {
      listener.reject(error as PluginError);
      return undefined;
    }
  };

  /**
   * Runs many requests under one promise, which costs the calling thread a fraction of what as many calls of
   * {@link process} would. Everything that holds for requests holds for each of these: limits, order among plugins, what
   * began never runs again, and one that fails or is killed costs only itself.
   *
   * @param requests An array, or inputs that are packed as UTF-8, for packed results.
   * @returns The results in the order of the requests, also where one is an error.
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`, `ERR_PLUGIN_NOT_FOUND`, `ERR_ENGINE_CLOSED`; what becomes of a request
   * is in its result.
   */
  processMany(
    name: string,
    requests: readonly ProcessRequest[],
    options?: ProcessManyOptions,
  ): Promise<ProcessManyResult[]>;
  processMany(name: string, requests: PackedRequests, options?: ProcessManyOptions): Promise<PackedResults>;
  async processMany(
    name: string,
    requests: readonly ProcessRequest[] | PackedRequests,
    options: ProcessManyOptions = NO_CALL_OPTIONS,
  ): Promise<ProcessManyResult[] | PackedResults> {
    if (options !== NO_CALL_OPTIONS) checkManyOptions(options);
    const plugin = this.#plugin(name);
    const target: ManyTarget = {
      scheduler: this.#scheduler,
      lane: this.#laneForBlocks(plugin, options.version),
      options,
      submit: (request, listener) => void this.#submit(name, request, options, listener),
    };
    if (Array.isArray(requests)) return processMany(requests, target);
    if (typeof requests !== 'object' || requests === null) {
      throw invalidArgument('requests', 'an array of requests or `{bytes, ends}`', requests);
    }
    checkPacked(requests as PackedRequests);
    return processPacked(requests as PackedRequests, target);
  }

  /** Undefined where somebody has to look at each request by itself. */
  #laneForBlocks(plugin: Plugin, version: string | undefined): Lane | undefined {
    if ((version === undefined && plugin.canary !== undefined) || isObserved() || this.#scheduler.longestBlock === 0)
      return undefined;
    const { lane } = version === undefined ? plugin.stable : plugin.version(version);
    return lane.gate === undefined ? lane : undefined;
  }

  #plugin(name: string): Plugin {
    if (this.#closed !== undefined) throw engineClosed();
    return this.#registry.get(name) ?? this.#registry.expect(name);
  }

  /** The request names its version, or there is a choice of versions. */
  #choose(
    plugin: Plugin,
    options: ProcessOptions,
  ): {
    readonly version: PluginVersion;
    readonly call: ProcessOptions;
    readonly onOutcome: ReturnType<Plugin['observer']> | undefined;
  } {
    if (options.version !== undefined) {
      return { version: plugin.version(options.version), call: options, onOutcome: undefined };
    }
    const requestId = options.requestId ?? this.#scheduler.nextRequestId();
    const version = plugin.route(requestId);
    const call = options.requestId === undefined ? { ...options, requestId } : options;
    return { version, call, onOutcome: plugin.observer(version) };
  }

  /**
   * Calls any function that a component exports, with the types that `wasm-plugin-pool types` writes. Everything that holds
   * for requests holds for calls: limits, fairness, versions, deadlines.
   *
   * @param path `namespace:package/interface@1.0.0#function`, as `inspect` shows it.
   * @returns What it returned; a WIT `result` as `{tag: 'ok' | 'err', val}`.
   * @throws {PluginError} as {@link process}, and `ERR_INVALID_ARGUMENT` when there is no such function, or arguments
   * do not fit it. Arguments that show to be of other types in the worker cost the instance.
   */
  async call<Name extends string, Path extends string & keyof FunctionsOf<Name>>(
    name: Name,
    path: Path,
    args: ArgumentsOf<FunctionsOf<Name>[Path]>,
    options: ProcessOptions = NO_CALL_OPTIONS,
  ): Promise<ReturnOf<FunctionsOf<Name>[Path]>> {
    const plugin = this.#plugin(name);
    checkProcessOptions(options);
    const { version, call, onOutcome } = this.#choose(plugin, options);
    const { call: func, input } = prepareCall(version.component.summary.functions, path, args);
    const value = await this.#scheduler.call(version.lane, input, func, call, onOutcome);
    return value as ReturnOf<FunctionsOf<Name>[Path]>;
  }

  /**
   * Runs many requests, with as many in flight as `concurrency` says: it reads from the source only as fast as the
   * results are taken.
   *
   * @param source Any iterable or async iterable, or a stream of Node or of the web.
   * @returns Each record's result, also where it is an error. Leaving it aborts what is in flight.
   */
  batch(source: BatchSource<BatchRequest>, options: BatchOptions = {}): Batch {
    return runBatch(source, options, this.#submit);
  }

  /**
   * Runs the records of a file into a file, so that a run that was killed can be resumed: see `docs/batch.md`.
   *
   * @throws {PluginError} `ERR_BATCH_FILE`, `ERR_BATCH_JOURNAL`, `ERR_ABORTED`; what becomes of a record is in the output.
   */
  async batchFiles(options: FileBatchOptions): Promise<BatchSummary> {
    this.#assertOpen();
    const { runFileBatch } = await import('./batch/file/file-batch.ts');
    return runFileBatch(options, {
      submit: this.#submit,
      plugins: () => this.#registry.recipes(),
      threads: this.#threads,
      blocks: {
        blocks: 2 * this.#threads + 1,
        bytes: BLOCK_INPUT_BYTES,
        records: Math.max(this.#scheduler.longestBlock, 1),
        submit: (name, block) => {
          const plugin = this.#closed === undefined ? this.#registry.get(name) : undefined;
          const lane = plugin && this.#laneForBlocks(plugin, undefined);
          if (lane === undefined) return false;
          this.#scheduler.submitBlock(lane, block, { whenFull: 'wait' });
          return true;
        },
      },
    });
  }

  /** What the engine is doing now. */
  status(): EngineStatus {
    const { processes } = this.#executor;
    const { depth: queued, threads } = this.#scheduler;
    return { queued, threads, plugins: this.#registry.list().length, ...(processes !== undefined && { processes }) };
  }

  /**
   * Finishes what was asked for, shuts every instance down and ends every thread. With `force` that takes no more than
   * 2 s, whatever plugins do: threads that have not ended by then are `stuck`, and are no longer what the process waits
   * for. Without it, requests and instances have the time that their policies give them first.
   */
  close(options: CloseOptions = {}): Promise<void> {
    knownKeys('options', options, ['force'] satisfies (keyof CloseOptions)[]);
    if (options.force) this.#abandon();
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** `await using engine = …` closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#watchers].map((watcher) => watcher.close()));
    await this.#registry.close();
    await this.#end();
  }

  /** Makes {@link close} come to its end now: no load is waited for, and no `shutdown`, which may run to its limit. */
  #abandon(): void {
    const { code, message } = engineClosed();
    this.#scheduler.abandonAll((job) => job.error(code, message));
    void this.#end();
  }

  #end(): Promise<void> {
    return this.#executor.end();
  }

  /** Makes changed grants hold, then tells of them. */
  async #apply(changes: readonly GrantChange[]): Promise<void> {
    const [{ plugin, change }] = changes as readonly [GrantChange];
    const tell = (): void => {
      for (const one of changes) this.#tell(`capability:${change}`, one);
    };
    if (change === 'granted') await this.#registry.refresh(plugin, 'stays');
    // What was taken back is gone in any case.
    else await this.#registry.refresh(plugin, 'goes').finally(tell);
    if (change === 'granted') tell();
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw engineClosed();
  }

  #utter({ definition: { plugin }, version }: Lane, requestId: string | undefined, utterance: Utterance): void {
    if (utterance.kind === 'log') {
      this.#tell('plugin:log', { plugin, version, requestId, level: utterance.level, message: utterance.message });
    } else {
      this.#tell('plugin:event', { plugin, version, requestId, type: utterance.type, payload: utterance.payload });
    }
  }

  /** A listener that throws must not break the engine; its error is shown as a warning of the process. */
  #tell<Name extends keyof EngineEvents>(name: Name, ...args: EngineEvents[Name]): void {
    try {
      (this.emit as (name: Name, ...args: EngineEvents[Name]) => boolean).call(this, name, ...args);
    } catch (error) {
      process.emitWarning(isError(error) ? error : String(error));
    }
  }
}

function engineClosed(): PluginError {
  return new PluginError('ERR_ENGINE_CLOSED', 'The engine is closed');
}
