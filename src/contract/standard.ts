import type { ExternItem } from '../component/analyze.ts';
import { signatureHash } from '../component/interface-hash.ts';
import { parseInterfaceName } from './interface-name.ts';
import { type WasiVersion, wasiVersion } from './wasi.ts';

/** What the standard has components export: a program that is run, or a server that is asked. */
export type StandardRole = 'command' | 'http';

/** The function that an interface of the standard's has for a role. */
export interface StandardExport {
  /** The world that exports it. */
  readonly world: string;
  readonly interface: string;
  readonly func: string;
  /** The `signatureHash` of the function. */
  readonly signature: string;
}

/**
 * https://github.com/WebAssembly/WASI/tree/v0.2.12/proposals: the worlds `wasi:cli/command` and `wasi:http/proxy`;
 * https://github.com/WebAssembly/WASI/tree/v0.3.0/proposals: `wasi:cli/command` and `wasi:http/service`.
 */
export const STANDARD_EXPORTS: Readonly<Record<StandardRole, Readonly<Record<WasiVersion, StandardExport>>>> = {
  command: {
    '0.2': { world: 'wasi:cli/command', interface: 'wasi:cli/run', func: 'run', signature: 'cc633e07' },
    '0.3': { world: 'wasi:cli/command', interface: 'wasi:cli/run', func: 'run', signature: '7d44fd00' },
  },
  http: {
    '0.2': { world: 'wasi:http/proxy', interface: 'wasi:http/incoming-handler', func: 'handle', signature: '48861e31' },
    '0.3': { world: 'wasi:http/service', interface: 'wasi:http/handler', func: 'handle', signature: 'f31c22d6' },
  },
};

/** Whether a component exports what makes it a program, or a server, in any release 0.2.x or 0.3.x. */
export function hasRole(exports: readonly ExternItem[], role: StandardRole): boolean {
  return exports.some((item) => worldOf(item, role) !== undefined);
}

/** The first world of the standard that a component implements, without patch: `wasi:cli/command@0.3`. */
export function standardWorld(exports: readonly ExternItem[]): string | undefined {
  for (const role of ['command', 'http'] as const) {
    for (const item of exports) {
      const world = worldOf(item, role);
      if (world !== undefined) return world;
    }
  }
  return undefined;
}

function worldOf({ name, type }: ExternItem, role: StandardRole): string | undefined {
  const version = versionOfRole(name, role);
  if (version === undefined || type.kind !== 'instance') return undefined;
  const { world, func, signature } = STANDARD_EXPORTS[role][version];
  const found = type.exports.get(func);
  return found?.kind === 'func' && signatureHash(found) === signature ? `${world}@${version}` : undefined;
}

/** Of which WASI the interface of a role is that has the name of an export; undefined for other names. */
export function versionOfRole(name: string, role: StandardRole): WasiVersion | undefined {
  const parsed = parseInterfaceName(name);
  const version = parsed && wasiVersion(parsed);
  if (version === undefined) return undefined;
  return `${parsed!.package}/${parsed!.interface}` === STANDARD_EXPORTS[role][version].interface ? version : undefined;
}
