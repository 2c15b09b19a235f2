#ifndef SLUG_H
#define SLUG_H

#include <stddef.h>

/*
 * Writes a title as it goes into a URL: words in lower case, with a separator between them. Letters of other scripts stay
 * as they are. Returns how many bytes that takes, 0 when the title has no letter or digit; `out` may be NULL to only count.
 */
size_t slug(char *out, const char *title, size_t title_size, const char *separator, size_t separator_size);

#endif
