import type { ArtifactCompilerOptions } from '../artifact/compiler.ts';
import type { Executor } from '../registry/executor.ts';
import type { SchedulerOptions } from '../scheduler/scheduler.ts';
import { InProcess } from './in-process.ts';
import type { ResolvedIsolation } from './options.ts';
import { ProcessTier, type ProcessTierListener } from './process-tier.ts';

/** What an executor is made with. */
export interface ExecutorOptions extends SchedulerOptions, ArtifactCompilerOptions {
  /** Undefined for threads of this process. */
  readonly isolation: ResolvedIsolation | undefined;
}

/** What runs the plugins of an engine: this process, or processes of their own. */
export function openExecutor(options: ExecutorOptions, listener: ProcessTierListener): Executor {
  const { isolation, ...others } = options;
  return isolation === undefined ? new InProcess(others, listener) : new ProcessTier(others, isolation, listener);
}
