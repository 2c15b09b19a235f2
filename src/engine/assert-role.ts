import type { ArtifactSummary, CallableFunction } from '../artifact/artifact.ts';
import { shownName } from '../component/names.ts';
import { STANDARD_EXPORTS, type StandardRole, versionOfRole } from '../contract/standard.ts';
import type { WasiVersion } from '../contract/wasi.ts';
import { PluginError } from '../errors.ts';

const ROLES = { command: 'a command', http: 'a handler of HTTP' } as const;

/**
 * Refuses what a component of another world may have under the name of a standard interface, too: its functions would be
 * called with values of other types.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function assertRole(summary: ArtifactSummary, role: StandardRole): void {
  const versions = STANDARD_EXPORTS[role];
  const found = summary.functions.flatMap((exported) => {
    const version = versionOfRole(exported.interface ?? '', role);
    return version !== undefined && exported.name === versions[version].func ? [{ exported, version }] : [];
  });
  if (found.length > 0 && found.every(({ exported, version }) => FITS[role][version](exported, summary))) return;
  const exported = summary.exports.slice(0, 5).map(shownName).join(', ') || 'nothing';
  const types = found.length === 0 ? '' : `, where \`${versions['0.2'].func}\` has other types than the standard's`;
  throw new PluginError('ERR_INVALID_ARGUMENT', `The plugin is not ${ROLES[role]}: it exports ${exported}${types}`, {
    hint: `It would export ${versions['0.2'].interface} in a release 0.2.x, or ${versions['0.3'].interface} in 0.3.x.`,
  });
}

type Fits = (exported: CallableFunction, summary: ArtifactSummary) => boolean;

const isCommand: Fits = ({ params, result }, { types }) => {
  const type = result === undefined ? undefined : types[result];
  return params.length === 0 && type?.kind === 'result' && type.ok === undefined && type.error === undefined;
};

/** Which resources pass is seen when they do; whoever imports none of the standard's can only have others. */
const passesHttp = ({ obstacle }: CallableFunction, { imports }: ArtifactSummary, release: string): boolean =>
  obstacle !== undefined && imports.some((name) => name.startsWith(`wasi:http/types@${release}.`));

const FITS: Readonly<Record<StandardRole, Readonly<Record<WasiVersion, Fits>>>> = {
  command: { '0.2': isCommand, '0.3': isCommand },
  // What passes a resource has no types here but the names of its parameters.
  http: {
    '0.2': (exported, summary) => exported.params.length === 2 && passesHttp(exported, summary, '0.2'),
    '0.3': (exported, summary) => exported.params.length === 1 && passesHttp(exported, summary, '0.3'),
  },
};
