/** The least and the most of each type of integers that a number of JSON holds exactly. */
export const INTEGERS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  u8: [0, 2 ** 8 - 1],
  s8: [-(2 ** 7), 2 ** 7 - 1],
  u16: [0, 2 ** 16 - 1],
  s16: [-(2 ** 15), 2 ** 15 - 1],
  u32: [0, 2 ** 32 - 1],
  s32: [-(2 ** 31), 2 ** 31 - 1],
};
