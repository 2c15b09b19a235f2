import { PluginError } from '../errors.ts';
import type { ExceptionKind } from './core-ast.ts';
import { readLocals, walkInstructions } from './instructions.ts';
import { Reader } from './reader.ts';

/** `throw` is in both proposals, and names a tag, which shows that there are exceptions. */
const KINDS: ReadonlyMap<number, ExceptionKind> = new Map([
  // throw_ref, try_table
  [0x0a, 'standard'],
  [0x1f, 'standard'],
  // try, catch, rethrow, delegate, catch_all
  [0x06, 'legacy'],
  [0x07, 'legacy'],
  [0x09, 'legacy'],
  [0x18, 'legacy'],
  [0x19, 'legacy'],
]);

/**
 * Which instructions of exceptions are in the code of a module. It need have no tag for them: `catch_all` names none. What
 * comes behind an instruction that is not known is not looked at; whoever measures the code refuses it.
 *
 * @param code Reads the code section.
 */
export function exceptionsIn(code: Reader): ReadonlySet<ExceptionKind> {
  const found = new Set<ExceptionKind>();
  try {
    for (let left = code.u32(); left > 0; left--) {
      const body = new Reader(code.bytes, code.take(code.u32(), 'a function'));
      readLocals(body);
      walkInstructions(body, (first) => {
        const kind = KINDS.get(first);
        if (kind !== undefined) found.add(kind);
        return false;
      });
    }
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
  }
  return found;
}
