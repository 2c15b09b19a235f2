/** How a character takes part in words. */
export enum Kind {
  /** Space, punctuation, a symbol. */
  Other,
  /** A letter, a digit or a mark: words are runs of these. */
  Word,
  /** A character of Chinese or of hiragana: a word by itself, as those scripts put no spaces. */
  Single,
  /** Joins a word's characters when it stands between two: an apostrophe, the point of `3.14` and of `e.g`. */
  Joiner,
  /** Belongs to the word before it without being a character of its own: a variation selector, a joiner of zero width. */
  Extender,
}

/**
 * Ranges of code points that are no word characters, from U+0080 up; what lies between them is. A digest of the word
 * boundaries of Unicode's Standard Annex 29 by blocks: exact for the living alphabets, rough for symbols that few write.
 */
const OTHERS: StaticArray<u32> = [
  0x80, 0xa9, 0xab, 0xb4, 0xb6, 0xb9, 0xbb, 0xbf, 0xd7, 0xd7, 0xf7, 0xf7, 0x2c2, 0x2c5, 0x37e, 0x37e, 0x387, 0x387,
  0x55a, 0x55f, 0x589, 0x58f, 0x5be, 0x5be, 0x5c0, 0x5c0, 0x5c3, 0x5c3, 0x5f3, 0x60f, 0x61b, 0x61f, 0x66a, 0x66d, 0x6d4,
  0x6d4, 0x700, 0x70f, 0x964, 0x965, 0xe3f, 0xe3f, 0xe4f, 0xe4f, 0xe5a, 0xe5b, 0x104a, 0x104f, 0x1360, 0x1368, 0x1680,
  0x1680, 0x17d4, 0x17d6, 0x1800, 0x180a, 0x2000, 0x206f, 0x207a, 0x207e, 0x208a, 0x208e, 0x20a0, 0x20cf, 0x2100,
  0x2bff, 0x2e00, 0x3004, 0x3008, 0x3020, 0x3030, 0x3030, 0x303d, 0x3040, 0x3097, 0x3098, 0x309b, 0x309c, 0x30a0,
  0x30a0, 0x30fb, 0x30fb, 0x3200, 0x33ff, 0x4dc0, 0x4dff, 0xa490, 0xa4cf, 0xd7fc, 0xf8ff, 0xfd3e, 0xfd3f, 0xfe10,
  0xfe1f, 0xfe30, 0xfe6f, 0xfeff, 0xff0f, 0xff1a, 0xff20, 0xff3b, 0xff40, 0xff5b, 0xff65, 0xffe0, 0xffff, 0x1f000,
  0x1faff, 0xe0000, 0x10ffff,
];

/** Pairs of first and last code points of characters that are a word each: ideographs and hiragana. */
const SINGLES: StaticArray<u32> = [
  0x3005, 0x3007, 0x3021, 0x3029, 0x3041, 0x3096, 0x3400, 0x4dbf, 0x4e00, 0x9fff, 0xf900, 0xfaff, 0x20000, 0x3ffff,
];

export function kindOf(code: u32): Kind {
  if (code < 0x80) {
    if (code == 0x27 || code == 0x2e) return Kind.Joiner;
    const lower = code | 0x20;
    if ((lower >= 0x61 && lower <= 0x7a) || (code >= 0x30 && code <= 0x39) || code == 0x5f) return Kind.Word;
    return Kind.Other;
  }
  if (code == 0x2019) return Kind.Joiner;
  if (code == 0xad || code == 0x200c || code == 0x200d || (code >= 0xfe00 && code <= 0xfe0f)) return Kind.Extender;
  if (contains(SINGLES, code)) return Kind.Single;
  return contains(OTHERS, code) ? Kind.Other : Kind.Word;
}

/** Whether one of the ranges, which are in order, has a code point. */
function contains(ranges: StaticArray<u32>, code: u32): bool {
  let low = 0;
  let high = ranges.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (code > ranges[2 * middle + 1]) low = middle + 1;
    else high = middle;
  }
  return 2 * low < ranges.length && code >= ranges[2 * low];
}
