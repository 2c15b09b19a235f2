#include "component.h"

#define API "toolsku:plugin-system/plugin-api@1.0.0#"
#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(name) __attribute__((import_module("toolsku:plugin-system/host-api@1.0.0"), import_name(name)))

/* ---- The arena ---- */

enum { PAGE = 65536, ALIGNMENT = 8 };

/* Placed by the linker after the stack and all static data. */
extern char __heap_base;

static uintptr_t arena_end;  /* where the next block begins */
static uintptr_t last_block; /* where the latest block began: it can grow in place */

static void release_arena(void) {
  arena_end = (uintptr_t)&__heap_base;
  last_block = 0;
}

void *allocate(size_t size) {
  if (arena_end == 0) release_arena();
  uintptr_t block = (arena_end + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
  if (size > UINTPTR_MAX - block - PAGE) __builtin_trap();
  uintptr_t available = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
  if (block + size > available) {
    size_t pages = (block + size - available + PAGE - 1) / PAGE;
    if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) __builtin_trap();
  }
  last_block = block;
  arena_end = block + size;
  return (void *)block;
}

static void *reallocate(void *old, size_t old_size, size_t size) {
  if (size <= old_size) return old;
  if ((uintptr_t)old == last_block && old_size > 0) {
    arena_end = last_block;
    return allocate(size);
  }
  void *block = allocate(size);
  if (old_size > 0) __builtin_memcpy(block, old, old_size);
  return block;
}

/* The host allocates here what it passes in. Every block has the largest alignment that the contract's types need. */
EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t alignment, size_t size) {
  (void)alignment;
  return reallocate(old, old_size, size);
}

/* ---- Imports ---- */

IMPORT("log-message") void host_log_message(const char *, size_t, const char *, size_t, result *);
IMPORT("get-config") void host_get_config(const char *, size_t, optional_text *);
IMPORT("emit-event") void host_emit_event(const char *, size_t, const char *, size_t, result *);

result log_message(text level, text message) {
  result answer;
  host_log_message(level.data, level.size, message.data, message.size, &answer);
  return answer;
}

optional_text get_config(text key) {
  optional_text answer;
  host_get_config(key.data, key.size, &answer);
  return answer;
}

result emit_event(text event_type, text payload) {
  result answer;
  host_emit_event(event_type.data, event_type.size, payload.data, payload.size, &answer);
  return answer;
}

/* ---- Exports: each answers with a pointer to a static struct, which its post-return releases ---- */

static result answered_result;
static process_response answered_response;
static plugin_metadata answered_metadata;

EXPORT(API "initialize") result *export_initialize(const entry *items, size_t count) {
  answered_result = initialize((entries){ items, count });
  return &answered_result;
}

EXPORT(API "process")
process_response *export_process(const char *input, size_t input_size, const entry *options, size_t option_count) {
  answered_response = process((process_request){ { input, input_size }, { options, option_count } });
  return &answered_response;
}

EXPORT(API "shutdown") result *export_shutdown(void) {
  answered_result = shutdown();
  return &answered_result;
}

EXPORT(API "get-metadata") plugin_metadata *export_get_metadata(void) {
  answered_metadata = get_metadata();
  return &answered_metadata;
}

EXPORT("cabi_post_" API "initialize") void post_initialize(result *answer) { (void)answer; release_arena(); }
EXPORT("cabi_post_" API "process") void post_process(process_response *answer) { (void)answer; release_arena(); }
EXPORT("cabi_post_" API "shutdown") void post_shutdown(result *answer) { (void)answer; release_arena(); }
EXPORT("cabi_post_" API "get-metadata") void post_metadata(plugin_metadata *answer) { (void)answer; release_arena(); }

/* ---- Text ---- */

void append(builder *to, text piece) {
  if (piece.size == 0) return;
  if (to->size + piece.size > to->capacity) {
    size_t capacity = to->capacity * 2 + piece.size;
    to->data = reallocate(to->data, to->capacity, capacity);
    to->capacity = capacity;
  }
  __builtin_memcpy(to->data + to->size, piece.data, piece.size);
  to->size += piece.size;
}

void append_number(builder *to, uint32_t number) {
  char digits[10];
  size_t first = sizeof digits;
  do {
    digits[--first] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  append(to, (text){ digits + first, sizeof digits - first });
}

text built(const builder *from) { return (text){ from->data, from->size }; }

bool equal(text a, text b) {
  if (a.size != b.size) return false;
  for (size_t i = 0; i < a.size; i++) {
    if (a.data[i] != b.data[i]) return false;
  }
  return true;
}
