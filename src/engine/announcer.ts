import type { Utterance } from '../contract/values.ts';
import type { GrantChange } from '../host/policy/capabilities.ts';
import type { ProcessTierListener } from '../isolation/process-tier.ts';
import type { RegistryListener } from '../registry/registry-listener.ts';
import type { Lane } from '../scheduler/lane.ts';
import { isError } from '../text/is-error.ts';
import type { EngineEvents } from './events.ts';
import { publishLoad } from './load-channel.ts';

/** Emits one of an engine's events. */
export type Emit = <Name extends keyof EngineEvents>(name: Name, args: EngineEvents[Name]) => void;

/** Names of plugins for which failed loads are counted. */
const MAX_COUNTED = 1000;

/** Makes events of what happens in the parts of an engine. */
export class Announcer {
  readonly #emit: Emit;
  readonly #reloadFailures = new Map<string, number>();
  /** For what runs the plugins. */
  readonly executor: ProcessTierListener = {
    onUtterance: (lane, requestId, utterance) => this.#utter(lane, requestId, utterance),
    onMoved: ({ definition: { plugin }, version }, instructions) => {
      const message = `A request ran over ${instructions} instructions or waited; later ones go to workers`;
      this.tell('plugin:warning', { plugin, version, message });
    },
    onTermination: (termination) => this.tell('worker:terminated', termination),
    onStuck: (thread) => this.tell('worker:stuck', thread),
    onProcessEnded: (end) => this.tell('process:ended', end),
  };
  readonly registry: RegistryListener = {
    onState: (transition) => this.tell('plugin:state', transition),
    onDeployed: (deployment) => this.tell('canary:deployed', deployment),
    onPromoted: (promotion) => this.tell('canary:promoted', promotion),
    onRolledBack: (change) => this.tell('canary:rolled-back', change),
    onLoaded: (plugin) => {
      publishLoad(plugin);
      this.tell('plugin:loaded', plugin);
    },
    onReloaded: (plugin, previous) => {
      publishLoad(plugin, previous);
      this.tell('plugin:reloaded', plugin, previous);
    },
    onReloadFailed: (name, error) => this.tell('plugin:reload-failed', name, error),
    onWarning: (warning) => this.tell('plugin:warning', warning),
    onRecorded: (kept) => this.tell('plugin:recorded', kept),
    onUnloaded: (plugin) => this.tell('plugin:unloaded', plugin),
    onCircuit: (change) => this.tell(`circuit:${change.state}`, change),
    onQuarantined: (change) => this.tell('input:quarantined', change),
  };

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** How often `plugin:reload-failed` was told, by the name of the plugin. */
  get reloadFailures(): ReadonlyMap<string, number> {
    return this.#reloadFailures;
  }

  /** A listener that throws must not break the engine; its error is shown as a warning of the process. */
  tell<Name extends keyof EngineEvents>(name: Name, ...args: EngineEvents[Name]): void {
    if (name === 'plugin:reload-failed') this.#countFailure(args[0] as string);
    try {
      this.#emit(name, args);
    } catch (error) {
      process.emitWarning(isError(error) ? error : String(error));
    }
  }

  /** Tells of grants that were changed together. */
  tellGrants(changes: readonly GrantChange[]): void {
    for (const change of changes) this.tell(`capability:${change.change}`, change);
  }

  /** Names come with the files of a watched directory, and are not to be kept without bound. */
  #countFailure(plugin: string): void {
    const count = this.#reloadFailures.get(plugin);
    if (count !== undefined || this.#reloadFailures.size < MAX_COUNTED)
      this.#reloadFailures.set(plugin, (count ?? 0) + 1);
  }

  #utter({ definition: { plugin }, version }: Lane, requestId: string | undefined, utterance: Utterance): void {
    if (utterance.kind === 'log') {
      this.tell('plugin:log', { plugin, version, requestId, level: utterance.level, message: utterance.message });
    } else if (utterance.kind === 'event') {
      this.tell('plugin:event', { plugin, version, requestId, type: utterance.type, payload: utterance.payload });
    }
  }
}
