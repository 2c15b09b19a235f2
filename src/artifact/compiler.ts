import { invalidArgument, MAX_TIMER_MS, wholeNumber } from '../arguments/arguments.ts';
import { fromWire, PluginError } from '../errors.ts';
import { JCO_VERSION } from '../jco/version.ts';
import { VERSION } from '../package/version.ts';
import { type Artifact, compileModules } from './artifact.ts';
import { ArtifactCache } from './cache.ts';
import { defaultCacheDirectory } from './cache-directory.ts';
import type { CompileOptions } from './compile-component.ts';
import { CompileThreads } from './compile-threads.ts';
import { type CompiledArtifact, ComponentCache } from './component-cache.ts';
import { sha256 } from './pieces.ts';
import type { CompileTask } from './protocol.ts';
import { SharedWork } from './shared-work.ts';
import { readSource } from './source.ts';
import { vet } from './vetting.ts';

export interface ArtifactCompilerOptions {
  /** Where artifacts are kept between runs; `false` keeps none. @default the user's cache directory */
  readonly cacheDirectory?: string | false;
  /** Milliseconds of CPU time that compiling one component may take. @default 60_000 */
  readonly compileTimeoutMs?: number;
  /** Bytes of compiled components that are kept in memory; 0 keeps none. @default 67_108_864 */
  readonly componentCacheBytes?: number;
  /** For components that are compiled without saying. @default 'auto' */
  readonly binding?: NonNullable<CompileOptions['binding']>;
  /** Whether what compiling costs is bounded and, where no bound is close, tried in another process. @default 'vetted' */
  readonly compile?: NonNullable<CompileOptions['compile']>;
}

/** Room for some dozens of components from languages that compile, or a few that bring an interpreter. */
export const COMPONENT_CACHE_BYTES: number = 64 * 1024 * 1024;

/** For whom a component is compiled. */
export interface CompileUse {
  /** Groups are served by turns. */
  readonly group: string;
  /** Gives it up, unless somebody else waits for the same component. */
  readonly signal?: AbortSignal | undefined;
}

const NOBODY: CompileUse = { group: '' };

/** What is to be compiled, and the name of what comes of it. */
interface Order {
  readonly key: string;
  /** SHA-256 of the component. */
  readonly hash: string;
  readonly task: CompileTask;
}

/** Raise it when the same component and versions give another artifact, or when the encoding changes. */
const CACHE_FORMAT = 14;

/**
 * Makes artifacts of components: from the disk cache, or in threads of their own, which are started when first needed,
 * kept warm, and replaced when the tools panic, run out of memory or take too long.
 */
export class ArtifactCompiler {
  readonly #cache: ArtifactCache | undefined;
  readonly #components: ComponentCache;
  readonly #threads: CompileThreads;
  readonly #binding: NonNullable<CompileOptions['binding']>;
  readonly #trust: NonNullable<CompileOptions['compile']>;
  /** What is being made or written, by key, so that the same component is not compiled twice at once. */
  readonly #pending = new Map<string, SharedWork<Artifact>>();
  readonly #compiling = new Map<string, Promise<CompiledArtifact>>();
  readonly #writes = new Map<string, Promise<void>>();
  #state: 'open' | 'closed' = 'open';

  constructor(options: ArtifactCompilerOptions = {}) {
    const { cacheDirectory = defaultCacheDirectory() ?? withoutHome(), componentCacheBytes = COMPONENT_CACHE_BYTES } =
      options;
    if (cacheDirectory !== false && (typeof cacheDirectory !== 'string' || cacheDirectory === '')) {
      throw invalidArgument('cacheDirectory', 'a path or `false`', cacheDirectory);
    }
    this.#binding = options.binding ?? 'auto';
    this.#trust = options.compile ?? 'vetted';
    this.#components = new ComponentCache(componentCacheBytes);
    this.#cache = cacheDirectory === false ? undefined : new ArtifactCache(cacheDirectory);
    const range = { min: 1, max: MAX_TIMER_MS, default: 60_000 };
    this.#threads = new CompileThreads(wholeNumber('compileTimeoutMs', options.compileTimeoutMs, range));
  }

  /**
   * The artifact of a component.
   *
   * @param source A path, a `file:` URL, or the bytes.
   * @throws {PluginError} `ERR_INVALID_ARGUMENT` when the file cannot be read, `ERR_ENGINE_CLOSED`, or the code that
   * says why the component is refused.
   */
  async compile(
    source: string | URL | Uint8Array,
    options: CompileOptions,
    use: CompileUse = NOBODY,
  ): Promise<Artifact> {
    return this.#artifact(await this.#order(source, options), use);
  }

  /** The same with its core modules compiled, from memory where they are. @throws {PluginError} as {@link compile} */
  async load(
    source: string | URL | Uint8Array,
    options: CompileOptions,
    use: CompileUse = NOBODY,
  ): Promise<CompiledArtifact> {
    const order = await this.#order(source, options);
    const { key } = order;
    const known = this.#components.get(key);
    if (known !== undefined) return known;
    const artifact = await this.#artifact(order, use);
    let compiling = this.#compiling.get(key);
    if (compiling === undefined) {
      compiling = compileModules(artifact)
        .then((modules) => {
          const component = { artifact, modules };
          if (this.#state === 'open') this.#components.set(component);
          return component;
        })
        .finally(() => this.#compiling.delete(key));
      this.#compiling.set(key, compiling);
    }
    return compiling;
  }

  async #order(source: string | URL | Uint8Array, options: CompileOptions): Promise<Order> {
    this.#assertOpen();
    const bytes = await readSource(source);
    const hash = (await sha256(bytes)).toString('hex');
    // Hashed, because the key is a file name.
    const { maxMemoryBytes, interrupt = 'terminate', metered = false, world = 'plugin', own } = options;
    const { binding = this.#binding, compile = this.#trust } = options;
    const made = { maxMemoryBytes, binding, interrupt, metered, world, own, compile };
    const recipe = JSON.stringify([hash, made, CACHE_FORMAT, TOOL_VERSIONS]);
    const key = (await sha256(new TextEncoder().encode(recipe))).toString('hex');
    return { key, hash, task: { bytes, options: made } };
  }

  #artifact({ key, hash, task }: Order, { group, signal }: CompileUse): Promise<Artifact> {
    const pending = this.#pending.get(key);
    if (pending !== undefined && !pending.abandoned) return pending.join(signal);
    const made = new SharedWork((given) => this.#make(key, hash, task, group, given));
    this.#pending.set(key, made);
    // Until it is in the cache, where the next call finds it.
    const forget = (): void => {
      if (this.#pending.get(key) === made) this.#pending.delete(key);
    };
    made.result.then(() => this.#writes.get(key)).then(forget, forget);
    return made.join(signal);
  }

  /** Ends the threads; what is still being compiled rejects with `ERR_ENGINE_CLOSED`. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#components.clear();
    const pending = [...this.#pending.values()];
    for (const work of pending) work.abandon(closed());
    await this.#threads.close();
    await Promise.allSettled(pending.map(({ result }) => result));
    await Promise.all(this.#writes.values());
  }

  async #make(key: string, hash: string, task: CompileTask, group: string, signal: AbortSignal): Promise<Artifact> {
    const cached = await this.#cache?.get(key);
    if (cached !== undefined) return cached;
    this.#assertOpen();
    const reply = await this.#threads.run(task, group, signal);
    if (reply.kind !== 'compiled') throw fromWire(reply.error);
    const { suspects, ...component } = reply.component;
    // After its turn: what is vetted has a line of its own.
    // A process that may start none is one that may end of it itself: see `src/isolation`.
    if (suspects.length > 0 && process.permission?.has('child') !== false) await vet(suspects, { group, signal });
    const artifact: Artifact = { sha256: hash, key, ...component };
    this.#keep(artifact);
    return artifact;
  }

  /** Writes to the cache while the caller goes on. */
  #keep(artifact: Artifact): void {
    if (this.#cache === undefined) return;
    const { key } = artifact;
    this.#writes.set(
      key,
      this.#cache.set(artifact).finally(() => this.#writes.delete(key)),
    );
  }

  #assertOpen(): void {
    if (this.#state === 'closed') throw closed();
  }
}

function closed(): PluginError {
  return new PluginError('ERR_ENGINE_CLOSED', 'The engine was closed before the component was compiled');
}

/** Without a place for it there is no cache; said once. */
function withoutHome(): false {
  process.emitWarning('The user has no home directory, so that compiled plugins are not kept', {
    code: 'WASM_PLUGIN_POOL_CACHE',
    detail: 'Set `HOME` or `XDG_CACHE_HOME`, or `cacheDirectory` to a path or to `false`.',
  });
  return false;
}

/** Of jco, whose output the artifact is, and of this package, which checks and caps what goes in. */
const TOOL_VERSIONS = `${JCO_VERSION} ${VERSION}`;
