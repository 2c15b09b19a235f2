import { defaultCacheDirectory } from '../artifact/cache-directory.ts';
import type { CompileOptions } from '../artifact/compile-component.ts';
import type { ArtifactCompilerOptions } from '../artifact/compiler.ts';
import { type PluginSource, readSource } from '../artifact/source.ts';
import { PluginError } from '../errors.ts';
import type { Component, ComponentUse, Executor, ProcessStatus } from '../registry/executor.ts';
import type { SchedulerListener, SchedulerOptions } from '../scheduler/scheduler-options.ts';
import { Dispatcher } from './host/dispatcher.ts';
import { Group } from './host/group.ts';
import type { ProcessEnd } from './host/process-end.ts';
import { NO_RIGHTS, withPolicy } from './host/rights.ts';
import { cacheOfGroup, type ResolvedIsolation } from './options.ts';

/** What the tier tells, beside what a scheduler does. */
export interface ProcessTierListener extends SchedulerListener {
  readonly onProcessEnded: (end: ProcessEnd) => void;
}

/**
 * Runs plugins in processes of their own, one for each group: what ends such a process costs the requests that ran
 * there, and the process is started again with the same plugins.
 */
export class ProcessTier implements Executor {
  readonly scheduler: Dispatcher;
  readonly #options: SchedulerOptions & ArtifactCompilerOptions;
  readonly #isolation: ResolvedIsolation;
  readonly #listener: ProcessTierListener;
  readonly #groups = new Map<string, Group>();
  #state: 'open' | 'closed' = 'open';

  constructor(
    options: SchedulerOptions & ArtifactCompilerOptions,
    isolation: ResolvedIsolation,
    listener: ProcessTierListener,
  ) {
    this.#options = options;
    this.#isolation = isolation;
    this.#listener = listener;
    this.scheduler = new Dispatcher(options);
  }

  get processes(): ProcessStatus[] {
    return [...this.#groups.values()].flatMap((group) => group.processes);
  }

  /** Read here: the child may read no files but its own. */
  async load(source: PluginSource, options: CompileOptions, use: ComponentUse): Promise<Component> {
    const group = this.#group(this.#isolation.group(use.plugin));
    const bytes = await readSource(source);
    if (this.#state === 'closed') throw new PluginError('ERR_ENGINE_CLOSED', 'The engine is closed');
    use.signal?.throwIfAborted();
    return group.load(bytes, options, withPolicy(NO_RIGHTS, use.policy), use);
  }

  async end(): Promise<void> {
    this.#state = 'closed';
    await Promise.all([...this.#groups.values()].map((group) => group.end()));
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      const { cacheDirectory: given = defaultCacheDirectory() ?? false, ...options } = this.#options;
      const cacheDirectory = given === false ? undefined : cacheOfGroup(given, name);
      const { scheduler } = this;
      group = new Group(
        {
          name,
          cacheDirectory,
          maxMemoryBytes: this.#isolation.maxMemoryBytes,
          start: { kind: 'start', options: { ...options, ...UNBOUNDED, cacheDirectory: cacheDirectory ?? false } },
        },
        {
          onUtterance: this.#listener.onUtterance,
          onTermination: this.#listener.onTermination,
          onStuck: this.#listener.onStuck,
          onEnded: this.#listener.onProcessEnded,
          onProgress: () => scheduler.progress(),
          onSettled: ({ job }) => scheduler.returned(job),
          onLost: (lane, error) => scheduler.lost(lane, error),
        },
      );
      group.openLane = (owner, component, opening) => scheduler.open(owner, component, opening);
      this.#groups.set(name, group);
    }
    return group;
  }
}

/** The bounded queue is the host's; what is in the child has been let in. */
const UNBOUNDED = {
  queueLimit: Number.MAX_SAFE_INTEGER,
  pluginQueueLimit: Number.MAX_SAFE_INTEGER,
  maxOutstandingBytes: Number.MAX_SAFE_INTEGER,
  whenFull: 'wait',
} as const satisfies Partial<SchedulerOptions>;
