import type { ComponentAnalysis, ExternItem } from '../component/analyze.ts';
import { interfaceHash } from '../component/interface-hash.ts';
import { shownName } from '../component/names.ts';
import type { ExternType, InstanceType } from '../component/types.ts';
import { PluginError } from '../errors.ts';
import { funcDifference } from './difference.ts';
import { offerFor } from './needs.ts';

/** A world of the embedder's own WIT. */
export interface OwnWorld {
  /** `acme:app/plugin@1.0.0`. */
  readonly name: string;
  readonly imports: readonly ExternItem[];
  readonly exports: readonly ExternItem[];
}

/**
 * Finds the first of some worlds that a component fits: it exports all that the world does, in the same or a compatible
 * later version, and what it imports of the world has the world's types. More exports are fine; other imports are the
 * matter of whoever supplies them.
 *
 * @returns The name of the world.
 * @throws {PluginError} `ERR_INCOMPATIBLE_WIT`, with what differs from the first world of which it exports something.
 */
export function matchOwnWorld(analysis: ComponentAnalysis, worlds: readonly OwnWorld[]): string {
  const misfits = worlds.map((world) => ({ world, what: misfitOf(analysis, world) }));
  const fitting = misfits.find(({ what }) => what === undefined);
  if (fitting !== undefined) return fitting.world.name;
  const { world, what } = misfits.find((entry) => isMeant(analysis, entry.world)) ?? misfits[0]!;
  const others =
    worlds.length === 1 ? '' : `, nor the ${worlds.length - 1} other world${worlds.length === 2 ? '' : 's'}`;
  throw new PluginError('ERR_INCOMPATIBLE_WIT', `The component does not fit ${world.name}${others}: ${what}`, {
    hint: `Build the plugin against the world ${world.name} of the WIT that the host was given.`,
  });
}

/** Whether it exports anything of a world, so that it was probably built against it. */
function isMeant({ exports }: ComponentAnalysis, world: OwnWorld): boolean {
  const names = exports.map(({ name }) => name);
  return world.exports.some(({ name }) => offerFor(name, names) !== undefined);
}

function misfitOf({ imports, exports }: ComponentAnalysis, world: OwnWorld): string | undefined {
  for (const expected of world.exports) {
    if (isTypesOnly(expected.type)) continue;
    const name = offerFor(
      expected.name,
      exports.map((item) => item.name),
    );
    const found = exports.find((item) => item.name === name);
    if (found === undefined) return `it does not export ${shownName(expected.name)}${instead(exports)}`;
    const what = difference(`the export ${shownName(found.name)}`, expected.type, found.type);
    if (what !== undefined) return what;
  }
  const offered = world.imports.map(({ name }) => name);
  for (const { name, type } of imports) {
    const offer = world.imports.find((item) => item.name === offerFor(name, offered));
    if (offer === undefined) continue;
    // The other way round: of what the world offers it may ask for less.
    const what = shortfall(`the import ${shownName(name)}`, offer.type, type);
    if (what !== undefined) return what;
  }
  return undefined;
}

function instead(exports: readonly ExternItem[]): string {
  const names = exports.slice(0, 5).map(({ name }) => shownName(name));
  if (exports.length > names.length) names.push(`${exports.length - names.length} more`);
  return names.length === 0 ? '; it exports nothing' : `; it exports ${names.join(', ')}`;
}

/** Where an export lacks something of what is expected, or has it with other types. */
function difference(what: string, expected: ExternType, got: ExternType): string | undefined {
  if (expected.kind === 'func') return typed(what, funcDifference('it', expected, got));
  if (expected.kind !== 'instance') return undefined;
  if (got.kind !== 'instance') return `${what} is a ${got.kind}, not an interface`;
  for (const [name, wanted] of expected.exports) {
    if (wanted.kind !== 'func') continue;
    const found = got.exports.get(name);
    if (found === undefined) return `${what} lacks ${shownName(name)}${hashes(expected, got)}`;
    const differs = typed(what, funcDifference(name, wanted, found));
    if (differs !== undefined) return `${differs}${hashes(expected, got)}`;
  }
  return undefined;
}

/** Where an import asks for something that is not offered, or with other types. */
function shortfall(what: string, offered: ExternType, wanted: ExternType): string | undefined {
  if (offered.kind === 'func') return typed(what, funcDifference('it', offered, wanted));
  if (offered.kind !== 'instance') return undefined;
  if (wanted.kind !== 'instance') return `${what} is a ${wanted.kind}, not an interface`;
  for (const [name, asked] of wanted.exports) {
    if (asked.kind !== 'func') continue;
    const offer = offered.exports.get(name);
    if (offer?.kind !== 'func') return `${what} asks for ${shownName(name)}, which the world does not have`;
    const differs = typed(what, funcDifference(name, offer, asked));
    if (differs !== undefined) return `${differs}${hashes(offered, wanted)}`;
  }
  return undefined;
}

function typed(what: string, differs: string | undefined): string | undefined {
  return differs && `${what} has other types: ${differs}`;
}

function hashes(expected: InstanceType, got: InstanceType): string {
  return ` (interface hashes: expected ${interfaceHash(expected)}, got ${interfaceHash(got)})`;
}

function isTypesOnly(type: ExternType): boolean {
  if (type.kind === 'instance') return [...type.exports.values()].every(isTypesOnly);
  return type.kind === 'type';
}
