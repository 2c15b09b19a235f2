/* The unit tests, for this machine: test.sh builds and runs them. */
#include <stdio.h>
#include <string.h>

#include "slug.h"

static int failures = 0;

static void expect(const char *title, const char *separator, const char *expected) {
  char got[256];
  size_t size = slug(got, title, strlen(title), separator, strlen(separator));
  if (size == strlen(expected) && memcmp(got, expected, size) == 0) return;
  failures++;
  printf("slug(\"%s\", \"%s\") is \"%.*s\", expected \"%s\"\n", title, separator, (int)size, got, expected);
}

int main(void) {
  expect("  Hello, World! ", "-", "hello-world");
  expect("Größe 42", "_", "größe_42");
  expect("?!", "-", "");
  if (failures == 0) puts("all tests passed");
  return failures > 0;
}
