import type { ArtifactSummary } from '../artifact/artifact.ts';
import { shownName } from '../component/names.ts';
import {
  compareReleases,
  type InterfaceName,
  parseInterfaceName,
  type Release,
  releasedVersion,
} from '../contract/interface-name.ts';
import { offerFor } from '../contract/needs.ts';
import { PluginError } from '../errors.ts';

type Functions = ArtifactSummary['functions'];
/** A function that a component exports. */
export type ExportedFunction = Functions[number];

/** How many functions an error names. */
const NAMED = 10;
/** Characters of a function's name beyond which nobody mistypes a single one of them. */
const MAX_SLIPS_LOOKED_FOR = 100;

/**
 * Finds the function that a path means among those that a component exports. The version of its interface need not be
 * spelt out: `@1.0` and `@1` are any that begins so, none is the newest, and one that is not there is what is compatible with it.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` when there is none, with those that are near.
 */
export function exportedFunction(functions: Functions, path: string): ExportedFunction {
  const exact = functions.find((candidate) => candidate.path === path);
  if (exact !== undefined) return exact;
  const at = path.indexOf('#');
  const [owner, name] = [path.slice(0, at), path.slice(at + 1)];
  const owners = functions.flatMap((func) =>
    func.interface !== undefined && func.name === name ? func.interface : [],
  );
  const found = at > 0 ? exportedInterface(owners, owner) : undefined;
  const func = functions.find((candidate) => candidate.interface === found && candidate.name === name);
  if (found === undefined || func === undefined) throw noSuchFunction(functions, path);
  return func;
}

/** The interface, among those with these names, that a name means: see {@link exportedFunction}. */
export function exportedInterface(names: readonly string[], meant: string): string | undefined {
  if (names.includes(meant)) return meant;
  const wanted = parseInterfaceName(meant);
  if (wanted === undefined) return undefined;
  return names
    .filter((name) => stands(wanted, meant, name))
    .sort(byVersion)
    .at(-1);
}

/** Whether an interface that is there stands for one that is asked for. */
function stands(wanted: InterfaceName, meant: string, name: string): boolean {
  const has = parseInterfaceName(name);
  if (has?.package !== wanted.package || has.interface !== wanted.interface) return false;
  return (
    wanted.version === undefined ||
    has.version?.startsWith(`${wanted.version}.`) ||
    offerFor(meant, [name]) !== undefined
  );
}

/** Pre-releases come first, in no order. */
function byVersion(one: string, other: string): number {
  return compareReleases(releaseOf(one), releaseOf(other));
}

function releaseOf(name: string): Release {
  return releasedVersion(parseInterfaceName(name)?.version ?? '') ?? [-1, 0, 0];
}

function noSuchFunction(functions: ArtifactSummary['functions'], path: string): PluginError {
  const callable = functions.filter(({ obstacle }) => obstacle === undefined).map((func) => func.path);
  const near = callable.filter((candidate) => isNear(candidate, path));
  const named = (near.length > 0 ? near : callable).slice(0, NAMED);
  const names = named.map(shownName).join(', ');
  const more = near.length === 0 && callable.length > NAMED ? ` and ${callable.length - NAMED} more` : '';
  const some = near.length > 0 ? `Is it ${names}?` : `It exports ${names}${more}.`;
  return new PluginError('ERR_INVALID_ARGUMENT', `The component exports no function ${shownName(path)}`, {
    hint: callable.length === 0 ? 'It exports none that can be called.' : some,
  });
}

/** Whether a path may be what was meant: another interface or version of it, or a slip in the function's name. */
function isNear(path: string, meant: string): boolean {
  const [own, wanted] = [ownName(path), ownName(meant)];
  return own === wanted || (wanted.length > 2 && wanted.length <= MAX_SLIPS_LOOKED_FOR && isOneSlip(own, wanted));
}

/** `move` of `local:geometry/shapes@1.0.0#move`, and of what people write for it; without case and dashes. */
function ownName(path: string): string {
  return path
    .slice(Math.max(path.lastIndexOf('#'), path.lastIndexOf('/')) + 1)
    .replaceAll('-', '')
    .toLowerCase();
}

/** Whether one character more, less or different makes one name of the other. */
function isOneSlip(one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > 1) return false;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  const [rest, otherRest] = [one.slice(at), other.slice(at)];
  return rest.slice(1) === otherRest.slice(1) || rest.slice(1) === otherRest || rest === otherRest.slice(1);
}
