import type { ResolvedOptions } from '../engine/options.ts';
import type { Executor } from '../registry/executor.ts';
import type { SchedulerListener } from '../scheduler/scheduler.ts';
import { InProcess } from './in-process.ts';

/** What runs the plugins of an engine: this process, or processes of their own. */
export function openExecutor(options: ResolvedOptions, listener: SchedulerListener): Executor {
  return new InProcess(options, listener);
}
