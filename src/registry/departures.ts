import { cleanLogLine } from '../text/log-line.ts';
import type { Scheduling } from './executor.ts';
import type { Plugin } from './plugin.ts';
import type { PluginVersion } from './plugin-version.ts';

/** Versions that serve no more: each finishes what it has begun, then its lane is closed. */
export class Departures {
  readonly #scheduler: Scheduling;
  /** Those that nobody awaits. */
  readonly #underWay = new Map<Promise<void>, Plugin>();

  constructor(scheduler: Scheduling) {
    this.#scheduler = scheduler;
  }

  /** Those of a plugin, or all, that nobody awaits. */
  underWay(plugin?: Plugin): Promise<void>[] {
    const all = [...this.#underWay];
    return all.filter(([, owner]) => plugin === undefined || owner === plugin).map(([leaving]) => leaving);
  }

  async leave(plugin: Plugin, version: PluginVersion): Promise<void> {
    plugin.leaves(version);
    await this.#scheduler.drain(version.lane);
    plugin.left(version);
    await this.#scheduler.close(version.lane);
  }

  /** Not awaited: its requests may take long, and others serve already. */
  letGo(plugin: Plugin, version: PluginVersion): void {
    const leaving = this.leave(plugin, version).finally(() => this.#underWay.delete(leaving));
    this.#underWay.set(leaving, plugin);
  }

  /** Fails what versions have queued and running: their plugin was unloaded by force. */
  abandon(name: string, versions: readonly PluginVersion[]): void {
    for (const { lane } of versions) {
      this.#scheduler.abandon(lane, (job) =>
        job.error('ERR_PLUGIN_NOT_FOUND', `The plugin \`${cleanLogLine(name)}\` was unloaded by force`),
      );
    }
  }
}
