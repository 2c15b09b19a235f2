import type { ExternItem } from '../component/analyze.ts';
import { signatureHash } from '../component/interface-hash.ts';
import { parseInterfaceName, releasedVersion } from './interface-name.ts';

/** What the standard has components export: a program that is run, or a server that is asked. */
export type StandardRole = 'command' | 'http';

interface StandardExport {
  readonly interface: string;
  readonly func: string;
  /** The `signatureHash` of the function. */
  readonly signature: string;
}

/** https://github.com/WebAssembly/WASI/tree/v0.2.12/proposals: the worlds `wasi:cli/command` and `wasi:http/proxy`. */
export const STANDARD_EXPORTS: Readonly<Record<StandardRole, StandardExport>> = {
  command: { interface: 'wasi:cli/run', func: 'run', signature: 'cc633e07' },
  http: { interface: 'wasi:http/incoming-handler', func: 'handle', signature: '48861e31' },
};

/** Whether a component exports what makes it a program, or a server, in any release 0.2.x. */
export function hasRole(exports: readonly ExternItem[], role: StandardRole): boolean {
  const { func, signature } = STANDARD_EXPORTS[role];
  return exports.some(({ name, type }) => {
    const found = isOfRole(name, role) && type.kind === 'instance' ? type.exports.get(func) : undefined;
    return found?.kind === 'func' && signatureHash(found) === signature;
  });
}

/** Whether the name of an export is that of the interface of a role, in any release 0.2.x. */
export function isOfRole(name: string, role: StandardRole): boolean {
  const parsed = parseInterfaceName(name);
  if (parsed?.version === undefined || `${parsed.package}/${parsed.interface}` !== STANDARD_EXPORTS[role].interface)
    return false;
  const version = releasedVersion(parsed.version);
  return version !== undefined && version[0] === 0 && version[1] === 2;
}
