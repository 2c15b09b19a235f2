import { discriminantSize, type FlatType, type Layout, payloadOffset } from '../../plan/layout.ts';
import { coerceLowered, zeroOf } from '../codec.ts';
import type { FlatValue } from '../flat-value.ts';
import { badDiscriminant } from '../variants.ts';
import { unsignedOf } from './scalar-transfers.ts';
import type { Transfer } from './transfer.ts';
import { within } from './within.ts';

/**
 * The transfer of variants, options and results.
 *
 * @param step What leads to a payload in JavaScript: nothing to that of an option.
 */
export function variantTransfer(payloads: readonly (Transfer | undefined)[], layout: Layout, step: string): Transfer {
  const count = payloads.length;
  const read = unsignedOf(discriminantSize(count));
  const offset = payloadOffset(payloads.map((payload) => payload?.layout));
  const flatTypes = layout.flat?.slice(1) ?? [];
  const lowers = payloads.map((payload) => lowerPayload(payload, flatTypes));
  const brings = payloads.some((payload) => payload?.bring !== undefined);
  return {
    layout,
    bring: brings
      ? (cx, wire, from, to) => payloads[read(wire.view, from) as number]?.bring?.(cx, wire, from + offset, to + offset)
      : undefined,
    take(cx, sink, at) {
      const index = read(sink.view, at) as number;
      if (index >= count) throw badDiscriminant(index, count);
      const take = payloads[index]?.take;
      if (take === undefined) return;
      try {
        take(cx, sink, at + offset);
      } catch (error) {
        throw within(step, error);
      }
    },
    lower(cx, wire, from, flat, at) {
      const index = read(wire.view, from) as number;
      flat[at] = index;
      lowers[index]!(cx, wire, from + offset, flat, at + 1);
    },
  };
}

/** Flattens the payload of one case into core values of the types that all cases share. */
function lowerPayload(payload: Transfer | undefined, joined: readonly FlatType[]): Transfer['lower'] {
  const own = payload?.layout.flat ?? [];
  const padding = joined.slice(own.length).map(zeroOf);
  const coercions = own.map((type, index) => coerceLowered(type, joined[index]!));
  return (cx, wire, from, flat, at) => {
    payload?.lower(cx, wire, from, flat, at);
    for (let index = 0; index < coercions.length; index++) {
      const coerce = coercions[index];
      if (coerce !== undefined) flat[at + index] = coerce(flat[at + index] as FlatValue);
    }
    for (let index = 0; index < padding.length; index++) flat[at + own.length + index] = padding[index]!;
  };
}
