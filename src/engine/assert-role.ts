import type { ArtifactSummary, CallableFunction } from '../artifact/artifact.ts';
import { unversioned } from '../canonical-abi/runtime/names.ts';
import { shownName } from '../component/names.ts';
import { isOfRole, STANDARD_EXPORTS, type StandardRole } from '../contract/standard.ts';
import { PluginError } from '../errors.ts';

const ROLES = { command: 'a command', http: 'a handler of HTTP' } as const;

/**
 * Refuses what a component of another world may have under the name of a standard interface, too: its functions would be
 * called with values of other types.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function assertRole(summary: ArtifactSummary, role: StandardRole): void {
  const { interface: owner, func } = STANDARD_EXPORTS[role];
  const found = summary.functions.filter(
    (exported) => exported.name === func && isOfRole(exported.interface ?? '', role),
  );
  if (found.length > 0 && found.every((exported) => FITS[role](exported, summary))) return;
  const exported = summary.exports.slice(0, 5).map(shownName).join(', ') || 'nothing';
  const types = found.length === 0 ? '' : `, where \`${func}\` has other types than the standard's`;
  throw new PluginError('ERR_INVALID_ARGUMENT', `The plugin is not ${ROLES[role]}: it exports ${exported}${types}`, {
    hint: `It would export ${owner} in a release 0.2.x.`,
  });
}

const FITS: Readonly<Record<StandardRole, (exported: CallableFunction, summary: ArtifactSummary) => boolean>> = {
  command({ params, result }, { types }) {
    const type = result === undefined ? undefined : types[result];
    return params.length === 0 && type?.kind === 'result' && type.ok === undefined && type.error === undefined;
  },
  // Which resources pass is seen when they do; whoever imports none of the standard's can only have others.
  http: ({ params, result, obstacle }, { imports }) =>
    params.length === 2 &&
    result === undefined &&
    obstacle !== undefined &&
    imports.some((name) => unversioned(name) === 'wasi:http/types'),
};
