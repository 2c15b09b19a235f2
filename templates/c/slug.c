/* Knows nothing of components and needs no C library, so that it can be tested on this machine. */
#include "slug.h"

static int is_part_of_word(unsigned char c) {
  return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

size_t slug(char *out, const char *title, size_t title_size, const char *separator, size_t separator_size) {
  size_t size = 0;
  for (size_t i = 0; i < title_size; i++) {
    unsigned char c = (unsigned char)title[i];
    if (!is_part_of_word(c)) continue;
    if (size > 0 && !is_part_of_word((unsigned char)title[i - 1])) {
      for (size_t k = 0; k < separator_size; k++, size++) {
        if (out) out[size] = separator[k];
      }
    }
    if (out) out[size] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    size++;
  }
  return size;
}
