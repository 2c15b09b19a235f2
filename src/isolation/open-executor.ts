import type { ArtifactCompilerOptions } from '../artifact/compiler.ts';
import { nodeCommand } from '../package/node-command.ts';
import type { Executor } from '../registry/executor.ts';
import type { SchedulerOptions } from '../scheduler/scheduler-options.ts';
import { InProcess } from './in-process.ts';
import type { ResolvedIsolation } from './options.ts';
import type { ProcessTierListener } from './process-tier.ts';

/** What an executor is made with. */
export interface ExecutorOptions extends SchedulerOptions, ArtifactCompilerOptions {
  /** Undefined for threads of this process. */
  readonly isolation: ResolvedIsolation | undefined;
}

/** Makes what runs the plugins of an engine: this process, or processes of their own. */
export type OpenExecutor = (listener: ProcessTierListener) => Executor;

/** Loads what runs the plugins of an engine. Processes come with code that nobody else needs. */
export async function loadExecutor({ isolation, ...others }: ExecutorOptions): Promise<OpenExecutor> {
  if (isolation === undefined) return (listener) => new InProcess(others, listener);
  nodeCommand();
  const { ProcessTier } = await import('./process-tier.ts');
  return (listener) => new ProcessTier(others, isolation, listener);
}
