import type { ComponentAnalysis, ExternItem } from '../component/analyze.ts';
import { planCaps } from '../component/caps.ts';
import { shownName } from '../component/names.ts';
import type { ExternType, FuncType } from '../component/types.ts';
import { funcDifference } from '../contract/difference.ts';
import { parseInterfaceName } from '../contract/interface-name.ts';
import { matchContract } from '../contract/match.ts';
import { standardWorld } from '../contract/standard.ts';
import { CONTRACT_PACKAGE, HOST_API, WORLDS } from '../contract/worlds.ts';
import { PluginError } from '../errors.ts';

/** An export side with which nothing is wrong, to look at imports on their own. */
const FITTING: readonly ExternItem[] = WORLDS.slice(0, 1).map(({ interface: name, type }) => ({
  name: `${CONTRACT_PACKAGE}/${name}`,
  kind: 'instance',
  type,
}));

/**
 * Everything that keeps a component from fitting the contract and the memory of a policy. Loading stops at the first of
 * these; whoever repairs a plugin wants to see them all.
 */
export function findMismatches(analysis: ComponentAnalysis, maxMemoryBytes: number): PluginError[] {
  const problems = isStandardOnly(analysis) ? [] : attempt(() => matchContract({ ...analysis, imports: [] }));
  if (problems.length > 0) problems.push(...furtherExportDifferences(analysis.exports, problems[0]!));
  const imports = analysis.imports.flatMap((item) => {
    const found = attempt(() => matchContract({ ...analysis, exports: FITTING, imports: [item] }));
    if (found.length > 0) found.push(...furtherImportDifferences(item, found[0]!));
    return found;
  });
  // Each import fits; together they may not.
  if (imports.length === 0) imports.push(...attempt(() => matchContract({ ...analysis, exports: FITTING })));
  return [...problems, ...imports, ...attempt(() => planCaps(analysis, maxMemoryBytes))];
}

/** A program or a server need not be a plugin besides: it is judged as one where it was meant to be. */
function isStandardOnly({ exports }: ComponentAnalysis): boolean {
  const isMeant = exports.some(({ name }) => parseInterfaceName(name)?.package === CONTRACT_PACKAGE);
  return !isMeant && standardWorld(exports) !== undefined;
}

function furtherExportDifferences(exports: readonly ExternItem[], reported: PluginError): PluginError[] {
  for (const { interface: name, type: contract } of WORLDS) {
    const item = exports.find((candidate) => isContract(candidate, name));
    if (item?.type.kind !== 'instance') continue;
    const { exports: found } = item.type;
    return further(item, reported, [...contract.exports], (func, expected) => {
      const got = found.get(func);
      return got === undefined ? `lacks ${shownName(func)}` : funcDifference(func, expected as FuncType, got);
    });
  }
  return [];
}

function furtherImportDifferences(item: ExternItem, reported: PluginError): PluginError[] {
  if (!isContract(item, HOST_API.interface) || item.type.kind !== 'instance') return [];
  return further(item, reported, [...item.type.exports], (func, got) => {
    if (got.kind !== 'func') return undefined;
    const offered = HOST_API.type.exports.get(func);
    if (offered === undefined) return `asks for ${shownName(func)}, which the host does not offer`;
    return funcDifference(func, offered as FuncType, got);
  });
}

/** What differs beyond what the match has reported, which is the first difference and the hashes of both sides. */
function further(
  { name }: ExternItem,
  reported: PluginError,
  funcs: readonly (readonly [string, ExternType])[],
  compare: (func: string, type: ExternType) => string | undefined,
): PluginError[] {
  return funcs.flatMap(([func, type]) => {
    const what = compare(func, type);
    if (what === undefined || reported.message.includes(what)) return [];
    return [new PluginError(reported.code, `Also in ${shownName(name)}: ${what}`, { hint: reported.hint })];
  });
}

function isContract({ name }: ExternItem, interfaceName: string): boolean {
  const parsed = parseInterfaceName(name);
  return parsed?.package === CONTRACT_PACKAGE && parsed.interface === interfaceName;
}

function attempt(check: () => unknown): PluginError[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof PluginError) return [error];
    throw error;
  }
}
