import type { PluginVersion } from './plugin-version.ts';
import { add, NO_STATISTICS, type Statistics, statisticsOf } from './statistics.ts';

/** The versions of a plugin that serve no more: they finish what they began, and what they counted stays with the plugin. */
export class LeavingVersions {
  readonly #leaving = new Set<PluginVersion>();
  /** What versions that are gone have counted. */
  #gone: Statistics = NO_STATISTICS;

  get all(): readonly PluginVersion[] {
    return [...this.#leaving];
  }

  add(version: PluginVersion): void {
    this.#leaving.add(version);
  }

  /** Its requests are done. */
  left(version: PluginVersion): void {
    this.#leaving.delete(version);
    this.#gone = add(this.#gone, statisticsOf(version.lane));
  }

  /** What these have counted, those that are gone, and the ones that are there. */
  statistics(present: readonly PluginVersion[]): Statistics {
    return [...present, ...this.#leaving].reduce((sum, { lane }) => add(sum, statisticsOf(lane)), this.#gone);
  }
}
