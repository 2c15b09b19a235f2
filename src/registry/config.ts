import { invalidArgument } from '../arguments/arguments.ts';
import { notUnicode } from '../request/request.ts';
import { cleanLogLine } from '../text/log-line.ts';

/** A plugin's configuration as the pairs that `initialize` gets, in the order of the object. */
export function resolveConfig(config: unknown): readonly (readonly [string, string])[] {
  if (config === undefined) return [];
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw invalidArgument('config', 'an object of strings', config);
  }
  return Object.entries(config).map(([key, value]: [string, unknown]) => {
    if (typeof value !== 'string') throw invalidArgument(`config.${key}`, 'a string', value);
    if (!key.isWellFormed() || !value.isWellFormed()) throw notUnicode(`config.${cleanLogLine(key)}`);
    return [key, value] as const;
  });
}
