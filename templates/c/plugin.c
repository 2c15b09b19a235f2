/* The plugin. What it does is in slug.c. */
#include "component.h"
#include "slug.h"

/* What stands between words unless a request says otherwise. */
static char configured[64] = "-";
static text separator = { configured, 1 };

result initialize(entries config) {
  (void)config;
  optional_text value = get_config(TEXT("separator"));
  if (value.present) {
    if (value.value.size > sizeof configured) return (result){ true, TEXT("the separator has more than 64 bytes") };
    /* What the host passes in lives only as long as the call. */
    __builtin_memcpy(configured, value.value.data, value.value.size);
    separator.size = value.value.size;
  }
  builder message = { 0 };
  append(&message, TEXT("separates words with "));
  append(&message, separator);
  return log_message(TEXT("info"), built(&message));
}

static process_response refuse(text reason) {
  return (process_response){ .success = false, .error_message = { true, reason } };
}

process_response process(process_request request) {
  text between = separator;
  for (size_t i = 0; i < request.options.count; i++) {
    entry option = request.options.items[i];
    if (!equal(option.key, TEXT("separator"))) {
      builder reason = { 0 };
      append(&reason, TEXT("unknown option \""));
      append(&reason, option.key);
      append(&reason, TEXT("\"; known is: separator"));
      return refuse(built(&reason));
    }
    between = option.value;
  }
  size_t size = slug(NULL, request.input.data, request.input.size, between.data, between.size);
  if (size == 0) return refuse(TEXT("the input has no letter or digit"));
  char *output = allocate(size);
  slug(output, request.input.data, request.input.size, between.data, between.size);
  return (process_response){ .output = { output, size }, .success = true };
}

result shutdown(void) { return (result){ false }; }

plugin_metadata get_metadata(void) {
  return (plugin_metadata){ TEXT("my-plugin"), TEXT("0.1.0"), TEXT("Makes a slug of a title") };
}
