import { types } from 'node:util';

/**
 * Whether a value is an error, of whichever realm: under Jest, whose tests run in a context of their own, errors of Node
 * are no instances of the `Error` that this module knows.
 */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}
