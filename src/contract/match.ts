import type { ComponentAnalysis, ExternItem } from '../component/analyze.ts';
import { interfaceHash } from '../component/interface-hash.ts';
import { shownName } from '../component/names.ts';
import type { ExternType, FuncType, InstanceType } from '../component/types.ts';
import { PluginError } from '../errors.ts';
import { funcDifference } from './difference.ts';
import { type InterfaceName, parseInterfaceName, releasedVersion } from './interface-name.ts';
import { type Need, needOf } from './needs.ts';
import { isWasi, type Misfit, misfit, type WasiVersion, wasiVersion } from './wasi.ts';
import { CONTRACT_MAJOR, CONTRACT_PACKAGE, HOST_API, WORLDS, type World, type WorldContract } from './worlds.ts';

/** How a component fits the contract. */
export interface ContractMatch {
  readonly world: World | 'none';
  /** The name of the exported interface, exactly as the component writes it, version included; empty without a world. */
  readonly exportName: string;
  /** The name under which it imports the host API, if it does. */
  readonly hostApi: string | undefined;
  /** The names of the WASI interfaces that it imports. */
  readonly wasi: readonly string[];
  /** The world of the embedder's own that it implements: `acme:app/plugin@1.0.0`. */
  readonly own?: string;
  /** What it imports beside these. */
  readonly needs: readonly Need[];
}

/** What becomes of imports that are neither the contract's nor WASI's. */
export type OtherImports = 'refused' | 'supplied';

const CONTRACT = `${CONTRACT_PACKAGE}@${CONTRACT_MAJOR}`;
const HINT = 'Build the plugin against a world of `wit/plugin-system.wit` in this package.';

/**
 * Finds the world of the contract that a component implements and checks that the host offers what it imports. The
 * package may be unversioned or any release 1.x.y. More exports than the contract asks for are fine.
 *
 * @throws {PluginError} `ERR_INCOMPATIBLE_WIT` where no world fits, saying what differs and both interface hashes;
 * `ERR_UNKNOWN_IMPORT` for an import that the host does not offer.
 *
 * @param others `supplied` leaves it to whoever loads the component to find who supplies them. @default 'refused'
 */
export function matchContract(analysis: ComponentAnalysis, others: OtherImports = 'refused'): ContractMatch {
  const { contract, item } = findWorld(analysis.exports);
  assertExport(contract, item);
  return { world: contract.world, exportName: item.name, ...matchImports(analysis.imports, others) };
}

/**
 * The same for a component that need not be a plugin: one that fits no world has the world `none`, and only its own
 * functions can be called.
 *
 * @throws {PluginError} for imports, as {@link matchContract}.
 */
export function matchAny(analysis: ComponentAnalysis, others: OtherImports = 'refused'): ContractMatch {
  const imports = matchImports(analysis.imports, others);
  try {
    return matchContract(analysis, others);
  } catch (error) {
    if (error instanceof PluginError && error.code === 'ERR_INCOMPATIBLE_WIT') {
      return { world: 'none', exportName: '', ...imports };
    }
    throw error;
  }
}

interface Candidate {
  readonly contract: WorldContract;
  readonly item: ExternItem;
}

/** The preferred interface of the contract among the exports, in its highest compatible version. */
function findWorld(exports: readonly ExternItem[]): Candidate {
  const candidates = WORLDS.flatMap((contract) =>
    exports.filter((item) => isContract(item.name, contract.interface)).map((item) => ({ contract, item })),
  );
  for (const contract of WORLDS) {
    const compatible = candidates
      .filter((candidate) => candidate.contract === contract && isCompatible(candidate.item.name))
      .sort((a, b) => compareVersions(a.item.name, b.item.name));
    const found = compatible.at(-1);
    if (found !== undefined) return found;
  }
  const other = candidates[0];
  if (other !== undefined) throw otherVersion('exports', other.item, other.contract.type);
  const names = WORLDS.map((contract) => contract.interface).join(', ');
  const got = exports.length === 0 ? 'nothing' : cutList(exports.map(({ name }) => name));
  throw new PluginError(
    'ERR_INCOMPATIBLE_WIT',
    `The component exports none of ${names} of ${CONTRACT}; it exports ${got}`,
    {
      hint: HINT,
    },
  );
}

function assertExport({ type }: WorldContract, { name, type: got }: ExternItem): void {
  if (got.kind !== 'instance') throw incompatible(`the export ${shownName(name)} is a ${got.kind}, not an interface`);
  for (const [funcName, expected] of type.exports) {
    const found = got.exports.get(funcName);
    if (found === undefined) {
      throw incompatible(`the export ${shownName(name)} lacks ${shownName(funcName)}`, type, got);
    }
    const difference = funcDifference(funcName, expected as FuncType, found);
    if (difference !== undefined) {
      throw incompatible(`the export ${shownName(name)} has other types: ${difference}`, type, got);
    }
  }
}

function matchImports(
  imports: readonly ExternItem[],
  others: OtherImports,
): Pick<ContractMatch, 'hostApi' | 'wasi' | 'needs'> {
  let hostApi: string | undefined;
  const wasi: string[] = [];
  const needs: Need[] = [];
  for (const item of imports) {
    const { name, type } = item;
    if (isContract(name, HOST_API.interface)) {
      assertHostApi(item);
      if (hostApi !== undefined) {
        throw incompatible(`it imports the host API twice, as ${shownName(hostApi)} and as ${shownName(name)}`);
      }
      hostApi = name;
      continue;
    }
    const parsed = parseInterfaceName(name);
    if (type.kind === 'instance' && parsed !== undefined && isWasi(parsed)) {
      const found = misfit(parsed, type);
      if (found !== undefined) throw notOfWasi(name, wasiVersion(parsed)!, found);
      wasi.push(name);
    } else if (!isTypesOnly(type)) {
      const need = others === 'supplied' ? needOf(item) : undefined;
      if (need === undefined) throw unknownImport(name, type.kind === 'instance' ? 'interface' : type.kind);
      needs.push(need);
    }
  }
  return { hostApi, wasi, needs };
}

function assertHostApi(item: ExternItem): void {
  const { name, type: got } = item;
  if (!isCompatible(name)) throw otherVersion('imports', item, HOST_API.type);
  if (got.kind !== 'instance') throw incompatible(`the import ${shownName(name)} is a ${got.kind}, not an interface`);
  for (const [funcName, wanted] of got.exports) {
    if (isTypesOnly(wanted)) continue;
    const offered = HOST_API.type.exports.get(funcName);
    if (offered === undefined) {
      throw incompatible(
        `the import ${shownName(name)} asks for ${shownName(funcName)}, which the host does not offer`,
        HOST_API.type,
        got,
      );
    }
    const difference = funcDifference(funcName, offered as FuncType, wanted);
    if (difference !== undefined) {
      throw incompatible(`the import ${shownName(name)} has other types: ${difference}`, HOST_API.type, got);
    }
  }
}

/** Whether there is nothing to link: only names for value types, as `use` in a world imports them. */
function isTypesOnly(type: ExternType): boolean {
  if (type.kind === 'type') return type.type.kind !== 'resource';
  return type.kind === 'instance' && [...type.exports.values()].every(isTypesOnly);
}

function isContract(name: string, interfaceName: string): boolean {
  const parsed = parseInterfaceName(name);
  return parsed?.package === CONTRACT_PACKAGE && parsed.interface === interfaceName;
}

function isCompatible(name: string): boolean {
  const version = parseInterfaceName(name)?.version;
  return version === undefined || releasedVersion(version)?.[0] === CONTRACT_MAJOR;
}

/** Orders names of compatible versions; the one without a version comes first. */
function compareVersions(a: string, b: string): number {
  const [, minorA, patchA] = releasedVersion(parseInterfaceName(a)?.version ?? '0.0.0') ?? [0, -1, 0];
  const [, minorB, patchB] = releasedVersion(parseInterfaceName(b)?.version ?? '0.0.0') ?? [0, -1, 0];
  return minorA - minorB || patchA - patchB;
}

function incompatible(what: string, expected?: InstanceType, got?: InstanceType): PluginError {
  const hashes =
    expected !== undefined && got !== undefined
      ? ` (interface hashes: expected ${interfaceHash(expected)}, got ${interfaceHash(got)})`
      : '';
  return new PluginError('ERR_INCOMPATIBLE_WIT', `The component does not fit ${CONTRACT}: ${what}${hashes}`, {
    hint: HINT,
  });
}

function otherVersion(verb: string, { name, type }: ExternItem, expected: InstanceType): PluginError {
  return incompatible(
    `it ${verb} ${shownName(name)}, and this host speaks version ${CONTRACT_MAJOR}.x`,
    expected,
    type.kind === 'instance' ? type : undefined,
  );
}

/**
 * An import that nobody supplies.
 *
 * @param kind What it is: an interface, or a function, a component, a module, … by itself.
 * @param why More than what the host offers. @default what could be done
 */
export function unknownImport(name: string, kind: string, why?: string): PluginError {
  const hint = why ?? importHint(parseInterfaceName(name), kind);
  const what = kind === 'interface' ? '' : `the ${kind === 'function' ? 'func' : kind} `;
  return new PluginError(
    'ERR_UNKNOWN_IMPORT',
    `The component imports ${what}${shownName(name)}, which the host does not offer`,
    { hint },
  );
}

function notOfWasi(name: string, version: WasiVersion, { member, why }: Misfit): PluginError {
  const hint = `Build the plugin against the interfaces of WASI ${version} as they were released.`;
  if (why === 'other types') {
    return new PluginError(
      'ERR_INCOMPATIBLE_WIT',
      `The component imports ${shownName(member)} of ${shownName(name)} with other types than WASI ${version} gives it`,
      { hint },
    );
  }
  return new PluginError(
    'ERR_UNKNOWN_IMPORT',
    `The component imports ${shownName(member)} of ${shownName(name)}, which that interface of WASI ${version} does not have`,
    { hint },
  );
}

function cutList(names: readonly string[]): string {
  const shown = names.slice(0, 5).map(shownName).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

/** Drafts of WASI, and what `suppliers` has for them. */
const SUPPLIERS: Readonly<Record<string, string>> = {
  'wasi:config': 'wasiConfig',
  'wasi:logging': 'wasiLogging',
};

const KEY_VALUE_HINT = 'Grant it: `imports: suppliers.keyValue(memoryStore())`, or with `sqliteStore` or `redisStore`.';

function importHint(parsed: InterfaceName | undefined, kind: string): string {
  if (parsed?.package === 'wasi:keyvalue') return KEY_VALUE_HINT;
  if (parsed !== undefined && Object.hasOwn(SUPPLIERS, parsed.package)) {
    const { package: owner, interface: name } = parsed;
    return `Grant it: \`imports: { '${owner}/${name}': suppliers.${SUPPLIERS[owner]} }\`.`;
  }
  if (parsed?.package === 'wasi:sockets' && wasiVersion(parsed) === '0.3') {
    return 'Sockets of WASI 0.3 are not offered yet; those of 0.2 are. Build it against `wasi:sockets@0.2`, or without them.';
  }
  if (parsed?.package.startsWith('wasi:')) {
    return 'The host offers wasi:cli, clocks, filesystem, http, io, random and sockets in the releases 0.2.x, and all of these but io and sockets in 0.3.x. Supply another interface with `imports`.';
  }
  const hint = 'A plugin may import the host API of the contract and the interfaces of WASI.';
  if (kind !== 'interface' && kind !== 'function' && kind !== 'func') return hint;
  return `${hint} Supply it with \`imports\` (\`--import\` on the command line), or compose it with a component that exports it: \`wac plug\`.`;
}
