import { fieldOffsets, type Layout } from '../../plan/layout.ts';
import type { Transfer } from './transfer.ts';
import { within } from './within.ts';

/** The transfer of what has its parts one after the other: records, tuples, parameters, lists of a fixed length. */
export function recordTransfer(steps: readonly string[], parts: readonly Transfer[], layout: Layout): Transfer {
  const offsets = fieldOffsets(parts.map((part) => part.layout));
  const count = parts.length;
  const brought = parts.flatMap(({ bring }, index) => (bring === undefined ? [] : { bring, offset: offsets[index]! }));
  const taken = parts.flatMap(({ take }, index) =>
    take === undefined ? [] : { take, offset: offsets[index]!, step: steps[index]! },
  );
  return {
    layout,
    bring:
      brought.length === 0
        ? undefined
        : (cx, wire, from, to) => {
            for (let index = 0; index < brought.length; index++) {
              const { bring, offset } = brought[index]!;
              bring(cx, wire, from + offset, to + offset);
            }
          },
    take:
      taken.length === 0
        ? undefined
        : (cx, sink, at) => {
            let index = 0;
            try {
              for (; index < taken.length; index++) taken[index]!.take(cx, sink, at + taken[index]!.offset);
            } catch (error) {
              throw within(taken[index]!.step, error);
            }
          },
    lower(cx, wire, from, flat, at) {
      let place = at;
      for (let index = 0; index < count; index++) {
        const part = parts[index]!;
        part.lower(cx, wire, from + offsets[index]!, flat, place);
        place += part.layout.flat!.length;
      }
    },
  };
}
