import { invalidArgument, knownKeys, nonEmptyString } from '../../arguments/arguments.ts';
import { PluginError } from '../../errors.ts';
import { cleanLogLine } from '../../text/log-line.ts';
import { type Policy, type ResolvedPolicy, resolvePolicy, type Sandbox } from './policy.ts';

/**
 * What can be granted to a plugin by name.
 *
 * @example
 * const isCapability = (text: string) => (CAPABILITIES as readonly string[]).includes(text);
 */
export const CAPABILITIES = ['fs-read', 'fs-write', 'network', 'env'] as const;

/**
 * What may be granted to a plugin.
 *
 * @example
 * const capability: Capability = 'fs-read';
 * await engine.capabilities.grant('redact', capability, { directory: '/data' });
 */
export type Capability = (typeof CAPABILITIES)[number];

/**
 * What exactly is granted. Each capability has one field of its own.
 *
 * @example
 * const details: GrantDetails = { directory: '/srv/data', mount: '/data' };
 * await engine.capabilities.grant('redact', 'fs-read', details);
 */
export interface GrantDetails {
  /** `fs-read`, `fs-write`: an absolute path on the host. @default '/data' to read, '/tmp/plugin' to write */
  readonly directory?: string;
  /** `fs-read`, `fs-write`: where the guest sees the directory. @default the same path */
  readonly mount?: string;
  /** `network`: a pattern `host:port`. @default '*:*', which covers public addresses only */
  readonly host?: string;
  /** `env`: the name of an environment variable. @default 'PLUGIN_MODE' */
  readonly name?: string;
}

/**
 * One grant, with everything that was left out filled in.
 *
 * @example
 * const show = ({ capability, details }: Grant) => console.log(capability, details);
 * engine.capabilities.grants('redact').forEach(show);
 */
export interface Grant {
  readonly capability: Capability;
  readonly details: GrantDetails;
}

/**
 * What happened to a plugin's grants.
 *
 * @example
 * const audit = ({ plugin, change, capability }: GrantChange) => console.log(plugin, change, capability);
 * engine.on('capability:granted', audit);
 * engine.on('capability:revoked', audit);
 */
export interface GrantChange extends Grant {
  readonly plugin: string;
  readonly change: 'granted' | 'revoked';
}

/** The field of a policy that a capability adds to, and how its details look there. */
const FIELDS = {
  'fs-read': { field: 'allowFsRead', keys: ['directory', 'mount'], defaults: { directory: '/data' } },
  'fs-write': { field: 'allowFsWrite', keys: ['directory', 'mount'], defaults: { directory: '/tmp/plugin' } },
  network: { field: 'allowNetwork', keys: ['host'], defaults: { host: '*:*' } },
  env: { field: 'allowEnv', keys: ['name'], defaults: { name: 'PLUGIN_MODE' } },
} as const satisfies Record<Capability, { field: keyof Policy; keys: readonly string[]; defaults: GrantDetails }>;

/** Which names have a policy before anybody gave them one. */
export type PredefinedPolicies = 'none' | 'source-design';

/** Names that have a policy before anybody gave them one, where the engine was made so: else a name grants nothing. */
const PREDEFINED: Readonly<Record<PredefinedPolicies, readonly (readonly [name: string, sandbox: Sandbox])[]>> = {
  none: [],
  'source-design': [
    ['trusted-plugin', 'standard'],
    ['untrusted-plugin', 'restricted'],
  ],
};

/**
 * Which plugin may do what, by the plugin's name: a policy to begin with, and the grants that were added to it. A name
 * that nobody has said anything about is `restricted`.
 *
 * @example
 * const capabilities: CapabilityManager = engine.capabilities;
 * capabilities.setPolicy('redact', 'restricted');
 * await capabilities.grant('redact', 'env', { name: 'PLUGIN_MODE' });
 */
export class CapabilityManager {
  readonly #policies: Map<string, Sandbox>;
  readonly #grants = new Map<string, Grant[]>();
  readonly #onChange: (changes: readonly GrantChange[]) => Promise<void>;

  /**
   * @param onChange Replaces the instances that were made before; the caller of `grant` waits for it. It gets at least
   * one change, all of one plugin and of one kind.
   */
  constructor(onChange: (changes: readonly GrantChange[]) => Promise<void>, predefined: PredefinedPolicies = 'none') {
    this.#onChange = onChange;
    this.#policies = new Map<string, Sandbox>(PREDEFINED[predefined]);
  }

  /**
   * Gives a name its policy. Loaded versions keep theirs until they are replaced; {@link grant} replaces them.
   *
   * @example
   * engine.capabilities.setPolicy('redact', { cpuTimeLimitMs: 100 });
   */
  setPolicy(plugin: string, sandbox: Sandbox): void {
    // What was checked, and not an object that somebody may change later.
    this.#policies.set(nonEmptyString('plugin', plugin), resolvePolicy(sandbox) as Policy);
  }

  /**
   * The policy of a name with everything that was granted to it.
   *
   * @example
   * console.log(engine.capabilities.policy('redact').maxMemoryBytes);
   */
  policy(plugin: string): ResolvedPolicy {
    return this.resolve(plugin, undefined);
  }

  /**
   * The grants of a name beside its policy, in the order in which they were made.
   *
   * @example
   * for (const { capability, details } of engine.capabilities.grants('redact')) console.log(capability, details);
   */
  grants(plugin: string): readonly Grant[] {
    return [...(this.#grants.get(plugin) ?? [])];
  }

  /**
   * Grants a capability to a plugin's name: to the instances made from now on, and those made before are replaced
   * without losing a request. Granting the same twice changes nothing. `capability:granted` is told when it holds.
   *
   * @throws {PluginError} `ERR_UNKNOWN_CAPABILITY`; `ERR_INVALID_ARGUMENT` for details that do not belong to it; what
   * keeps the plugin from starting with the grant, which is then not made.
   *
   * @example
   * await engine.capabilities.grant('redact', 'network', { host: 'api.example.org:443' });
   */
  async grant(plugin: string, capability: Capability, details: GrantDetails = {}): Promise<void> {
    const grant = resolveGrant(capability, details);
    const grants = this.#grants.get(nonEmptyString('plugin', plugin)) ?? [];
    if (grants.some((other) => isSame(other, grant))) return;
    this.#grants.set(plugin, [...grants, grant]);
    try {
      await this.#onChange([{ plugin, change: 'granted', ...grant }]);
    } catch (error) {
      // One that cannot be kept (a directory behind a symbolic link, say) must not stand in the way of all later ones.
      this.#grants.set(
        plugin,
        this.grants(plugin).filter((other) => other !== grant),
      );
      throw error;
    }
  }

  /**
   * Takes a grant back. Without details, all grants of the capability go. It holds whatever becomes of the plugin: one
   * that does not start again without the grant is unloaded, as `plugin:reload-failed` and `plugin:unloaded` tell.
   *
   * @throws {PluginError} `ERR_UNKNOWN_CAPABILITY`; `ERR_INVALID_ARGUMENT` when there is no such grant; what kept the
   * plugin from starting again, after it was unloaded.
   *
   * @example
   * await engine.capabilities.revoke('redact', 'network', { host: 'api.example.org:443' });
   */
  async revoke(plugin: string, capability: Capability, details?: GrantDetails): Promise<void> {
    const wanted = resolveGrant(capability, details ?? {});
    const grants = this.#grants.get(plugin) ?? [];
    const revoked = grants.filter((grant) =>
      details === undefined ? grant.capability === capability : isSame(grant, wanted),
    );
    if (revoked.length === 0) {
      throw new PluginError(
        'ERR_INVALID_ARGUMENT',
        `\`${cleanLogLine(plugin)}\` has no such grant of \`${capability}\``,
        {
          plugin,
          hint: 'What a policy allows is changed in the policy; `revoke` takes back what `grant` gave.',
        },
      );
    }
    this.#grants.set(
      plugin,
      grants.filter((grant) => !revoked.includes(grant)),
    );
    await this.#onChange(revoked.map((grant) => ({ plugin, change: 'revoked', ...grant })));
  }

  /** The policy that a plugin is loaded with. @param sandbox What the loader asked for, instead of the name's own. */
  resolve(plugin: string, sandbox: Sandbox | undefined): ResolvedPolicy {
    const base = sandbox === undefined ? this.#policies.get(plugin) : sandbox;
    const grants = this.#grants.get(plugin);
    if (grants === undefined) return resolvePolicy(base);
    const resolved = resolvePolicy(base);
    const policy: Record<string, unknown> = { ...resolved };
    for (const { capability, details } of grants) {
      const { field } = FIELDS[capability];
      policy[field] = [...(policy[field] as unknown[]), inPolicy(capability, details)];
    }
    return resolvePolicy(policy as Policy);
  }
}

function resolveGrant(capability: Capability, details: GrantDetails): Grant {
  if (!CAPABILITIES.includes(capability)) {
    throw new PluginError('ERR_UNKNOWN_CAPABILITY', `There is no capability \`${cleanLogLine(String(capability))}\``, {
      hint: `Capabilities are ${CAPABILITIES.map((name) => `\`${name}\``).join(', ')}.`,
    });
  }
  const { keys, defaults, field } = FIELDS[capability];
  knownKeys('details', details, keys);
  const grant: Grant = { capability, details: Object.freeze({ ...defaults, ...details }) };
  // A policy knows what its fields may hold.
  resolvePolicy({ [field]: [inPolicy(capability, grant.details)] });
  return Object.freeze(grant);
}

function inPolicy(capability: Capability, details: GrantDetails): unknown {
  switch (capability) {
    case 'fs-read':
    case 'fs-write':
      return details;
    case 'network':
      return details.host;
    case 'env':
      return details.name;
    default:
      throw invalidArgument('capability', 'a capability', capability satisfies never);
  }
}

function isSame(a: Grant, b: Grant): boolean {
  return a.capability === b.capability && JSON.stringify(a.details) === JSON.stringify(b.details);
}
