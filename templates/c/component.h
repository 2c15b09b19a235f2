/*
 * The world `plugin-world` of wit/plugin-system.wit for a C guest without a C library.
 *
 * The layouts are those of the canonical ABI on wasm32 (string-encoding utf8), so that a pointer to one of these
 * structs is what the host reads and writes. Memory comes from one arena: whatever the host passes in and whatever an
 * exported function answers with lives until the host has read the answer, and is then released at once. What a plugin
 * keeps between calls belongs into static variables.
 */
#ifndef COMPONENT_H
#define COMPONENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* UTF-8, not terminated. */
typedef struct { const char *data; size_t size; } text;

typedef struct { text key, value; } entry;
typedef struct { const entry *items; size_t count; } entries;
typedef struct { bool present; text value; } optional_text;

/* result<_, string> */
typedef struct { bool failed; text error; } result;

typedef struct { text name, version, description; } plugin_metadata;
typedef struct { text input; entries options; } process_request;
typedef struct { text output; bool success; optional_text error_message; } process_response;

_Static_assert(sizeof(entry) == 16 && sizeof(result) == 12 && sizeof(plugin_metadata) == 24, "canonical ABI layout");
_Static_assert(sizeof(process_response) == 24 && sizeof(process_request) == 16, "canonical ABI layout");

/* A string literal as a text. */
#define TEXT(literal) ((text){ "" literal, sizeof(literal) - 1 })

/* What the host offers. */
result log_message(text level, text message);
optional_text get_config(text key);
result emit_event(text event_type, text payload);

/* What the plugin provides. */
result initialize(entries config);
process_response process(process_request request);
result shutdown(void);
plugin_metadata get_metadata(void);

/* Uninitialised memory, valid until the current call has been answered. Traps when there is none. */
void *allocate(size_t size);

/* Text that is put together piece by piece, in memory that lives as long as the call. */
typedef struct { char *data; size_t size, capacity; } builder;
void append(builder *to, text piece);
void append_number(builder *to, uint32_t number);
text built(const builder *from);

bool equal(text a, text b);

#endif
