#include "scan.h"

/* Punctuation that mail providers allow; the rest of RFC 5322's set is more often punctuation of the text around it. */
static bool is_local_punctuation(char c) {
  return c == '.' || c == '_' || c == '%' || c == '+' || c == '-' || c == '\'';
}

/* Where the part before the `@` begins; the offset of the `@` itself when there is none. */
static size_t local_start(text in, size_t at_sign) {
  size_t start = at_sign, i = at_sign;
  while (i > 0) {
    size_t size = word_before(in, i);
    if (size > 0) start = i -= size;
    else if (is_local_punctuation(in.data[i - 1])) {
      i--;
      if (in.data[i] == '_') start = i;
    } else break;
  }
  return start;
}

/* `1.0.0-beta`: a package manager's `name@version` is no address. */
static bool is_version(text in, size_t at) {
  for (int part = 0; part < 2; part++) {
    if (!digit_at(in, at)) return false;
    while (digit_at(in, at)) at++;
    if (byte_at(in, at++) != '.') return false;
  }
  return digit_at(in, at);
}

/* `org`, `xn--p1ai`: the last label of a domain has two letters or more. */
static bool is_named(text in, size_t label) {
  size_t first = word_at(in, label);
  return first > 0 && !is_digit(in.data[label]) && word_at(in, label + first) > 0;
}

/* Where the domain that begins at an offset ends; that offset when there is none. */
static size_t domain_end(text in, size_t begin) {
  if (is_version(in, begin)) return begin;
  size_t end = begin, label = begin;
  for (;;) {
    size_t i = label, label_end = label;
    for (size_t size; (size = word_at(in, i)) > 0 || (byte_at(in, i) == '-' && i > label);) {
      i += size > 0 ? size : 1;
      if (size > 0) label_end = i;
    }
    if (label > begin && is_named(in, label)) end = label_end;
    if (byte_at(in, i) != '.' || i == label || word_at(in, i + 1) == 0) return end;
    label = i + 1;
  }
}

uint32_t find_emails(text in, bool *marks) {
  uint32_t found = 0;
  for (size_t i = 0; i < in.size; i++) {
    if (in.data[i] != '@') continue;
    size_t start = local_start(in, i), end = domain_end(in, i + 1);
    if (start == i || end == i + 1) continue;
    for (size_t k = start; k < end; k++) marks[k] = true;
    found++;
  }
  return found;
}
