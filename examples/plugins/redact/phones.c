#include "scan.h"

enum { MOST_DIGITS = 15, MOST_GROUPS = 8 }; /* ITU-T E.164 */

/* Digits in groups, as they stand in the text. */
typedef struct {
  size_t end;
  unsigned digits, groups;
  uint8_t size[MOST_GROUPS]; /* digits of each group */
  uint16_t value[MOST_GROUPS]; /* of groups of up to four digits */
  char first, second; /* the first two digits */
  bool dots_only; /* every separator is a dot */
  bool too_long, unbalanced;
} number;

/* A number follows the beginning, a space, an opening bracket or a colon; not a word, a version or a path. */
static bool may_start(text in, size_t at) {
  if (at == 0) return true;
  char before = in.data[at - 1];
  if (before >= 0x21 && before <= 0x7E) {
    return before == '(' || before == '[' || before == '{' || before == '<' || before == '>' || before == ':' ||
           before == ';' || before == ',' || before == '=' || before == '"' || before == '\'' || before == '*' ||
           before == '|' || before == '`';
  }
  return word_before(in, at) == 0;
}

/* `value%`, `10:30`, `rev 212-555-0199_a`: what follows shows that it was no number of a phone. */
static bool may_end(text in, size_t at) {
  char after = byte_at(in, at);
  if (after == '_' || after == '%' || after == '@' || word_at(in, at) > 0) return false;
  return !((after == ':' || after == '/' || after == '.') && digit_at(in, at + 1));
}

/* Reads groups of digits, some in parentheses, with one separator between them; no more than a phone number has. */
static number read_number(text in, size_t at) {
  number n = { .end = at, .dots_only = true };
  size_t i = at;
  bool open = byte_at(in, i) == '(';
  bool enclosed = at >= 2 && in.data[at - 2] == '('; /* (+49) */
  if (open) i++;
  while (digit_at(in, i) && n.digits <= MOST_DIGITS && n.groups <= MOST_GROUPS) {
    unsigned size = 0, value = 0;
    for (; digit_at(in, i) && n.digits <= MOST_DIGITS; i++, size++) {
      if (size < 4) value = value * 10 + (unsigned)(in.data[i] - '0');
      if (n.digits == 0) n.first = in.data[i];
      if (n.digits == 1) n.second = in.data[i];
      n.digits++;
    }
    if (n.groups < MOST_GROUPS) {
      n.size[n.groups] = (uint8_t)size;
      n.value[n.groups] = (uint16_t)value;
    }
    n.groups++;
    n.end = i;
    bool closed = byte_at(in, i) == ')' && (open || (enclosed && n.groups == 1));
    if (closed) { i++; open = false; n.end = i; n.dots_only = false; }
    if (open) break;
    size_t gap = gap_at(in, i);
    if (gap == 0 && (byte_at(in, i) == '.' || byte_at(in, i) == '/')) gap = 1;
    if (gap == 0 && !closed) break;
    if (byte_at(in, i) != '.') n.dots_only = false;
    i += gap;
    open = byte_at(in, i) == '(' && digit_at(in, i + 1);
    if (open) i++;
  }
  n.unbalanced = open;
  n.too_long = n.digits > MOST_DIGITS || n.groups > MOST_GROUPS;
  return n;
}

/* +49 30 123456: a country code, which never begins with zero, and the digits behind it. */
static bool is_international(const number *n) { return n->first != '0' && n->digits >= 9; }

/* (212) 555-0199, 1-212-555-0199: the numbering plan of North America. */
static bool is_north_american(const number *n) {
  unsigned area = n->groups == 4 && n->size[0] == 1 && n->first == '1' ? 1 : 0;
  return n->groups == area + 3 && n->size[area] == 3 && n->size[area + 1] == 3 && n->size[area + 2] == 4 &&
         n->value[area] >= 200 && n->value[area + 1] >= 200;
}

/* 03.04.2024 12: a day before the digits of a time. */
static bool is_date(const number *n) {
  return n->groups >= 3 && n->size[0] == 2 && n->size[1] == 2 && n->size[2] == 4 && n->value[0] <= 31 &&
         n->value[1] <= 31 && n->value[2] >= 1900 && n->value[2] < 2100;
}

/* 010.020.030.040: an address of the Internet. */
static bool is_ip_address(const number *n) {
  return n->dots_only && n->groups == 4 && n->size[0] <= 3 && n->size[1] <= 3 && n->size[2] <= 3 && n->size[3] <= 3;
}

/* 030 123456, 020 7946 0958, 01 23 45 67 89: a trunk prefix, and no number that merely starts with zero. */
static bool is_national(const number *n) {
  return n->first == '0' && n->second != '0' && n->size[0] >= 2 && n->groups >= 2 && n->groups <= 5 &&
         n->digits >= 9 && n->digits <= 12 && !is_date(n) && !is_ip_address(n);
}

/* tel:2125550199: a link says what it is. */
static bool follows_tel(text in, size_t at) {
  if (at < 4) return false;
  const char *p = in.data + at - 4;
  return (p[0] | 32) == 't' && (p[1] | 32) == 'e' && (p[2] | 32) == 'l' && p[3] == ':' && word_before(in, at - 4) == 0;
}

uint32_t find_phones(text in, bool *marks) {
  uint32_t found = 0;
  for (size_t i = 0; i < in.size; i++) {
    bool plus = in.data[i] == '+';
    if (!(plus || in.data[i] == '(' || is_digit(in.data[i])) || !may_start(in, i)) continue;
    number n = read_number(in, i + plus);
    if (n.digits == 0) continue;
    bool fits = !n.too_long && !n.unbalanced && may_end(in, n.end);
    bool phone = plus ? is_international(&n)
                      : is_north_american(&n) || (is_national(&n) && !continues_row(in, i)) ||
                            (n.digits >= 7 && follows_tel(in, i));
    if (!fits || !phone) continue;
    for (size_t k = i; k < n.end; k++) marks[k] = true;
    found++;
    i = n.end - 1;
  }
  return found;
}
