import { signatureHash } from '../component/interface-hash.ts';
import type { InstanceType } from '../component/types.ts';
import { type InterfaceName, releasedVersion } from './interface-name.ts';
import { WASI_3_SIGNATURES } from './wasi-3-signatures.ts';
import { WASI_SIGNATURES } from './wasi-signatures.ts';

/** The functions of each interface, by the interface's name without version, with the hashes of their types. */
type Functions = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * The functions of each interface of WASI 0.2. They always link, and deny what is not granted. Nothing else does: the
 * classes behind them have members that are the host's own, and take what they are passed for what the standard says it
 * is (a length that is not a number gets past every limit).
 */
export const WASI_FUNCTIONS: Functions = functionsOf(WASI_SIGNATURES);

/** The same for WASI 0.3. */
export const WASI_3_FUNCTIONS: Functions = functionsOf(WASI_3_SIGNATURES);

function functionsOf(signatures: Readonly<Record<string, Readonly<Record<string, string>>>>): Functions {
  return new Map(Object.entries(signatures).map(([name, functions]) => [name, new Map(Object.entries(functions))]));
}

/** `0.2` or `0.3`: releases of one of them only add to it. */
export type WasiVersion = '0.2' | '0.3';

/** Of which WASI an import or an export is by its version; undefined for drafts and others. */
export function wasiVersion({ version }: Pick<InterfaceName, 'version'>): WasiVersion | undefined {
  const released = version === undefined ? undefined : releasedVersion(version);
  if (released === undefined || released[0] !== 0) return undefined;
  return released[1] === 2 ? '0.2' : released[1] === 3 ? '0.3' : undefined;
}

function functionsIn(name: InterfaceName): ReadonlyMap<string, string> | undefined {
  const version = wasiVersion(name);
  if (version === undefined) return undefined;
  return (version === '0.2' ? WASI_FUNCTIONS : WASI_3_FUNCTIONS).get(`${name.package}/${name.interface}`);
}

/** Whether an import is an interface of WASI that the host offers, in any release 0.2.x or 0.3.x. */
export function isWasi(name: InterfaceName): boolean {
  return functionsIn(name) !== undefined;
}

/** What a component asks an interface of WASI for and does not get. */
export interface Misfit {
  readonly member: string;
  /** `unknown`: it is none of its functions or types. `other types`: the function passes something else. */
  readonly why: 'unknown' | 'other types';
}

/** The first member of an interface of WASI, as a component imports it, that is not as the standard has it. */
export function misfit(name: InterfaceName, { exports }: InstanceType): Misfit | undefined {
  const functions = functionsIn(name);
  for (const [member, type] of exports) {
    if (type.kind === 'type') continue;
    const hash = functions?.get(member);
    if (type.kind !== 'func' || hash === undefined) return { member, why: 'unknown' };
    if (signatureHash(type) !== hash) return { member, why: 'other types' };
  }
  return undefined;
}
