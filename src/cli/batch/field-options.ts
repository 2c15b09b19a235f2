import { Option } from 'commander';
import type { FileBatchOptions } from '../../batch/file/options.ts';

/** Where the fields of records stand, as `batch` and `submit` ask it. */
export interface FieldCommandOptions {
  readonly field?: string;
  readonly idField?: string;
  readonly optionsField?: string;
  readonly pluginField?: string;
  readonly passFields?: true;
}

/** The options of {@link FieldCommandOptions}. */
export function fieldOptions(): Option[] {
  const none = "; '' for none";
  return [
    new Option('--field <path>', 'where the input of the plugin stands in a record: body.text, or /body/text'),
    new Option('--id-field <path>', `where its id stands (default: id, if it has one)${none}`),
    new Option('--options-field <path>', `where its options stand (default: options)${none}`),
    new Option('--plugin-field <path>', `where the name of its plugin stands (default: plugin)${none}`),
    new Option('--pass-fields', 'have the other fields of a record in the output too, as they came'),
  ];
}

/** The same for the library. */
export function toFields(options: FieldCommandOptions): Pick<FileBatchOptions, 'fields' | 'passFields'> {
  const { field, idField, optionsField, pluginField, passFields } = options;
  const orNone = (path: string): string | false => (path === '' ? false : path);
  return {
    fields: {
      ...(field !== undefined && { input: field }),
      ...(idField !== undefined && { id: orNone(idField) }),
      ...(optionsField !== undefined && { options: orNone(optionsField) }),
      ...(pluginField !== undefined && { plugin: orNone(pluginField) }),
    },
    ...(passFields && { passFields }),
  };
}
