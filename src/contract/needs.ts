import type { ExternItem } from '../component/analyze.ts';
import {
  compareReleases,
  type InterfaceName,
  parseInterfaceName,
  type Release,
  releasedVersion,
} from './interface-name.ts';

/** What a component imports that neither the contract nor WASI has, so that the embedder has to supply it. */
export interface Need {
  /** As the component writes it, version included. */
  readonly name: string;
  /** A function that is imported by itself, or an interface of functions. */
  readonly kind: 'function' | 'interface';
  /** The functions in WIT's names; those of a resource as `[method]cart.add`. */
  readonly functions: readonly string[];
}

/** An import as the need that an embedder can meet; undefined for a component, a module or a value. */
export function needOf({ name, type }: ExternItem): Need | undefined {
  if (type.kind === 'func') return { name, kind: 'function', functions: [name] };
  if (type.kind !== 'instance') return undefined;
  const functions = [...type.exports].flatMap(([member, { kind }]) => (kind === 'func' ? [member] : []));
  return { name, kind: 'interface', functions };
}

/**
 * The name among those that are offered that meets a need: the same version, else the newest one that is compatible as
 * semantic versioning has it, else one without a version, which stands for any.
 */
export function offerFor(need: string, offered: Iterable<string>): string | undefined {
  const wanted = parseInterfaceName(need);
  let best: string | undefined;
  let bestVersion = NONE;
  for (const offer of offered) {
    if (offer === need) return offer;
    const found = parseInterfaceName(offer);
    if (wanted === undefined || found === undefined || !isSame(wanted, found)) continue;
    const version = found.version === undefined ? ANY : compatible(wanted.version, found.version);
    if (version === undefined || compareReleases(version, bestVersion) <= 0) continue;
    best = offer;
    bestVersion = version;
  }
  return best;
}

const NONE: Release = [-1, -1, -1];
const ANY: Release = [-1, -1, 0];

function isSame(one: InterfaceName, other: InterfaceName): boolean {
  return one.package === other.package && one.interface === other.interface;
}

/** The version that is offered, if whoever was built against the other one can use it. */
function compatible(wanted: string | undefined, offered: string): Release | undefined {
  const asked = wanted === undefined ? undefined : releasedVersion(wanted);
  const has = releasedVersion(offered);
  if (asked === undefined || has === undefined || compareReleases(asked, has) > 0) return undefined;
  // What may change: below 1.0.0 the minor version breaks, below 0.1.0 every one does.
  const breaking = asked[0] > 0 ? 0 : asked[1] > 0 ? 1 : 2;
  for (let part = 0; part <= breaking; part++) if (asked[part] !== has[part]) return undefined;
  return has;
}
