#include "scan.h"

enum { SHORTEST = 13, LONGEST = 19 };

/* Which first four digits the networks issue, and with how many digits in all (ISO/IEC 7812). */
static const struct { uint16_t first, last; uint8_t shortest, longest; } networks[] = {
  { 2200, 2204, 16, 19 }, /* Mir */
  { 2221, 2720, 16, 16 }, /* Mastercard */
  { 3000, 3059, 14, 19 }, { 3095, 3095, 14, 19 }, { 3600, 3699, 14, 19 }, { 3800, 3999, 14, 19 }, /* Diners Club */
  { 3400, 3499, 15, 15 }, { 3700, 3799, 15, 15 }, /* American Express */
  { 3528, 3589, 16, 19 }, /* JCB */
  { 4000, 4999, 13, 19 }, /* Visa */
  { 5000, 5099, 13, 19 }, { 5600, 5899, 13, 19 }, /* Maestro */
  { 5100, 5599, 16, 16 }, /* Mastercard */
  { 6000, 6999, 13, 19 }, /* Maestro, Discover, UnionPay */
};

static bool is_issued(const char *digits, unsigned count) {
  unsigned prefix = 0;
  for (unsigned i = 0; i < 4; i++) prefix = prefix * 10 + (unsigned)(digits[i] - '0');
  for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++) {
    if (prefix >= networks[i].first && prefix <= networks[i].last) {
      return count >= networks[i].shortest && count <= networks[i].longest;
    }
  }
  return false;
}

/* The check digit of ISO/IEC 7812: from the right, every second digit counts double, digit by digit. */
static bool passes_luhn(const char *digits, unsigned count) {
  unsigned sum = 0;
  for (unsigned i = 0; i < count; i++) {
    unsigned digit = (unsigned)(digits[count - 1 - i] - '0');
    if (i % 2 == 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

/* The digits behind the point of `0.25`. Those behind a longer number and a full stop begin a number of their own. */
static bool is_fraction(text in, size_t at) {
  if (at < 2 || in.data[at - 1] != '.') return false;
  size_t whole = at - 1;
  while (whole > 0 && at - whole <= 10 && is_digit(in.data[whole - 1])) whole--;
  size_t digits = at - 1 - whole;
  return digits >= 1 && digits <= 9 && word_before(in, whole) == 0 && !continues_row(in, whole);
}

/* A number begins at a digit that continues no word and no fraction. */
static bool starts_number(text in, size_t at) {
  return digit_at(in, at) && word_before(in, at) == 0 && !is_fraction(in, at);
}

/*
 * Where the longest card number that begins at an offset ends; that offset when there is none. Its digits come in
 * groups of three or more (the last may be shorter), with one space or dash between them.
 */
static size_t card_end(text in, size_t begin) {
  char digits[LONGEST];
  unsigned count = 0;
  size_t end = begin, i = begin;
  for (;;) {
    size_t group = i;
    while (digit_at(in, i) && count < LONGEST) digits[count++] = in.data[i++];
    if (word_at(in, i) > 0) return end;
    if (count >= SHORTEST && is_issued(digits, count) && passes_luhn(digits, count)) end = i;
    size_t gap = gap_at(in, i);
    if (gap == 0 || i - group < 3 || !digit_at(in, i + gap)) return end;
    i += gap;
  }
}

uint32_t find_cards(text in, bool *marks) {
  uint32_t found = 0;
  size_t marked = 0;
  for (size_t i = 0; i < in.size; i++) {
    if (!starts_number(in, i)) continue;
    size_t end = card_end(in, i);
    if (end <= marked || end == i) continue;
    /* Two readings of one row of groups may overlap: mask both, count one. */
    if (i >= marked) found++;
    for (size_t k = i; k < end; k++) marks[k] = true;
    marked = end;
  }
  return found;
}
