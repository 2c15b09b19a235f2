import { EventEmitter } from 'eventemitter3';
import type { PluginSource } from './artifact/source.ts';
import type { Batch } from './batch/batch.ts';
import type { BatchHost } from './batch/file/file-batch.ts';
import type { FileBatchOptions } from './batch/file/options.ts';
import type { BatchSummary } from './batch/file/tally.ts';
import type { BatchOptions, BatchRequest } from './batch/options.ts';
import type { BatchSource } from './batch/source.ts';
import './clock/of-node.ts';
import type { BytesResponse, PluginResponse } from './contract/values.ts';
import type { Emit } from './engine/announcer.ts';
import type { EngineEvents } from './engine/events.ts';
import type { CloseOptions } from './engine/life.ts';
import type { EngineOptions } from './engine/options.ts';
import type { EngineParts } from './engine/parts.ts';
import type { EngineStatus } from './engine/status.ts';
import type { HealthCheckOptions, PluginHealth } from './health/health-check.ts';
import type { QuarantinedInput } from './health/quarantine.ts';
import type { EmbedderImports } from './host/imports/embedder-imports.ts';
import type { ProvideOptions } from './host/imports/provided.ts';
import type { CapabilityManager } from './host/policy/capabilities.ts';
import type { Metrics } from './observe/metrics.ts';
import type { PluginDetails, PluginInfo } from './registry/plugin-info.ts';
import type { LoadOptions } from './registry/plugin-version.ts';
import type { UnloadOptions } from './registry/unload-options.ts';
import type { Versions } from './registry/versions.ts';
import type { CallOptions } from './request/call-options.ts';
import type { DescribedFunctions, DescribeOptions } from './request/described-functions.ts';
import type { ArgumentsOf, FunctionsOf, ReturnOf } from './request/function-call.ts';
import type { PackedRequests, PackedResults, ProcessManyOptions, ProcessManyResult } from './request/many.ts';
import type { PluginObject } from './request/plugin-object.ts';
import type { ProcessOptions } from './request/process-options.ts';
import type { BytesRequest, ProcessRequest } from './request/request.ts';
import type { RunOptions, RunResult } from './request/run-options.ts';
import type { SessionOptions } from './session/options.ts';
import type { PluginSession } from './session/plugin-session.ts';
import type { Watcher, WatchOptions } from './watch/watcher.ts';

/** An engine as batches of files need it: for those that run a part of one. */
export let batchHostOf: (engine: PluginEngine) => BatchHost;

/**
 * Runs plugins: WebAssembly components in worker threads, within limits, with no capability that was not granted.
 *
 * Every method rejects or throws with a {@link PluginError}. An engine does not keep the process alive by itself, but
 * what it is asked to do does.
 *
 * @example
 * const engine = await PluginEngine.create({ threads: 2 });
 * await engine.loadPlugin('redact', 'redact.wasm', { config: { mask: '#' } });
 * const { output } = await engine.process('redact', { input: 'mail ada@example.org' }, { deadlineMs: 500 });
 * await engine.close();
 */
export class PluginEngine extends EventEmitter<EngineEvents> implements AsyncDisposable {
  /**
   * Which plugin may do what.
   *
   * @example
   * await engine.capabilities.grant('redact', 'fs-read', { directory: '/data' });
   */
  readonly capabilities: CapabilityManager;
  /**
   * What the engine has counted.
   *
   * @example
   * console.log(await engine.metrics.prometheus());
   */
  readonly metrics: Metrics;
  readonly #parts: EngineParts;

  static {
    batchHostOf = (engine) => engine.#parts.batches.host;
  }

  private constructor(makeParts: (emit: Emit) => EngineParts) {
    super();
    this.#parts = makeParts((name, args) => {
      (this.emit as (name: keyof EngineEvents, ...args: unknown[]) => boolean).call(this, name, ...args);
    });
    this.capabilities = this.#parts.capabilities;
    this.metrics = this.#parts.metrics;
  }

  /**
   * Makes an engine. Threads are started when they are first needed.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`, `ERR_UNSUPPORTED_ENVIRONMENT`.
   *
   * @example
   * const engine = await PluginEngine.create({ threads: 2, queueLimit: 1000 });
   */
  static async create(options: EngineOptions = {}): Promise<PluginEngine> {
    // With the first engine and not with this file: most of the package is loaded by it.
    const { prepareParts } = await import('./engine/parts.ts');
    return new PluginEngine(await prepareParts(options));
  }

  /**
   * Loads a plugin: compiles it, or takes it from the cache, makes one instance and initialises it.
   *
   * @param name The name under which requests reach it.
   * @param source A path, a `file:` URL, or the bytes of the component, which must stay as they are until it is loaded.
   * @throws {PluginError} the code that says why it is unusable: see `docs/errors.md`.
   *
   * @example
   * const options = { sandbox: 'restricted', config: { mask: '#' } } as const;
   * const { version } = await engine.loadPlugin('redact', 'redact.wasm', options);
   */
  loadPlugin(name: string, source: PluginSource, options: LoadOptions = {}): Promise<PluginInfo> {
    return this.#parts.plugins.load(name, source, options);
  }

  /**
   * Replaces a plugin without losing a request: what has begun finishes on the old version, what comes later starts on
   * the new one. When the new one does not come up, the old one stays.
   *
   * @param source @default the one it was loaded from
   * @param options @default those it was loaded with
   *
   * @example
   * await engine.reloadPlugin('redact'); // the same file, with what it holds now
   */
  reloadPlugin(name: string, source?: PluginSource, options?: LoadOptions): Promise<PluginInfo> {
    return this.#parts.plugins.reload(name, source, options);
  }

  /**
   * Supplies an interface, or a function, to plugins that are loaded from now on, as `imports` of their loads would; what a
   * load names itself comes first. What the same name stood for before is replaced: a plugin gets it with its next
   * reload.
   *
   * @param name As in `imports`: `acme:store/kv@1.0.0`, or without a version for any.
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
   *
   * @example
   * engine.provide('acme:store/kv@1.0.0', { get: async (key: string) => `value of ${key}` });
   */
  provide(name: string, implementation: EmbedderImports[string], options?: ProvideOptions): void {
    this.#parts.plugins.provide(name, implementation, options);
  }

  /**
   * Unloads a plugin after its requests are done, those of replaced versions too; its instances are shut down.
   *
   * @example
   * await engine.unloadPlugin('redact');
   */
  unloadPlugin(name: string, options: UnloadOptions = {}): Promise<void> {
    return this.#parts.plugins.unload(name, options);
  }

  /**
   * Keeps plugins as the files of a directory are: `NAME.wasm`, with its options in `NAME.json` if there is one, is the
   * plugin `NAME`. A file that changes replaces its plugin like {@link reloadPlugin}, one that goes unloads it. What
   * fails is told by `plugin:reload-failed`. Keeps the process alive until it or the engine is closed.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`, also when there is no such directory.
   *
   * @example
   * const watcher = await engine.watch('plugins/');
   * engine.on('plugin:reloaded', ({ name, version }) => console.log(name, version));
   */
  watch(directory: string, options: WatchOptions = {}): Promise<Watcher> {
    return this.#parts.plugins.watch(directory, options);
  }

  /**
   * The loaded plugins, in the order in which they were loaded.
   *
   * @example
   * console.log(engine.listPlugins().map(({ name, version }) => `${name} ${version}`));
   */
  listPlugins(): PluginInfo[] {
    return this.#parts.plugins.list();
  }

  /**
   * What there is to know of a plugin, also while it is loading or draining; undefined when there is none.
   *
   * @example
   * console.log(engine.getPlugin('redact')?.state);
   */
  getPlugin(name: string): PluginDetails | undefined {
    return this.#parts.plugins.describe(name);
  }

  /**
   * The versions of a plugin: load one beside the other, try it out on a share of the requests, promote it, roll back.
   *
   * @throws {PluginError} `ERR_PLUGIN_NOT_FOUND`.
   *
   * @example
   * await engine.versions('redact').load('redact-2.wasm', { version: '2.0.0' });
   * engine.versions('redact').deployCanary('2.0.0', 10);
   */
  versions(name: string): Versions {
    return this.#parts.plugins.versions(name);
  }

  /**
   * Asks every plugin at once, ahead of what it has queued, whether it is well: with the check that it is loaded with,
   * else with the input `health-check-ping`, to which any answer will do, `success: false` included.
   *
   * @example
   * for (const { plugin, status } of await engine.healthCheck({ deadlineMs: 200 })) console.log(plugin, status);
   */
  healthCheck(options: HealthCheckOptions = {}): Promise<PluginHealth[]> {
    return this.#parts.plugins.checkHealth(options);
  }

  /**
   * The inputs that have killed workers of a plugin that has a failure policy, the most recent first.
   *
   * @example
   * console.log(engine.quarantined('redact').map(({ sha256, kills }) => `${sha256}: ${kills}`));
   */
  quarantined(name: string): QuarantinedInput[] {
    return this.#parts.plugins.quarantined(name);
  }

  /**
   * Lets inputs through again.
   *
   * @param sha256 As {@link quarantined} shows it. @default all of the plugin's
   * @returns How many there were.
   *
   * @example
   * console.log(engine.clearQuarantine('redact'), 'inputs may come again');
   */
  clearQuarantine(name: string, sha256?: string): number {
    return this.#parts.plugins.clearQuarantine(name, sha256);
  }

  /**
   * Runs one request. A plugin of the world `plugin-bytes` takes and gives bytes, or text to who asks with text.
   *
   * @returns What the plugin answered; `success: false` is an answer of the plugin's.
   * @throws {PluginError} when the engine has no answer: see `docs/errors.md`.
   *
   * @example
   * const request = { input: 'mail ada@example.org', options: { only: 'email' } };
   * const { output, success } = await engine.process('redact', request, { deadlineMs: 500 });
   */
  process(name: string, request: ProcessRequest, options?: ProcessOptions): Promise<PluginResponse>;
  process(name: string, request: BytesRequest, options?: ProcessOptions): Promise<BytesResponse>;
  process(
    name: string,
    request: ProcessRequest | BytesRequest,
    options?: ProcessOptions,
  ): Promise<PluginResponse | BytesResponse> {
    return this.#parts.requests.process(name, request, options);
  }

  /**
   * Runs many requests under one promise, which costs the calling thread a fraction of what as many calls of
   * {@link process} would. Everything that holds for requests holds for each of these: limits, order among plugins, what
   * began never runs again, and one that fails or is killed costs only itself.
   *
   * @param requests An array, or inputs that are packed as UTF-8, for packed results.
   * @returns The results in the order of the requests, also where one is an error.
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`, `ERR_PLUGIN_NOT_FOUND`, `ERR_ENGINE_CLOSED`; what becomes of a request
   * is in its result.
   *
   * @example
   * const results = await engine.processMany('redact', [{ input: 'ada@example.org' }, { input: 'bob@example.org' }]);
   * for (const result of results) console.log(result.ok ? result.output : result.error.code);
   */
  processMany(
    name: string,
    requests: readonly ProcessRequest[],
    options?: ProcessManyOptions,
  ): Promise<ProcessManyResult[]>;
  processMany(name: string, requests: PackedRequests, options?: ProcessManyOptions): Promise<PackedResults>;
  processMany(
    name: string,
    requests: readonly ProcessRequest[] | PackedRequests,
    options?: ProcessManyOptions,
  ): Promise<ProcessManyResult[] | PackedResults> {
    return this.#parts.requests.processMany(name, requests, options);
  }

  /**
   * Calls any function that a component exports, with the types that `wasm-plugin-pool types` writes. Everything that holds
   * for requests holds for calls: limits, fairness, versions, deadlines.
   *
   * @param path `namespace:package/interface@1.0.0#function`, as `inspect` shows it; the version may be cut short (`@1`) or left
   * out.
   * @returns What it returned; a WIT `result` as `{tag: 'ok' | 'err', val}`.
   * @throws {PluginError} as {@link process}, and `ERR_INVALID_ARGUMENT` when there is no such function, or arguments
   * do not fit it. Arguments that show to be of other types in the worker cost the instance.
   *
   * @example
   * const total = await engine.call('shop', 'acme:app/pricing#quote', [[1, 2]], { deadlineMs: 100 });
   * // With values that JSON can write, and arguments by their names:
   * const same = await engine.call('shop', 'acme:app/pricing#quote', { items: [1, 2] }, { values: 'json' });
   */
  call<Name extends string, Path extends string & keyof FunctionsOf<Name>>(
    name: Name,
    path: Path,
    args: ArgumentsOf<FunctionsOf<Name>[Path]>,
    options?: CallOptions & { readonly values?: 'js' },
  ): Promise<ReturnOf<FunctionsOf<Name>[Path]>>;
  call(
    name: string,
    path: string,
    args: readonly unknown[] | Readonly<Record<string, unknown>>,
    options: CallOptions & { readonly values: 'json' },
  ): Promise<unknown>;
  call(name: string, path: string, args: unknown, options?: CallOptions): Promise<unknown> {
    return this.#parts.requests.call(name, path, args, options);
  }

  /**
   * Opens a session: one instance for one caller, which keeps what it is asked to make. Resources that the plugin exports are used
   * through it. It is on one version until it ends; see `docs/sessions.md`.
   *
   * @throws {PluginError} `ERR_SESSION_LIMIT`, `ERR_PLUGIN_NOT_FOUND`, `ERR_INVALID_ARGUMENT`, `ERR_ENGINE_CLOSED`, and what keeps an
   * instance from coming up.
   *
   * @example
   * const session = await engine.session('shop', { idleMs: 10_000 });
   * const cart = await session.call('acme:app/carts#[constructor]cart', ['ada']);
   * await session.call('acme:app/carts#[method]cart.add', [cart, 'tea']);
   * await session.close();
   */
  async session(name: string, options: SessionOptions = {}): Promise<PluginSession> {
    this.#parts.life.assertOpen();
    return this.#parts.sessions.open(name, options);
  }

  /**
   * The functions that a plugin exports and that {@link call} takes with `values: 'json'`, with JSON Schemas of what they pass.
   *
   * @throws {PluginError} `ERR_PLUGIN_NOT_FOUND`, `ERR_INVALID_ARGUMENT`, `ERR_ENGINE_CLOSED`.
   *
   * @example
   * for (const { path, args } of engine.functions('shop').functions) console.log(path, args);
   */
  functions(name: string, options: DescribeOptions = {}): DescribedFunctions {
    return this.#parts.requests.functions(name, options);
  }

  /**
   * Runs a command, a component that exports `wasi:cli/run` of WASI 0.2 or 0.3, to its end: each time on a fresh instance. All limits of
   * the policy hold, `maxOutputBytes` for what it writes to standard output and standard error together.
   *
   * @returns Its exit status, whatever that is, and what it wrote.
   * @throws {PluginError} as {@link process}; `ERR_TRAP` ends with the last lines of standard error. `ERR_ABORTED` also when
   * a stream fails that it was given.
   *
   * @example
   * const { status, stdout } = await engine.run('tool', { args: ['--upper'], stdin: 'ada\n', deadlineMs: 1000 });
   * console.log(status, stdout.toString());
   */
  run(name: string, options: RunOptions = {}): Promise<RunResult> {
    return this.#parts.requests.run(name, options);
  }

  /**
   * Has a component that exports `wasi:http/incoming-handler` of WASI 0.2, or `handler` of 0.3, answer a request. Both bodies are streams, and
   * neither side gets ahead of the other by more than 256 KiB.
   *
   * @param request What `fetch` takes. Its signal gives the request up.
   * @param options A deadline is for the body of the response, too.
   * @returns The response, when its head is there. Its body fails with the error of what ends the call before the body is
   * complete; who cancels it gives the request up.
   * @throws {PluginError} as {@link process}; `ERR_INVALID_RESPONSE` when the plugin ends without a response, or answers with an
   * error of its own.
   *
   * @example
   * const response = await engine.fetch('proxy', new Request('http://plugin.example/hello'), { deadlineMs: 1000 });
   * console.log(response.status, await response.text());
   */
  fetch(name: string, request: Request | string | URL, options: ProcessOptions = {}): Promise<Response> {
    return this.#parts.requests.fetch(name, request, options);
  }

  /**
   * What a plugin exports, as an object whose functions are {@link call}s: in camel case, in interfaces under their names,
   * with the version or without. After its arguments each takes the options of a request.
   *
   * @example
   * const shop = engine.plugin<{ 'acme:app/pricing': { quote(items: number[]): number } }>('shop');
   * await shop['acme:app/pricing'].quote([1, 2], { deadlineMs: 100 });
   *
   * @throws {PluginError} `ERR_PLUGIN_NOT_FOUND`, `ERR_ENGINE_CLOSED`.
   */
  plugin<Exports extends object>(name: string): PluginObject<Exports> {
    return this.#parts.requests.plugin(name) as PluginObject<Exports>;
  }

  /**
   * Runs many requests, with as many in flight as `concurrency` says: it reads from the source only as fast as the
   * results are taken.
   *
   * @param source Any iterable or async iterable, or a stream of Node or of the web.
   * @returns Each record's result, also where it is an error. Leaving it aborts what is in flight.
   *
   * @example
   * for await (const result of engine.batch([{ input: 'ada@example.org' }], { plugin: 'redact', ordered: true })) {
   *   console.log(result.ok ? result.output : result.error.code);
   * }
   */
  batch(source: BatchSource<BatchRequest>, options: BatchOptions = {}): Batch {
    return this.#parts.batches.run(source, options);
  }

  /**
   * Runs the records of a file into a file, so that a run that was killed can be resumed: see `docs/batch.md`.
   *
   * @throws {PluginError} `ERR_BATCH_FILE`, `ERR_BATCH_JOURNAL`, `ERR_ABORTED`; what becomes of a record is in the output.
   *
   * @example
   * const { failed } = await engine.batchFiles({ plugin: 'redact', input: 'in.jsonl', output: 'out.jsonl' });
   */
  batchFiles(options: FileBatchOptions): Promise<BatchSummary> {
    return this.#parts.batches.runFiles(options);
  }

  /**
   * What the engine is doing now.
   *
   * @example
   * const { queued, threads } = engine.status();
   */
  status(): EngineStatus {
    return this.#parts.status();
  }

  /**
   * Finishes what was asked for, shuts every instance down and ends every thread. With `force` that takes no more than
   * 2 s, whatever plugins do: threads that have not ended by then are `stuck`, and are no longer what the process waits
   * for. Without it, requests and instances have the time that their policies give them first.
   *
   * @example
   * process.once('SIGTERM', () => engine.close());
   */
  close(options: CloseOptions = {}): Promise<void> {
    return this.#parts.life.close(options);
  }

  /** `await using engine = …` closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
