/**
 * A value without differences of form: jco gives cases without a payload a `val` that is undefined, and lists of numbers
 * are typed arrays.
 */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return [...(value as unknown as Iterable<unknown>)];
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      key === 'val' && inner === undefined ? [] : [[key, plain(inner)]],
    ),
  );
}
