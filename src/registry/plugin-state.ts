/**
 * Where a plugin is in its life. One that fails to load is gone with its `failed`; `quarantined` is one that is refused
 * requests because it has failed repeatedly.
 *
 * @example
 * const serves = (state: PluginState | undefined) => state === 'active';
 * console.log(serves(engine.getPlugin('redact')?.state));
 */
export type PluginState = 'loading' | 'active' | 'draining' | 'failed' | 'quarantined' | 'unloaded';

/**
 * What `plugin:state` tells.
 *
 * @example
 * const tell = ({ plugin, from, to }: PluginTransition) => console.log(`${plugin}: ${from} → ${to}`);
 * engine.on('plugin:state', tell);
 */
export interface PluginTransition {
  readonly plugin: string;
  readonly from: PluginState;
  readonly to: PluginState;
  /** In words, for people. */
  readonly reason: string;
}

/** What may follow what. */
const NEXT: Readonly<Record<PluginState, readonly PluginState[]>> = {
  unloaded: ['loading'],
  loading: ['active', 'failed'],
  active: ['quarantined', 'draining'],
  quarantined: ['active', 'draining'],
  draining: ['unloaded'],
  failed: [],
};

/** Whether a plugin may go from one state to another. */
export function mayFollow(from: PluginState, to: PluginState): boolean {
  return NEXT[from].includes(to);
}
