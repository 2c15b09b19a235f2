/**
 * MurmurHash3_x86_32 (Austin Appleby, https://github.com/aappleby/smhasher) of a string's UTF-16 code units in
 * little-endian order. Its finaliser spreads ids that differ in one digit over all 32 bits. Code units are
 * read in place; `docs/rationale.md` has what else was measured.
 *
 * @param seed Makes it another function of the same ids.
 * @returns A whole number from 0 to 2³² - 1.
 */
export function requestHash(id: string, seed: number): number {
  const { length } = id;
  const pairs = length & ~1;
  let hash = seed | 0;
  for (let at = 0; at < pairs; at += 2) {
    hash ^= scramble(id.charCodeAt(at) | (id.charCodeAt(at + 1) << 16));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (length !== pairs) hash ^= scramble(id.charCodeAt(pairs));
  hash ^= length * 2;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
