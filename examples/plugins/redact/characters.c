#include "scan.h"

size_t word_at(text in, size_t at) {
  if (at >= in.size) return 0;
  const uint8_t *p = (const uint8_t *)in.data + at;
  if (*p < 0x80) return is_digit((char)*p) || is_letter((char)*p);
  size_t size = *p >= 0xC3 && *p <= 0xDF ? 2 : *p == 0xE0 || *p == 0xE1 ? 3 : 0;
  if (at + size > in.size) return 0;
  /* U+00D7 and U+00F7, the signs of multiplication and division, lie between the letters. */
  if (*p == 0xC3 && (p[1] == 0x97 || p[1] == 0xB7)) return 0;
  return size;
}

size_t word_before(text in, size_t at) {
  for (size_t size = 1; size <= 3 && size <= at; size++) {
    if (((uint8_t)in.data[at - size] & 0xC0) != 0x80) return word_at(in, at - size) == size ? size : 0;
  }
  return 0;
}

size_t gap_at(text in, size_t at) {
  if (at >= in.size) return 0;
  const uint8_t *p = (const uint8_t *)in.data + at;
  if (*p == ' ' || *p == '-') return 1;
  if (*p == 0xC2 && at + 2 <= in.size && p[1] == 0xA0) return 2; /* no-break space */
  if (*p != 0xE2 || at + 3 > in.size || p[1] != 0x80) return 0;
  /* Thin space, hyphen to en dash, narrow no-break space. */
  return p[2] == 0x89 || (p[2] >= 0x90 && p[2] <= 0x93) || p[2] == 0xAF ? 3 : 0;
}

bool continues_row(text in, size_t at) {
  for (size_t size = 1; size <= 3 && size < at; size++) {
    if (gap_at(in, at - size) == size) return is_digit(in.data[at - size - 1]);
  }
  return false;
}
