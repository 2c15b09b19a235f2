import { lowerCamel } from '../../component/js-names.ts';
import type { FuncType } from '../../component/types.ts';
import { identifier, unique } from './names.ts';
import { type Names, payloadText, type Text, typeText } from './type-text.ts';

/** What {@link returnText} needs before it. */
export const RESULT = "\ntype Result<Ok, Err> = { tag: 'ok'; val: Ok } | { tag: 'err'; val: Err };\n";

/** @param last What comes after them, if anything does. */
export function* parametersText({ params }: Pick<FuncType, 'params'>, names: Names, last?: string): Text {
  const taken = new Set<string>(last === undefined ? [] : ['context']);
  for (const [index, { name, type }] of params.entries()) {
    if (index > 0) yield ', ';
    yield `${unique(identifier(lowerCamel(name)), taken)}: `;
    yield* typeText(type, names);
  }
  if (last !== undefined) yield params.length === 0 ? last : `, ${last}`;
}

/** What a caller of a plugin gets: a `result` is a value. */
export function* returnText({ result }: FuncType, names: Names): Text {
  if (result === undefined) yield 'void';
  else if (result.kind !== 'result') yield* typeText(result, names);
  else {
    yield 'Result<';
    yield* payloadText(result.ok, names);
    yield ', ';
    yield* payloadText(result.error, names);
    yield '>';
  }
}

/** What a function of the host's returns: of a `result` what is ok; the error is thrown. */
export function* okText({ result }: FuncType, names: Names): Text {
  const ok = result?.kind === 'result' ? result.ok : result;
  if (ok === undefined) yield 'void';
  else yield* typeText(ok, names);
}
