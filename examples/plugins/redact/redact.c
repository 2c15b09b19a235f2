/* The plugin `redact`: masks e-mail addresses, phone numbers and payment-card numbers in text. */
#include "scan.h"

enum { EMAIL = 1, PHONE = 2, CARD = 4, ALL = EMAIL | PHONE | CARD };

static const struct { text name; unsigned kind; } kinds[] = {
  { { "email", 5 }, EMAIL }, { { "phone", 5 }, PHONE }, { { "card", 4 }, CARD },
};

/* One request's options, or what was wrong with them. */
typedef struct { unsigned kinds; bool report; text error; } settings;

typedef struct { uint32_t emails, phones, cards; } counts;

static char mask_bytes[4] = { '*' };
static size_t mask_size = 1;
static counts total;
static uint32_t requests;

/* ---- Configuration ---- */

/* Bytes of a character that can stand for a hidden one: neither letter, digit, space, control character nor `@`. */
static size_t mask_length(text mask) {
  if (mask.size == 0 || word_at(mask, 0) > 0) return 0;
  uint8_t first = (uint8_t)mask.data[0];
  if (first <= ' ' || first == '@' || first == 0x7F) return 0;
  if (first == 0xC2 && (uint8_t)byte_at(mask, 1) <= 0xA0) return 0; /* control characters, no-break space */
  size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return size == mask.size ? size : 0;
}

result initialize(entries config) {
  for (size_t i = 0; i < config.count; i++) {
    if (equal(config.items[i].key, TEXT("mask"))) continue;
    builder unknown = { 0 };
    append(&unknown, TEXT("the configuration has the unknown key \""));
    append(&unknown, config.items[i].key);
    append(&unknown, TEXT("\"; known is: mask"));
    log_message(TEXT("warn"), built(&unknown));
  }
  optional_text mask = get_config(TEXT("mask"));
  if (mask.present) {
    mask_size = mask_length(mask.value);
    if (mask_size == 0) {
      return (result){ true, TEXT("the configuration's \"mask\" has to be one character that is no letter, digit, space "
                                  "or @") };
    }
    __builtin_memcpy(mask_bytes, mask.value.data, mask_size);
  }
  builder ready = { 0 };
  append(&ready, TEXT("masks with "));
  append(&ready, (text){ mask_bytes, mask_size });
  log_message(TEXT("info"), built(&ready));
  return (result){ 0 };
}

/* ---- Options ---- */

static text refuse(text option, text value, text expected) {
  builder message = { 0 };
  append(&message, TEXT("option \""));
  append(&message, option);
  append(&message, TEXT("\" is \""));
  append(&message, value);
  append(&message, TEXT("\"; expected "));
  append(&message, expected);
  return built(&message);
}

/* The sum of the kinds that a list such as `email,card` names; 0 when one of them does not exist. */
static unsigned parse_kinds(text list) {
  unsigned chosen = 0;
  for (size_t begin = 0; begin <= list.size;) {
    size_t end = begin;
    while (end < list.size && list.data[end] != ',') end++;
    unsigned kind = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
      if (equal((text){ list.data + begin, end - begin }, kinds[k].name)) kind = kinds[k].kind;
    }
    if (kind == 0) return 0;
    chosen |= kind;
    begin = end + 1;
  }
  return chosen;
}

static settings parse_options(entries options) {
  settings chosen = { .kinds = ALL };
  for (size_t i = 0; i < options.count; i++) {
    text key = options.items[i].key, value = options.items[i].value;
    if (equal(key, TEXT("only"))) {
      chosen.kinds = parse_kinds(value);
      if (chosen.kinds == 0) {
        chosen.error = refuse(key, value, TEXT("one or more of email, phone, card, with commas between them"));
      }
    } else if (equal(key, TEXT("report"))) {
      chosen.report = equal(value, TEXT("true"));
      if (!chosen.report && !equal(value, TEXT("false"))) chosen.error = refuse(key, value, TEXT("true or false"));
    } else {
      builder message = { 0 };
      append(&message, TEXT("unknown option \""));
      append(&message, key);
      append(&message, TEXT("\"; known are: only, report"));
      chosen.error = built(&message);
    }
    if (chosen.error.size > 0) break;
  }
  return chosen;
}

/* ---- Masking ---- */

/* Replaces each marked letter and digit; punctuation and spaces stay, so that one sees what stood there. */
static text masked(text in, const bool *marks) {
  size_t hidden = 0;
  for (size_t i = 0; i < in.size; i++) hidden += marks[i];
  builder out = { .capacity = in.size + hidden * (mask_size - 1) };
  out.data = allocate(out.capacity);
  for (size_t i = 0; i < in.size;) {
    size_t size = marks[i] ? word_at(in, i) : 0;
    if (size > 0) append(&out, (text){ mask_bytes, mask_size });
    else out.data[out.size++] = in.data[i];
    i += size > 0 ? size : 1;
  }
  return built(&out);
}

static text as_json(counts found) {
  builder json = { 0 };
  append(&json, TEXT("{\"email\":"));
  append_number(&json, found.emails);
  append(&json, TEXT(",\"phone\":"));
  append_number(&json, found.phones);
  append(&json, TEXT(",\"card\":"));
  append_number(&json, found.cards);
  append(&json, TEXT("}"));
  return built(&json);
}

process_response process(process_request request) {
  settings chosen = parse_options(request.options);
  if (chosen.error.size > 0) return (process_response){ .error_message = { true, chosen.error } };

  text in = request.input;
  bool *marks = allocate(in.size);
  __builtin_memset(marks, 0, in.size);
  counts found = {
    .emails = chosen.kinds & EMAIL ? find_emails(in, marks) : 0,
    .phones = chosen.kinds & PHONE ? find_phones(in, marks) : 0,
    .cards = chosen.kinds & CARD ? find_cards(in, marks) : 0,
  };
  total.emails += found.emails;
  total.phones += found.phones;
  total.cards += found.cards;
  requests++;
  if (chosen.report) emit_event(TEXT("redacted"), as_json(found));

  bool nothing = found.emails + found.phones + found.cards == 0;
  return (process_response){ .output = nothing ? in : masked(in, marks), .success = true };
}

/* ---- The rest of the contract ---- */

result shutdown(void) {
  builder summary = { 0 };
  append(&summary, TEXT("masked in "));
  append_number(&summary, requests);
  append(&summary, TEXT(" texts: "));
  append(&summary, as_json(total));
  log_message(TEXT("info"), built(&summary));
  return (result){ 0 };
}

plugin_metadata get_metadata(void) {
  return (plugin_metadata){
    .name = TEXT("redact"),
    .version = TEXT("1.0.0"),
    .description = TEXT("Masks e-mail addresses, phone numbers and payment-card numbers in text"),
  };
}
