import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import PQueue from 'p-queue';
import { invalidArgument, MAX_TIMER_MS, wholeNumber } from '../arguments/arguments.ts';
import { fromWire, PluginError } from '../errors.ts';
import { JCO_VERSION } from '../jco/version.ts';
import { StartAttempts } from '../thread/start-attempts.ts';
import { Thread, ThreadDied } from '../thread/thread.ts';
import { type Artifact, type CompiledComponent, compileModules } from './artifact.ts';
import { ArtifactCache } from './cache.ts';
import { defaultCacheDirectory } from './cache-directory.ts';
import { sha256 } from './codec.ts';
import type { CompileOptions } from './compile-component.ts';
import { type CompiledArtifact, ComponentCache } from './component-cache.ts';
import type { CompileReply, CompileTask } from './protocol.ts';
import { readSource } from './source.ts';

export interface ArtifactCompilerOptions {
  /** Where artifacts are kept between runs; `false` keeps none. @default the user's cache directory */
  readonly cacheDirectory?: string | false;
  /** Milliseconds that compiling one component may take. @default 60_000 */
  readonly compileTimeoutMs?: number;
  /** Bytes of compiled components that are kept in memory; 0 keeps none. @default 67_108_864 */
  readonly componentCacheBytes?: number;
  /** For components that are compiled without saying. @default 'auto' */
  readonly binding?: NonNullable<CompileOptions['binding']>;
}

/** Room for some dozens of components from languages that compile, or a few that bring an interpreter. */
export const COMPONENT_CACHE_BYTES: number = 64 * 1024 * 1024;
/** What is to be compiled, and the name of what comes of it. */
interface Order {
  readonly key: string;
  /** SHA-256 of the component. */
  readonly hash: string;
  readonly task: CompileTask;
}

/** Raise it when the same component and versions give another artifact, or when the encoding changes. */
const CACHE_FORMAT = 6;
/** For parsing and for the generated text; the tools themselves live in WebAssembly memory, which this does not bound. */
const HEAP_MB = 512;
/** A compile thread keeps what its largest component took (hundreds of MiB for an interpreter); so it goes when idle. */
const IDLE_MS = 30_000;

/**
 * Makes artifacts of components: from the disk cache, or in a thread of its own, which is started when first needed,
 * kept warm, and replaced when the tools panic, run out of memory or take too long.
 */
export class ArtifactCompiler {
  readonly #cache: ArtifactCache | undefined;
  readonly #components: ComponentCache;
  readonly #timeoutMs: number;
  readonly #binding: NonNullable<CompileOptions['binding']>;
  /** One at a time: the tools block their thread. */
  readonly #queue = new PQueue({ concurrency: 1 });
  /** What is being made or written, by key, so that the same component is not compiled twice at once. */
  readonly #pending = new Map<string, Promise<Artifact>>();
  readonly #compiling = new Map<string, Promise<CompiledArtifact>>();
  readonly #writes = new Map<string, Promise<void>>();
  readonly #attempts = new StartAttempts();
  #versions: Promise<string> | undefined;
  #thread: Thread | undefined;
  #idle: NodeJS.Timeout | undefined;
  #state: 'open' | 'closed' = 'open';

  constructor(options: ArtifactCompilerOptions = {}) {
    const { cacheDirectory = defaultCacheDirectory() ?? withoutHome(), componentCacheBytes = COMPONENT_CACHE_BYTES } =
      options;
    if (cacheDirectory !== false && (typeof cacheDirectory !== 'string' || cacheDirectory === '')) {
      throw invalidArgument('cacheDirectory', 'a path or `false`', cacheDirectory);
    }
    this.#binding = options.binding ?? 'auto';
    this.#components = new ComponentCache(componentCacheBytes);
    this.#cache = cacheDirectory === false ? undefined : new ArtifactCache(cacheDirectory);
    const range = { min: 1, max: MAX_TIMER_MS, default: 60_000 };
    this.#timeoutMs = wholeNumber('compileTimeoutMs', options.compileTimeoutMs, range);
  }

  /**
   * The artifact of a component.
   *
   * @param source A path, a `file:` URL, or the bytes.
   * @throws {PluginError} `ERR_INVALID_ARGUMENT` when the file cannot be read, `ERR_ENGINE_CLOSED`, or the code that
   * says why the component is refused.
   */
  async compile(source: string | URL | Uint8Array, options: CompileOptions): Promise<Artifact> {
    return this.#artifact(await this.#order(source, options));
  }

  /** The same with its core modules compiled, from memory where they are. @throws {PluginError} as {@link compile} */
  async load(source: string | URL | Uint8Array, options: CompileOptions): Promise<CompiledArtifact> {
    const order = await this.#order(source, options);
    const { key } = order;
    const known = this.#components.get(key) ?? this.#compiling.get(key);
    if (known !== undefined) return known;
    const compiling = this.#artifact(order)
      .then(async (artifact) => {
        const component = { artifact, modules: await compileModules(artifact) };
        if (this.#state === 'open') this.#components.set(component);
        return component;
      })
      .finally(() => this.#compiling.delete(key));
    this.#compiling.set(key, compiling);
    return compiling;
  }

  async #order(source: string | URL | Uint8Array, options: CompileOptions): Promise<Order> {
    this.#assertOpen();
    const bytes = await readSource(source);
    const hash = (await sha256(bytes)).toString('hex');
    this.#versions ??= toolVersions();
    // Hashed, because the key is a file name.
    const { maxMemoryBytes, binding = this.#binding, world = 'plugin' } = options;
    const recipe = JSON.stringify([hash, maxMemoryBytes, binding, world, CACHE_FORMAT, await this.#versions]);
    const key = (await sha256(new TextEncoder().encode(recipe))).toString('hex');
    return { key, hash, task: { bytes, options: { maxMemoryBytes, binding, world } } };
  }

  #artifact({ key, hash, task }: Order): Promise<Artifact> {
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = this.#make(key, hash, task);
      this.#pending.set(key, pending);
      // Until it is in the cache, where the next call finds it.
      const forget = () => this.#pending.delete(key);
      pending.then(() => this.#writes.get(key)).then(forget, forget);
    }
    return pending;
  }

  /** Ends the thread; what is still being compiled rejects with `ERR_ENGINE_CLOSED`. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#components.clear();
    await this.#dropThread();
    await Promise.allSettled(this.#pending.values());
    await Promise.all(this.#writes.values());
  }

  async #make(key: string, hash: string, task: CompileTask): Promise<Artifact> {
    const cached = await this.#cache?.get(key);
    if (cached !== undefined) return cached;
    const component = await this.#queue.add(() => this.#compile(task));
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

  async #compile(task: CompileTask): Promise<CompiledComponent> {
    this.#assertOpen();
    clearTimeout(this.#idle);
    this.#thread ??= await this.#start();
    const reply = await this.#runWithin(this.#thread, task);
    if (reply.kind === 'panicked') await this.#dropThread();
    else this.#idle = setTimeout(() => void this.#dropThread(), IDLE_MS).unref();
    if (reply.kind !== 'compiled') throw fromWire(reply.error);
    return reply.component;
  }

  /** @throws {PluginError} when no thread comes up, after some attempts. */
  async #start(): Promise<Thread> {
    for (;;) {
      try {
        const resourceLimits = { maxOldGenerationSizeMb: HEAP_MB };
        const thread = new Thread({ file: 'compile-worker', resourceLimits, wait: 'event-loop' });
        this.#attempts.succeeded();
        return thread;
      } catch (error) {
        this.#attempts.failed();
        if (this.#attempts.exhausted) throw this.#attempts.error(error);
        await sleep(this.#attempts.delayMs);
        this.#assertOpen();
      }
    }
  }

  async #runWithin(thread: Thread, task: CompileTask): Promise<CompileReply> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<'too-long'>((resolve) => {
      timer = setTimeout(resolve, this.#timeoutMs, 'too-long');
    });
    try {
      const outcome = await Promise.race([thread.run<CompileReply>(task), tooLong]);
      if (outcome !== 'too-long') return outcome;
    } catch (error) {
      await this.#dropThread();
      throw this.#afterDeath(error);
    } finally {
      clearTimeout(timer);
    }
    await this.#dropThread();
    throw new PluginError('ERR_INVALID_COMPONENT', `Compiling the component took longer than ${this.#timeoutMs} ms`, {
      hint: 'Raise `compileTimeoutMs`, or make the component smaller.',
      limit: { name: 'compileTimeoutMs', value: this.#timeoutMs },
    });
  }

  #afterDeath(error: unknown): PluginError {
    if (this.#state === 'closed') return closed();
    const death = error instanceof ThreadDied ? error.death : 'crashed';
    if (death === 'out-of-memory') {
      return new PluginError('ERR_INVALID_COMPONENT', `Compiling the component took more than ${HEAP_MB} MiB of heap`, {
        hint: 'Make the component smaller, for instance by stripping debug information.',
        cause: error,
      });
    }
    return new PluginError('ERR_WORKER_CRASHED', 'The thread that compiled the component died', { cause: error });
  }

  async #dropThread(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
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

/** `0.15.0 0.1.0`: of jco, whose output the artifact is, and of this package, which checks and caps what goes in. */
async function toolVersions(): Promise<string> {
  const file = findPackageJSON(import.meta.url);
  if (file === undefined) throw new PluginError('ERR_WORKER_CRASHED', 'The installation lacks a package.json');
  const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
  return `${JCO_VERSION} ${version}`;
}
