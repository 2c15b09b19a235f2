import { dirname, resolve } from 'node:path';
import { knownKeys, nonEmptyString } from '../arguments/arguments.ts';
import { checkedAs, readJsonObject } from '../arguments/json-file.ts';
import { readRegularFile } from '../arguments/regular-file.ts';
import { sha256 } from '../artifact/pieces.ts';
import { readSource } from '../artifact/source.ts';
import type { EmbedderImports } from '../host/imports/embedder-imports.ts';
import { checkLoadValues } from '../registry/load-options.ts';
import type { LoadOptions } from '../registry/plugin-version.ts';
import { componentPath, optionsPath, signedPath } from './snapshot.ts';

/** What a plugin's files hold. */
export interface Content {
  /** Of the component, in hexadecimal. */
  readonly sha256: string;
  /** What its option file says, if it is read. */
  readonly options: LoadOptions | undefined;
  /** The same for the same content, whatever the files' dates. */
  readonly fingerprint: string;
}

/** What a `NAME.json` may say: the options of a load that are data. */
export const OPTION_FILE_KEYS: readonly (
  | 'sandbox'
  | 'config'
  | 'version'
  | 'world'
  | 'imports'
  | 'group'
  | 'selfTest'
  | 'healthCheck'
  | 'failurePolicy'
  | 'placement'
  | 'inlineInstructions'
  | 'overBudget'
  | 'batchCalls'
)[] = [
  'sandbox',
  'config',
  'version',
  'world',
  'imports',
  'group',
  'selfTest',
  'healthCheck',
  'failurePolicy',
  'placement',
  'inlineInstructions',
  'overBudget',
  'batchCalls',
];

/** More than any signature has. */
const MAX_SIGNATURE_BYTES = 16 * 1024;
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
  // A signature that comes after its component has what was refused without it tried again.
  const signature = await readRegularFile(signedPath(directory, name), MAX_SIGNATURE_BYTES).then(
    (text) => Buffer.from(text).toString('base64'),
    () => undefined,
  );
  return { sha256: hash, options, fingerprint: JSON.stringify([hash, options, signature]) };
}

/** Checks everything, so that a mistake in it is named by its file. */
async function readOptions(path: string): Promise<LoadOptions> {
  const options: LoadOptions = await readJsonObject(path, KIND);
  checkedAs(path, KIND, () => {
    knownKeys('options', options, OPTION_FILE_KEYS);
    checkLoadValues(options);
    assertModules(options.imports);
  });
  return options.imports === undefined ? options : { ...options, imports: beside(path, options.imports) };
}

/** In a file there are paths and URLs alone, and no functions. */
function assertModules(imports: EmbedderImports | undefined): void {
  for (const [name, module] of Object.entries(imports ?? {})) nonEmptyString(`imports[${name}]`, module);
}

/** A module is named as seen from the file that names it. */
function beside(path: string, imports: EmbedderImports): EmbedderImports {
  const from = dirname(path);
  return Object.fromEntries(
    Object.entries(imports as Readonly<Record<string, string>>).map(([name, module]) => [
      name,
      module.startsWith('file:') ? module : resolve(from, module),
    ]),
  );
}
