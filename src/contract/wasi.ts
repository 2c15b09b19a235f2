import { signatureHash } from '../component/interface-hash.ts';
import type { InstanceType } from '../component/types.ts';
import { type InterfaceName, releasedVersion } from './interface-name.ts';
import { WASI_SIGNATURES } from './wasi-signatures.ts';

/**
 * The functions of each interface of WASI 0.2, with the hashes of their types. They always link, and deny what is not
 * granted. Nothing else does: the classes behind them have members that are the host's own, and take what they are
 * passed for what the standard says it is (a length that is not a number gets past every limit).
 */
export const WASI_FUNCTIONS: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map(
  Object.entries(WASI_SIGNATURES).map(([name, functions]) => [name, new Map(Object.entries(functions))]),
);

/** Whether an import is an interface of WASI 0.2 that the host offers, in any release 0.2.x. */
export function isWasi(name: InterfaceName): boolean {
  if (name.version === undefined || !WASI_FUNCTIONS.has(`${name.package}/${name.interface}`)) return false;
  const version = releasedVersion(name.version);
  return version !== undefined && version[0] === 0 && version[1] === 2;
}

/** What a component asks an interface of WASI for and does not get. */
export interface Misfit {
  readonly member: string;
  /** `unknown`: it is none of its functions or types. `other types`: the function passes something else. */
  readonly why: 'unknown' | 'other types';
}

/** The first member of an interface of WASI, as a component imports it, that is not as the standard has it. */
export function misfit(
  { package: pkg, interface: name }: InterfaceName,
  { exports }: InstanceType,
): Misfit | undefined {
  const functions = WASI_FUNCTIONS.get(`${pkg}/${name}`);
  for (const [member, type] of exports) {
    if (type.kind === 'type') continue;
    const hash = functions?.get(member);
    if (type.kind !== 'func' || hash === undefined) return { member, why: 'unknown' };
    if (signatureHash(type) !== hash) return { member, why: 'other types' };
  }
  return undefined;
}
