import { knownKeys, nonEmptyString } from '../arguments/arguments.ts';
import { checkedAs, readJsonObject } from '../arguments/json-file.ts';
import { sha256 } from '../artifact/codec.ts';
import { readSource } from '../artifact/source.ts';
import { resolveCheck } from '../health/check.ts';
import { resolveFailurePolicy } from '../health/failure-policy.ts';
import { resolvePolicy } from '../host/policy/policy.ts';
import { resolveConfig } from '../registry/config.ts';
import type { LoadOptions } from '../registry/plugin-version.ts';
import { componentPath, optionsPath } from './snapshot.ts';

/** What a plugin's files hold. */
export interface Content {
  /** Of the component, in hexadecimal. */
  readonly sha256: string;
  /** What its option file says, if it is read. */
  readonly options: LoadOptions | undefined;
  /** The same for the same content, whatever the files' dates. */
  readonly fingerprint: string;
}

const KIND = { what: 'options', example: '{"sandbox": "restricted", "config": {…}}' };

/**
 * Reads a plugin's component and its options.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` when a file cannot be read, or is no option file.
 */
export async function readContent(directory: string, name: string, withOptions: boolean): Promise<Content> {
  const bytes = await readSource(componentPath(directory, name));
  const hash = (await sha256(bytes)).toString('hex');
  const options = withOptions ? await readOptions(optionsPath(directory, name)) : undefined;
  return { sha256: hash, options, fingerprint: JSON.stringify([hash, options]) };
}

/** Checks everything, so that a mistake in it is named by its file. */
async function readOptions(path: string): Promise<LoadOptions> {
  const options: LoadOptions = await readJsonObject(path, KIND);
  checkedAs(path, KIND, () => {
    knownKeys('options', options, ['sandbox', 'config', 'version', 'selfTest', 'healthCheck', 'failurePolicy']);
    resolvePolicy(options.sandbox);
    resolveConfig(options.config);
    resolveCheck('selfTest', options.selfTest);
    resolveCheck('healthCheck', options.healthCheck);
    if (options.failurePolicy !== undefined) resolveFailurePolicy(options.failurePolicy);
    if (options.version !== undefined) nonEmptyString('version', options.version);
  });
  return options;
}
