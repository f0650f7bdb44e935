/* One value of the configuration: text or JSON on the way in, checked against its rule.
 * Knows nothing of where a value came from; whoever applies it adds the place to errors. */
#ifndef MS_CONFIG_VALUE_H
#define MS_CONFIG_VALUE_H

#include <jansson.h>
#include "base/arena.h"
#include "config/rule.h"
#include "crypto/secret.h"

/** One entry of a list. */
typedef struct ms_config_item {
    const char *text;    /* the text, URL or endpoint */
    const char *name;    /* SERVICES, else "" */
    bool has_secret;     /* something stands in authorization or token */
    bool secret_is_bare; /* and it is the secret itself, not env: or file: */
} ms_config_item;

typedef struct ms_config_value {
    const char
            *text; /* as written; SECRET: env:NAME or file:PATH; lists: the first entry; "" unset */
    bool is_digits;        /* shown as a JSON number */
    uint64_t number;       /* INTEGER, SIZE, RATE */
    ms_config_item *items; /* lists */
    size_t item_count;
    ms_secret secret;     /* SECRET that was written out; bytes NULL else */
    bool is_fallback;     /* nothing was given: this is the rule's default */
    bool has_placeholder; /* something like YOUR_KEY stood there; it counts as unset */
} ms_config_value;

/** Parse text by rule into value; text of value lives in arena, value is released by its owner.
 *  value is zeroed first, so it holds something only on success. Empty text gives the fallback.
 *  MS_MALFORMED "config_value" or "config_type" with a sentence such as "must be ...";
 *  MS_LIMIT "config_items"; MS_NO_MEMORY. Secrets are never quoted. */
MS_MUST_CHECK ms_status ms_config_value_from_text(ms_config_value *value, ms_arena *arena,
        const ms_config_rule *rule, const char *text, ms_error *err);
/** The same from JSON; an empty text, an empty list and null count as unset. */
MS_MUST_CHECK ms_status ms_config_value_from_json(ms_config_value *value, ms_arena *arena,
        const ms_config_rule *rule, json_t *json, ms_error *err);
/** Whether a secret itself stands in it, as against a reference to one. */
bool ms_config_value_is_bare_secret(const ms_config_value *value);
/** Whether it is, or holds, a secret or a reference to one. */
bool ms_config_value_is_secret(const ms_config_value *value, const ms_config_rule *rule);
/** Wipes a secret. A zeroed value may be released. */
void ms_config_value_release(ms_config_value *value);

/** Whether text is a place holder of a template ("YOUR_KEY"), which counts as unset. */
bool ms_config_is_placeholder(const ms_config_rule *rule, const char *text);
/** Whether text tells where a secret is: "env:NAME", "file:PATH". */
bool ms_config_is_reference(const char *text);

/** Overwrite every string below json before it is given back: jansson does not. */
void ms_config_wipe_json(json_t *json);

/* Between value.c and value_list.c. */
MS_MUST_CHECK ms_status ms_config__list_from_text(ms_config_value *value, ms_arena *arena,
        const ms_config_rule *rule, const char *text, ms_error *err);
MS_MUST_CHECK ms_status ms_config__list_from_json(ms_config_value *value, ms_arena *arena,
        const ms_config_rule *rule, json_t *json, ms_error *err);
MS_MUST_CHECK ms_status ms_config__check_text(
        const ms_config_rule *rule, const char *text, ms_error *err);

#endif
