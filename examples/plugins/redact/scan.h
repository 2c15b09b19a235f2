/*
 * Finds what is worth masking in text: e-mail addresses, phone numbers and payment-card numbers.
 *
 * Each finder sets `marks[i]` for each byte of `in` that belongs to a finding, leaves the other marks as they are, and
 * answers with the number of findings. Each takes time proportional to the text, whatever the text is.
 */
#ifndef SCAN_H
#define SCAN_H

#include "component.h"

uint32_t find_emails(text in, bool *marks);
uint32_t find_phones(text in, bool *marks);
uint32_t find_cards(text in, bool *marks);

/*
 * Bytes of the letter or digit that begins, or ends, at an offset; 0 when there is none. Letters are those of ASCII and
 * the code points U+00C0 to U+1FFF (the alphabets). Ideographs and punctuation beyond ASCII count as boundaries, since
 * Chinese and Japanese put addresses and numbers next to them without a space.
 */
size_t word_at(text in, size_t at);
size_t word_before(text in, size_t at);

/* Bytes of one space or dash, of ASCII or typographic, at an offset; 0 when there is none. */
size_t gap_at(text in, size_t at);

/* Whether a digit and a gap stand before an offset: the digits there continue a row of groups. */
bool continues_row(text in, size_t at);

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static inline bool digit_at(text in, size_t at) { return at < in.size && is_digit(in.data[at]); }
/* The byte at an offset; 0 beyond the end. */
static inline char byte_at(text in, size_t at) { return at < in.size ? in.data[at] : 0; }

#endif
