import { type ErrorDetails, PluginError } from '../errors.ts';
import { cleanLogLine } from '../text/log-line.ts';

/** What went wrong with an artifact of a registry: `Cannot pull `oci://…`: the registry answers 404`. */
export function registryError(
  verb: 'pull' | 'push',
  reference: string,
  why: string,
  details: ErrorDetails = {},
): PluginError {
  return new PluginError('ERR_REGISTRY', cleanLogLine(`Cannot ${verb} \`${reference}\`: ${why}`), details);
}

/** Why an exchange with a registry came to nothing; said of the artifact by who asked for it. */
export class RegistryFault extends Error {
  /** What to do about it. */
  readonly hint: string | undefined;
  /** The status of its answer, if it was one. */
  readonly status: number | undefined;

  constructor(
    why: string,
    details: { readonly hint?: string; readonly status?: number; readonly cause?: unknown } = {},
  ) {
    super(why, { cause: details.cause });
    this.hint = details.hint;
    this.status = details.status;
  }
}
