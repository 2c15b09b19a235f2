import type { PluginEngine } from '../engine.ts';
import { PluginError } from '../errors.ts';
import { cleanLogLine } from '../text/log-line.ts';
import type { QueueConnection } from './redis.ts';

/** What a chunk runs with. */
export interface ChunkPlace {
  readonly connection: QueueConnection;
  readonly engine: PluginEngine;
  /** Records in flight at once. */
  readonly concurrency: number;
  /** Nothing begins any more; what runs finishes. */
  readonly stopped: AbortSignal;
  /** What runs is aborted. */
  readonly givenUp: AbortSignal;
}

/** The records of a chunk that have no result yet, as they run. */
export interface ChunkWork {
  /** How many they were before any of them ran. */
  readonly left: number;
  /**
   * Runs them. Resolves when nothing runs any more; what was not to begin or was aborted has no result then.
   *
   * @param names Under which the engine knows the plugins of the batch.
   */
  run(names: ReadonlyMap<string, string>): Promise<void>;
  /** Has Redis keep what is done. @returns How many records it was; undefined when nobody wants them. */
  write(): Promise<number | undefined>;
}

/** Only the batch's own plugins can be named: an engine's other plugins belong to other batches, and nobody hears of them. */
export function notInBatch(names: ReadonlyMap<string, string>, name: string): PluginError {
  const known = [...names.keys()].slice(0, 10).map(cleanLogLine).join(', ');
  return new PluginError('ERR_PLUGIN_NOT_FOUND', `No plugin is loaded as \`${cleanLogLine(name)}\``, {
    plugin: name,
    hint: `Loaded are: ${known}.`,
  });
}
