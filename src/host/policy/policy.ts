import { isAbsolute } from 'node:path';
import {
  flag,
  invalidArgument,
  knownKeys,
  MAX_TIMER_MS,
  type NumberRanges,
  oneOf,
  wholeNumber,
} from '../../arguments/arguments.ts';
import { isPattern } from './network-grants.ts';

const MiB = 1024 * 1024;

/**
 * A host directory that a plugin may reach, and the path under which it sees it.
 *
 * @example
 * const data: DirectoryGrant = { directory: '/srv/redact', mount: '/data' };
 * await engine.loadPlugin('redact', 'redact.wasm', { sandbox: { allowFsRead: [data] } });
 */
export interface DirectoryGrant {
  /** An absolute path on the host. */
  readonly directory: string;
  /** Where the guest sees it. @default the same path */
  readonly mount?: string;
}

/**
 * What a plugin may reach and what it may use. Fields that are left out are those of {@link restricted}. Limits hold
 * for each call into the plugin alike: instantiation, `initialize`, `process`, `get-metadata` and `shutdown`.
 *
 * @example
 * const sandbox: Policy = { allowNetwork: ['api.example.org:443'], cpuTimeLimitMs: 100, maxMemoryBytes: 64 * 2 ** 20 };
 * await engine.loadPlugin('proxy', 'proxy.wasm', { sandbox });
 */
export interface Policy {
  /** Directories whose files the plugin may read. @default [] */
  readonly allowFsRead?: readonly (string | DirectoryGrant)[];
  /** Directories whose files the plugin may read, create, change and remove. @default [] */
  readonly allowFsWrite?: readonly (string | DirectoryGrant)[];
  /**
   * Patterns `host:port` that the plugin may connect to. `*` stands for any port, for one leading label of a name, or, as
   * the whole host, for everything public. Addresses that are not public have to be named themselves, or by a range
   * (`10.0.0.0/8:5432`). See `docs/security.md`. @default []
   */
  readonly allowNetwork?: readonly string[];
  /** Names of the host's environment variables that the plugin may see. @default [] */
  readonly allowEnv?: readonly string[];
  /** Whether the wall clock and the monotonic clock tell the time. @default true */
  readonly allowClocks?: boolean;
  /** Whether random numbers can be had. @default true */
  readonly allowRandom?: boolean;
  /** Bytes of linear memory and tables, over all core instances of one instance of the plugin. @default 32 MiB */
  readonly maxMemoryBytes?: number;
  /** Bytes of stack; rounded up to the next of 1 MiB, 4 MiB and 64 MiB. @default 4 MiB */
  readonly maxStackBytes?: number;
  /** Milliseconds of CPU time for one call. @default 30_000 */
  readonly cpuTimeLimitMs?: number;
  /** Milliseconds for one call, blocked time included. @default 60_000 */
  readonly wallTimeLimitMs?: number;
  /**
   * How a call ends that runs over a limit, or is given up. `terminate`: its thread is ended, and every instance on it with
   * it. `trap`: the plugin is compiled with checks at which it traps, and only its instance is lost; what does not come to a
   * check in time still has its thread ended. The checks cost up to some percent. @default 'terminate'
   */
  readonly interrupt?: 'trap' | 'terminate';
  /**
   * WebAssembly instructions of one call, counted the same on every machine: the plugin is compiled with code that counts
   * them, which costs more the shorter its loops and functions are. Bulk instructions count one for each 16 bytes or entry of
   * a table. @default no bound, and nothing is counted
   */
  readonly maxInstructions?: number;
  /** Bytes that one call may return, or write to the streams of its caller. @default 16 MiB */
  readonly maxOutputBytes?: number;
  /** Calls to the host (`host-api` and WASI) during one call. @default 100_000 */
  readonly maxHostCalls?: number;
  /**
   * Bytes of strings and lists that functions of the embedder's (`imports`) take and return during one call.
   * @default 64 MiB
   */
  readonly maxHostCallBytes?: number;
  /** Bytes of log messages, events and captured output during one call; beyond it the guest gets an error. @default 64 KiB */
  readonly maxLogBytes?: number;
  /** `warm`: an instance serves many requests, one after the other. `fresh`: each request gets its own. @default 'warm' */
  readonly instances?: 'warm' | 'fresh';
  /** Requests after which a warm instance is shut down and replaced. @default no bound */
  readonly maxRequestsPerInstance?: number;
  /**
   * Whether an instance is noted after `initialize` and brought back to that for the next request, where each has its own,
   * instead of being made anew. `exact`: unless it has drawn random numbers or asked for the time of day by then, has been
   * granted directories or the network, or has what cannot be brought back. `with-random`: also where it has drawn random
   * numbers or asked for the time, of which each request then finds the same. `never`: each is made anew. See `docs/limits.md`. @default 'exact'
   */
  readonly snapshots?: 'exact' | 'with-random' | 'never';
  /**
   * Requests that one instance serves at a time, for plugins whose functions are `async`: while one waits for a function of the
   * host's, others go on. What ends one by force ends all that had begun in its instance, with `ERR_WORKER_CRASHED` for the others.
   * Needs `instances: 'warm'`. @default 1
   */
  readonly concurrency?: number;
  /** The component's SHA-256 in hexadecimal; other bytes do not load under this policy. @default any */
  readonly sha256?: string;
}

/**
 * A policy with every field present, checked and frozen.
 *
 * @example
 * const policy: ResolvedPolicy = resolvePolicy({ cpuTimeLimitMs: 100 });
 * console.log(policy.wallTimeLimitMs);
 */
export interface ResolvedPolicy {
  readonly allowFsRead: readonly Required<DirectoryGrant>[];
  readonly allowFsWrite: readonly Required<DirectoryGrant>[];
  readonly allowNetwork: readonly string[];
  readonly allowEnv: readonly string[];
  readonly allowClocks: boolean;
  readonly allowRandom: boolean;
  readonly maxMemoryBytes: number;
  readonly maxStackBytes: number;
  readonly cpuTimeLimitMs: number;
  readonly wallTimeLimitMs: number;
  readonly interrupt: 'trap' | 'terminate';
  readonly maxInstructions: number | undefined;
  readonly maxOutputBytes: number;
  readonly maxHostCalls: number;
  readonly maxHostCallBytes: number;
  readonly maxLogBytes: number;
  readonly instances: 'warm' | 'fresh';
  readonly maxRequestsPerInstance: number;
  readonly snapshots: 'exact' | 'with-random' | 'never';
  readonly concurrency: number;
  readonly sha256: string | undefined;
}

/**
 * No files, no network, no environment; 32 MiB, 30 s of CPU, 60 s of wall time. What a plugin gets that has no policy.
 *
 * @example
 * await engine.loadPlugin('redact', 'redact.wasm', { sandbox: { ...restricted, cpuTimeLimitMs: 100 } });
 */
export const restricted: Policy = Object.freeze({});

/**
 * Reads `/data`, writes `/tmp/plugin`, sees `PLUGIN_MODE`; 64 MiB, 60 s of CPU, 120 s of wall time.
 *
 * @example
 * await engine.loadPlugin('redact', 'redact.wasm', { sandbox: { ...standard, allowFsWrite: [] } });
 */
export const standard: Policy = Object.freeze({
  allowFsRead: Object.freeze(['/data']),
  allowFsWrite: Object.freeze(['/tmp/plugin']),
  allowEnv: Object.freeze(['PLUGIN_MODE']),
  maxMemoryBytes: 64 * MiB,
  cpuTimeLimitMs: 60_000,
  wallTimeLimitMs: 120_000,
});

const PRESETS: ReadonlyMap<string, Policy> = new Map([
  ['restricted', restricted],
  ['standard', standard],
]);

/**
 * The name of a preset, or a policy of one's own.
 *
 * @example
 * const sandbox: Sandbox = process.env['TRUSTED'] === '1' ? 'standard' : { cpuTimeLimitMs: 100 };
 * await engine.loadPlugin('redact', 'redact.wasm', { sandbox });
 */
export type Sandbox = 'restricted' | 'standard' | Policy;

const KEYS = [
  'allowFsRead',
  'allowFsWrite',
  'allowNetwork',
  'allowEnv',
  'allowClocks',
  'allowRandom',
  'maxMemoryBytes',
  'maxStackBytes',
  'cpuTimeLimitMs',
  'wallTimeLimitMs',
  'interrupt',
  'maxInstructions',
  'maxOutputBytes',
  'maxHostCalls',
  'maxHostCallBytes',
  'maxLogBytes',
  'instances',
  'maxRequestsPerInstance',
  'snapshots',
  'concurrency',
  'sha256',
] as const satisfies readonly (keyof Policy)[];

const FOREVER = Number.MAX_SAFE_INTEGER;

/** The whole numbers of a policy: what is checked, and what `schemas/policy.json` says. */
export const POLICY_NUMBERS: NumberRanges<Policy> = {
  // V8 holds no more than 4 GiB of 32-bit linear memory.
  maxMemoryBytes: { min: 64 * 1024, max: 4096 * MiB, default: 32 * MiB },
  maxStackBytes: { min: 64 * 1024, max: 64 * MiB, default: 4 * MiB },
  cpuTimeLimitMs: { min: 1, max: MAX_TIMER_MS, default: 30_000 },
  wallTimeLimitMs: { min: 1, max: MAX_TIMER_MS, default: 60_000 },
  maxInstructions: { min: 1, max: FOREVER, default: FOREVER },
  maxOutputBytes: { min: 0, max: 1024 * MiB, default: 16 * MiB },
  maxHostCalls: { min: 0, max: FOREVER, default: 100_000 },
  maxHostCallBytes: { min: 0, max: FOREVER, default: 64 * MiB },
  maxLogBytes: { min: 0, max: 64 * MiB, default: 64 * 1024 },
  maxRequestsPerInstance: { min: 1, max: FOREVER, default: FOREVER },
  // As many as one order of a thread holds.
  concurrency: { min: 1, max: 1024, default: 1 },
};

/** What the texts of a policy look like. */
export const POLICY_TEXTS: Readonly<Record<'allowEnv' | 'sha256', RegExp>> = {
  allowEnv: /^[^=\0]+$/,
  sha256: /^[0-9a-fA-F]{64}$/,
};

/**
 * Checks a policy and fills in what it leaves out.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`, naming the field, for an unknown preset, an unknown field or a value
 * out of range.
 *
 * @example
 * const { maxMemoryBytes } = resolvePolicy('standard');
 */
export function resolvePolicy(sandbox: Sandbox = 'restricted'): ResolvedPolicy {
  const policy = typeof sandbox === 'string' ? PRESETS.get(sandbox) : sandbox;
  if (policy === undefined) {
    throw invalidArgument(
      'sandbox',
      `${[...PRESETS.keys()].map((name) => `'${name}'`).join(', ')} or a policy object`,
      sandbox,
    );
  }
  knownKeys('sandbox', policy, KEYS);
  const whole = (name: keyof typeof POLICY_NUMBERS): number =>
    wholeNumber(`sandbox.${name}`, policy[name], POLICY_NUMBERS[name]);
  if (policy.instances === 'fresh' && (policy.concurrency ?? 1) > 1) {
    throw invalidArgument('sandbox.concurrency', "1 where `instances` is 'fresh'", policy.concurrency);
  }
  return Object.freeze({
    allowFsRead: directories('allowFsRead', policy.allowFsRead),
    allowFsWrite: directories('allowFsWrite', policy.allowFsWrite),
    allowNetwork: strings('allowNetwork', policy.allowNetwork, isPattern, 'a pattern `host:port`'),
    allowEnv: strings('allowEnv', policy.allowEnv, isVariable, 'the name of an environment variable'),
    allowClocks: flag('sandbox.allowClocks', policy.allowClocks, true),
    allowRandom: flag('sandbox.allowRandom', policy.allowRandom, true),
    maxMemoryBytes: whole('maxMemoryBytes'),
    maxStackBytes: whole('maxStackBytes'),
    cpuTimeLimitMs: whole('cpuTimeLimitMs'),
    wallTimeLimitMs: whole('wallTimeLimitMs'),
    interrupt: oneOf('sandbox.interrupt', policy.interrupt, ['trap', 'terminate'], 'terminate'),
    maxInstructions: policy.maxInstructions === undefined ? undefined : whole('maxInstructions'),
    maxOutputBytes: whole('maxOutputBytes'),
    maxHostCalls: whole('maxHostCalls'),
    maxHostCallBytes: whole('maxHostCallBytes'),
    maxLogBytes: whole('maxLogBytes'),
    instances: oneOf('sandbox.instances', policy.instances, ['warm', 'fresh'], 'warm'),
    maxRequestsPerInstance: whole('maxRequestsPerInstance'),
    snapshots: oneOf('sandbox.snapshots', policy.snapshots, ['exact', 'with-random', 'never'], 'exact'),
    concurrency: whole('concurrency'),
    sha256: fingerprint(policy.sha256),
  });
}

function isVariable(name: string): boolean {
  return POLICY_TEXTS.allowEnv.test(name);
}

function strings(
  name: keyof Policy,
  value: unknown,
  isValid: (text: string) => boolean,
  item: string,
): readonly string[] {
  if (value === undefined) return Object.freeze([]);
  if (!Array.isArray(value)) throw invalidArgument(`sandbox.${name}`, `an array whose items are each ${item}`, value);
  for (const [index, text] of value.entries()) {
    if (typeof text !== 'string' || !isValid(text)) throw invalidArgument(`sandbox.${name}[${index}]`, item, text);
  }
  return Object.freeze([...value]);
}

function directories(name: keyof Policy, value: unknown): readonly Required<DirectoryGrant>[] {
  const expectation = 'an array of absolute paths, or of `{directory, mount}`';
  if (value === undefined) return Object.freeze([]);
  if (!Array.isArray(value)) throw invalidArgument(`sandbox.${name}`, expectation, value);
  return Object.freeze(
    value.map((item: unknown, index) => {
      const at = `sandbox.${name}[${index}]`;
      const grant = typeof item === 'string' ? { directory: item } : knownKeys(at, item, ['directory', 'mount']);
      const { directory, mount = directory } = grant;
      for (const path of [directory, mount]) {
        if (typeof path !== 'string' || !isAbsolute(path) || path.includes('\0')) {
          throw invalidArgument(at, 'an absolute path, or `{directory, mount}` with absolute paths', item);
        }
      }
      return Object.freeze({ directory: directory as string, mount: mount as string });
    }),
  );
}

function fingerprint(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !POLICY_TEXTS.sha256.test(value))
    throw invalidArgument('sandbox.sha256', '64 hexadecimal digits', value);
  return value.toLowerCase();
}
