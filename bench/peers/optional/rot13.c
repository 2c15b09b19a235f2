#include <stddef.h>

/* ROT13 over a text, in place. */
void rot13(char *text, size_t length) {
  for (size_t at = 0; at < length; at++) {
    unsigned letter = ((unsigned char)text[at] | 32u) - 'a';
    if (letter < 26) text[at] = (char)(text[at] + (letter < 13 ? 13 : -13));
  }
}
