import { WitError } from '../../wit-error.ts';

/** The `err` of a `result` without a payload. */
export function invalid(): WitError<undefined> {
  return new WitError(undefined);
}
