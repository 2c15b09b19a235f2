import { PluginError } from '../errors.ts';
import { shownVersion } from '../observe/book.ts';
import type { PluginStatus } from '../observe/plugin-status.ts';
import type { JobOutcome } from '../scheduler/job.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { Canary } from './canary.ts';
import type { CanaryChange, CanaryEvents } from './canary-events.ts';
import type { Decision } from './decision.ts';
import { LeavingVersions } from './leaving-versions.ts';
import type { PluginDetails } from './plugin-info.ts';
import { noCanary, refused } from './plugin-refusals.ts';
import { mayFollow, type PluginState, type PluginTransition } from './plugin-state.ts';
import { describeVersion, type PluginVersion, type VersionRole } from './plugin-version.ts';
import { Retention } from './retention.ts';

/** What a plugin tells of itself. */
export interface PluginListener extends CanaryEvents {
  readonly onState: (transition: PluginTransition) => void;
  /** The time is up for a version on standby. It is still there; {@link Plugin.remove} removes it. */
  readonly onExpired: (version: PluginVersion) => void;
}

/**
 * A name, the versions that are loaded under it, and which of them serves. What changes who serves is done at once and
 * concerns the next request. What adds or removes a version is the registry's to call, one operation at a time.
 */
export class Plugin {
  readonly name: string;
  readonly #listener: PluginListener;
  readonly #retention: Retention;
  /** By the version's name. */
  readonly #versions = new Map<string, PluginVersion>();
  readonly #leaving = new LeavingVersions();
  #state: PluginState = 'unloaded';
  #reason = 'it was not loaded yet';
  #stable: PluginVersion | undefined;
  #canary: Canary | undefined;
  /** What {@link rollback} returns to while there is no canary. */
  #previous: PluginVersion | undefined;

  /** @param keepWarmMs How long a version that was replaced or rolled back stays ready. */
  constructor(name: string, keepWarmMs: number, listener: PluginListener) {
    this.name = name;
    this.#listener = listener;
    this.#retention = new Retention(keepWarmMs, listener.onExpired);
  }

  get state(): PluginState {
    return this.#state;
  }

  /** Whether requests find it. Quarantine refuses them with an error of its own. */
  get serving(): boolean {
    return this.#state === 'active' || this.#state === 'quarantined';
  }

  /** The version that serves what is not the canary's. There is one while the plugin is serving. */
  get stable(): PluginVersion {
    return this.#stable!;
  }

  get canary(): Canary | undefined {
    return this.#canary;
  }

  get versions(): readonly PluginVersion[] {
    return [...this.#versions.values()];
  }

  /** Those that serve no more and finish what they began. */
  get leaving(): readonly PluginVersion[] {
    return this.#leaving.all;
  }

  /** Changes the state. @throws {Error} for a change that cannot be: a bug of the engine. */
  enter(to: PluginState, reason: string): void {
    const from = this.#state;
    if (!mayFollow(from, to)) throw new Error(`A plugin does not go from ${from} to ${to}`);
    this.#state = to;
    this.#reason = reason;
    this.#listener.onState({ plugin: this.name, from, to, reason });
  }

  // -- who serves -----------------------------------------------------------------------------------------------

  /** The version for a request; the same for the same id, while the percentage is the same. */
  route(requestId: string): PluginVersion {
    const canary = this.#canary;
    return canary?.takes(requestId) ? canary.version : this.stable;
  }

  /** What wants to know how a routed request ended: the canary's thresholds, if it has any. */
  observer(version: PluginVersion): ((outcome: JobOutcome) => void) | undefined {
    const canary = this.#canary;
    return canary?.observer(version, ({ action, reason }) => {
      if (canary !== this.#canary) return;
      if (action === 'promote') this.promoteCanary('thresholds', reason);
      else this.rollback('thresholds', reason);
    });
  }

  /** @throws {PluginError} `ERR_PLUGIN_NOT_FOUND` when there is no such version. */
  version(name: string): PluginVersion {
    const version = this.#versions.get(name);
    if (version !== undefined) return version;
    const message = `The plugin \`${cleanLogLine(this.name)}\` has no version \`${cleanLogLine(name)}\``;
    const hint = `Its versions are: ${[...this.#versions.keys()].map(cleanLogLine).join(', ')}.`;
    throw new PluginError('ERR_PLUGIN_NOT_FOUND', message, { plugin: this.name, version: name, hint });
  }

  /** The version of that name, or the stable one. */
  find(name: string | undefined): PluginVersion | undefined {
    return name === undefined ? this.#stable : this.#versions.get(name);
  }

  /** Goes to `quarantined` while the circuit of the stable version is not closed, and back. */
  review(reason: string): void {
    if (!this.serving) return;
    const state = (this.stable.lane.gate?.circuit ?? 'closed') === 'closed' ? 'active' : 'quarantined';
    if (state !== this.#state) this.enter(state, reason);
  }

  /** Gives a version on standby a share of the requests. */
  deployCanary(name: string, percentage: number, decision: Decision | undefined): void {
    const version = this.version(name);
    if (version === this.#stable) throw refused(this.name, `The version \`${cleanLogLine(name)}\` is the stable one`);
    if (this.#canary !== undefined) {
      throw refused(
        this.name,
        `\`${cleanLogLine(this.#canary.version.lane.version)}\` is the canary already`,
        'Promote it or roll it back first; `setCanaryPercentage` changes its share.',
      );
    }
    this.#use(version);
    this.#canary = new Canary(version, percentage, decision);
    this.#listener.onDeployed({ ...this.#change(version), percentage });
  }

  setCanaryPercentage(percentage: number): void {
    const canary = this.#expectCanary();
    canary.percentage = percentage;
    this.#listener.onDeployed({ ...this.#change(canary.version), percentage });
  }

  /** Makes the canary the stable version, and keeps the one that was. */
  promoteCanary(by: CanaryChange['by'], reason: string): PluginVersion {
    const { version } = this.#expectCanary();
    const old = this.stable;
    this.#canary = undefined;
    this.#stable = version;
    this.#previous = old;
    this.#retention.keep(old);
    this.#listener.onPromoted({ ...this.#change(version), previous: old.lane.version, by, reason });
    this.review(`version ${version.lane.version} was promoted`);
    return old;
  }

  /** Ends the canary; without one, returns to the version that was stable before. */
  rollback(by: CanaryChange['by'], reason: string): PluginVersion {
    const version = this.#canary?.version ?? this.stable;
    if (this.#canary !== undefined) this.#canary = undefined;
    else if (this.#previous !== undefined) {
      this.#stable = this.#previous;
      this.#use(this.#stable);
    } else throw noCanary(this.name, 'nor an earlier version that is still ready');
    this.#retention.keep(version);
    this.#listener.onRolledBack({ ...this.#change(version), by, reason });
    this.review(`version ${version.lane.version} was rolled back`);
    return version;
  }

  // -- which versions there are ---------------------------------------------------------------------------------

  /** The first version serves from now on. */
  start(version: PluginVersion): void {
    this.#versions.set(version.lane.version, version);
    this.#stable = version;
    this.enter('active', `version ${version.lane.version} is ready`);
  }

  /**
   * Adds a version on standby.
   *
   * @returns The version on standby that had its name, if any: it leaves.
   */
  add(version: PluginVersion): PluginVersion | undefined {
    const displaced = this.#makeRoom(version);
    this.#versions.set(version.lane.version, version);
    return displaced;
  }

  /**
   * Puts a version in the place of another, whatever that place is by now.
   *
   * @param old `kept` to have the replaced stable version stay ready, unless both have the same name.
   * @returns The versions that leave.
   */
  replace(previous: PluginVersion, next: PluginVersion, old: 'leaves' | 'kept'): PluginVersion[] {
    const displaced = this.#makeRoom(next, previous);
    const role = this.#roleOf(previous);
    const stays = old === 'kept' && role === 'stable' && previous.lane.version !== next.lane.version;
    const isKept = this.#retention.has(previous);
    if (role === 'stable') this.#stable = next;
    if (role === 'canary') this.#canary = new Canary(next, this.#canary!.percentage, this.#canary!.decision);
    else this.#canary?.restartTrial();
    if (this.#previous === previous) this.#previous = next;
    if (stays) this.#previous = previous;
    else this.#versions.delete(previous.lane.version);
    this.#versions.set(next.lane.version, next);
    this.#retention.release(previous);
    if (isKept) this.#retention.keep(next);
    if (stays) this.#retention.keep(previous);
    this.review(`version ${next.lane.version} took over`);
    return [displaced, stays ? undefined : previous].filter((version) => version !== undefined);
  }

  /** Whether a version whose time was up is still on standby, and not kept again since. */
  expires(version: PluginVersion): boolean {
    const isHere = this.#versions.get(version.lane.version) === version;
    return isHere && this.#roleOf(version) === 'standby' && this.#retention.isDue(version);
  }

  /** Removes a version on standby. @throws {PluginError} `ERR_INVALID_ARGUMENT` when it serves. */
  remove(version: PluginVersion): void {
    const role = this.#roleOf(version);
    if (role !== 'standby') {
      const hint = role === 'canary' ? 'Roll it back first.' : 'Unload the plugin, or promote another version first.';
      throw refused(this.name, `The version \`${cleanLogLine(version.lane.version)}\` serves as ${role}`, hint);
    }
    this.#use(version);
    this.#versions.delete(version.lane.version);
  }

  /** Forgets every version; requests are not routed any more. */
  clear(): PluginVersion[] {
    const versions = this.versions.slice();
    this.#retention.clear();
    this.#canary = undefined;
    this.#previous = undefined;
    this.#versions.clear();
    return versions;
  }

  /** A version that {@link replace}, {@link remove} or {@link clear} gave back counts on until its requests are done. */
  leaves(version: PluginVersion): void {
    this.#leaving.add(version);
  }

  /** They are. */
  left(version: PluginVersion): void {
    this.#leaving.left(version);
  }

  describe(): PluginDetails {
    const versions = this.versions.map((version) => describeVersion(version, this.#roleOf(version)));
    const canary = this.#canary;
    return {
      name: this.name,
      state: this.#state,
      reason: this.#reason,
      stable: versions.find(({ role }) => role === 'stable'),
      canary: canary && { version: canary.version.lane.version, percentage: canary.percentage },
      versions,
      statistics: this.#leaving.statistics(this.versions),
    };
  }

  /** Of each version what alerts are made of. Names that are the same where they are cut are one. */
  statesOfVersions(): PluginStatus['versions'] {
    const canaryShare = (this.#canary?.percentage ?? 0) / 100;
    const shares = { stable: 1 - canaryShare, canary: canaryShare, standby: 0 };
    const states = this.versions.map((version): [string, PluginStatus['versions'][number]] => {
      const role = this.#roleOf(version);
      const name = shownVersion(version.lane.version);
      const circuit = version.lane.gate?.circuit ?? 'closed';
      return [name, { version: name, role, circuit, share: shares[role] }];
    });
    return [...new Map(states).values()];
  }

  #roleOf(version: PluginVersion): VersionRole {
    if (version === this.#stable) return 'stable';
    return version === this.#canary?.version ? 'canary' : 'standby';
  }

  /** A version on standby gives way to one of its name; one that serves does not. */
  #makeRoom(next: PluginVersion, except?: PluginVersion): PluginVersion | undefined {
    const name = next.lane.version;
    const other = this.#versions.get(name);
    if (other === undefined || other === except) return undefined;
    const role = this.#roleOf(other);
    if (role !== 'standby') {
      throw refused(
        this.name,
        `The version \`${cleanLogLine(name)}\` is loaded already, and serves as ${role}`,
        'Give the new one another name with the option `version`.',
      );
    }
    this.remove(other);
    return other;
  }

  /** A version is no longer kept for a rollback: it serves again, or it goes. */
  #use(version: PluginVersion): void {
    this.#retention.release(version);
    if (this.#previous === version) this.#previous = undefined;
  }

  #change(version: PluginVersion): Pick<CanaryChange, 'plugin' | 'version' | 'stable'> {
    return { plugin: this.name, version: version.lane.version, stable: this.stable.lane.version };
  }

  #expectCanary(): Canary {
    if (this.#canary === undefined) throw noCanary(this.name);
    return this.#canary;
  }
}
