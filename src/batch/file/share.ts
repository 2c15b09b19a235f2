/** A share that was given as a number from 0 to 1 or as `5%`; undefined for what is none. */
export function toShare(given: unknown): number | undefined {
  const percent = typeof given === 'string' ? /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(given)?.[1] : undefined;
  const share = percent === undefined ? given : Number(percent) / 100;
  return typeof share === 'number' && share >= 0 && share <= 1 ? share : undefined;
}
