import { PluginError } from '../errors.ts';
import type { Scheduling } from '../registry/executor.ts';
import type { PluginVersion } from '../registry/plugin-version.ts';
import type { Registry } from '../registry/registry.ts';
import { cleanLogLine } from '../text/log-line.ts';
import type { Ending } from './endings.ts';
import { resolveSessionOptions, type SessionOptions } from './options.ts';
import type { PluginSession } from './plugin-session.ts';
import { Session } from './session.ts';

/** How many sessions may be open at once. */
export interface SessionLimits {
  readonly maxSessions: number;
  readonly maxSessionsPerPlugin: number;
  readonly maxTotalMemoryBytes: number;
}

/** The share of the engine's memory that sessions may keep from everybody else, if their instances grow as far as they may. */
const MEMORY_SHARE = 1 / 2;

/** The sessions of an engine. */
export class Sessions {
  readonly #scheduler: Scheduling;
  readonly #registry: Registry;
  readonly #limits: SessionLimits;
  /** Those that are not gone; while they come up and while they leave they count too. */
  readonly #sessions = new Set<Session>();

  constructor(scheduler: Scheduling, registry: Registry, limits: SessionLimits) {
    this.#scheduler = scheduler;
    this.#registry = registry;
    this.#limits = limits;
  }

  /** How many there are. */
  get size(): number {
    return this.#sessions.size;
  }

  /** How many there are of each plugin that has some. */
  counts(): Record<string, number> {
    const counts = new Map<string, number>();
    for (const { plugin } of this.#sessions) counts.set(plugin, (counts.get(plugin) ?? 0) + 1);
    return Object.fromEntries(counts);
  }

  /** @throws {PluginError} `ERR_SESSION_LIMIT`, `ERR_PLUGIN_NOT_FOUND`, and what keeps an instance from coming up. */
  async open(name: string, options: SessionOptions): Promise<PluginSession> {
    const resolved = resolveSessionOptions(options);
    const plugin = this.#registry.get(name) ?? this.#registry.expect(name);
    const version = resolved.version === undefined ? plugin.stable : plugin.version(resolved.version);
    const { lane: shared, component } = version;
    const plan = planOf(version);
    this.#assertRoom(name, shared.holds.bytes);
    const { definition } = shared;
    const { environment, config, imports } = definition;
    // The session is what a policy may have an instance for, however many calls it makes.
    const policy = {
      ...definition.policy,
      instances: 'warm',
      maxRequestsPerInstance: Number.MAX_SAFE_INTEGER,
    } as const;
    const opening = {
      plugin: name,
      version: shared.version,
      environment,
      config,
      imports,
      policy,
      session: true,
    } as const;
    const lane = component.open({ ...opening, group: shared.tenant.name });
    lane.hostFunctions = shared.hostFunctions;
    const session = new Session(this.#scheduler, lane, component.summary, plan, resolved, (gone) => {
      this.#sessions.delete(gone);
    });
    this.#sessions.add(session);
    await session.start();
    return session;
  }

  /** Ends those of a plugin, or all. Resolves when they are gone. */
  async endAll(ending: Ending, calls: 'when done' | 'now', plugin?: string): Promise<void> {
    const concerned = [...this.#sessions].filter((session) => plugin === undefined || session.plugin === plugin);
    await Promise.all(concerned.map((session) => session.end(ending, calls)));
  }

  /** Resolves when those of a plugin are gone that have ended. */
  async gone(plugin: string): Promise<void> {
    const ending = [...this.#sessions].filter((session) => session.plugin === plugin && session.state === 'ended');
    await Promise.all(ending.map((session) => session.close()));
  }

  #assertRoom(plugin: string, bytes: number): void {
    const { maxSessions, maxSessionsPerPlugin, maxTotalMemoryBytes } = this.#limits;
    const all = [...this.#sessions];
    if (all.length >= maxSessions) throw tooMany(plugin, `${all.length} sessions are open`, 'maxSessions', maxSessions);
    const own = all.filter((session) => session.plugin === plugin).length;
    if (own >= maxSessionsPerPlugin)
      throw tooMany(plugin, `${own} sessions of the plugin are open`, 'maxSessionsPerPlugin', maxSessionsPerPlugin);
    const taken = all.reduce((sum, { maxBytes }) => sum + maxBytes, bytes);
    const most = Math.floor(maxTotalMemoryBytes * MEMORY_SHARE);
    // The first has what any request of the plugin could have.
    if (all.length > 0 && taken > most) {
      const message = `With one more session their instances could grow to ${taken} bytes`;
      throw tooMany(plugin, message, 'maxTotalMemoryBytes', most);
    }
  }
}

function tooMany(plugin: string, message: string, name: string, value: number): PluginError {
  return new PluginError('ERR_SESSION_LIMIT', `${message}, which is as much as may be`, {
    plugin,
    limit: { name, value },
    hint: `Close sessions that are done, or raise \`${name}\`.`,
  });
}

function planOf({ lane, component }: PluginVersion) {
  const { binding, plugin } = lane.definition;
  if (binding.kind === 'direct') return binding.plan;
  const why =
    binding.kind === 'glue'
      ? `runs on jco's glue, because ${binding.reason}`
      : 'runs in a process of its own (`isolation`)';
  throw new PluginError(
    'ERR_INVALID_ARGUMENT',
    `A session of \`${cleanLogLine(plugin)}\` cannot be opened: it ${why}`,
    {
      plugin,
      version: lane.version,
      hint: `Only the engine's own binding, in this process, has sessions; \`inspect\` shows it. SHA-256: ${component.sha256.slice(0, 12)}.`,
    },
  );
}
