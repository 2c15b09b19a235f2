import type { CoreFunction, FlatValue } from './flat-value.ts';

/** Calls without making an array of arguments where there are few of them: a spread costs as much as the call. */
export function call(core: CoreFunction, flat: readonly FlatValue[]): FlatValue | undefined {
  switch (flat.length) {
    case 0:
      return core();
    case 1:
      return core(flat[0]!);
    case 2:
      return core(flat[0]!, flat[1]!);
    case 3:
      return core(flat[0]!, flat[1]!, flat[2]!);
    case 4:
      return core(flat[0]!, flat[1]!, flat[2]!, flat[3]!);
    default:
      return core(...flat);
  }
}
