/* One value of the configuration, checked against its rule. */
#include "config/value.h"

#include <string.h>

#include "base/bounded.h"
#include "codec/text.h"
#include "config/config.h"
#include "config/quantity.h"

#define PLACEHOLDER "YOUR_"

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool ms_config_is_placeholder(const ms_config_rule *rule, const char *text)
{
    /* Inside a path such a word may well be a folder's name. */
    if (rule->kind == MS_CONFIG_PATH)
        return starts_with(text, PLACEHOLDER);
    return strstr(text, PLACEHOLDER) != NULL;
}

bool ms_config_is_reference(const char *text)
{
    return starts_with(text, "env:") || starts_with(text, "file:");
}

bool ms_config_value_is_bare_secret(const ms_config_value *value)
{
    if (value->secret.bytes != NULL)
        return true;
    for (size_t i = 0; i < value->item_count; i++) {
        if (value->items[i].secret_is_bare)
            return true;
    }
    return false;
}

bool ms_config_value_is_secret(const ms_config_value *value, const ms_config_rule *rule)
{
    if (rule->kind == MS_CONFIG_SECRET)
        return true;
    for (size_t i = 0; i < value->item_count; i++) {
        if (value->items[i].has_secret)
            return true;
    }
    return false;
}

void ms_config_value_release(ms_config_value *value)
{
    ms_secret_release(&value->secret);
}

static bool is_list(const ms_config_rule *rule)
{
    return rule->kind == MS_CONFIG_TEXTS || rule->kind == MS_CONFIG_SOURCES ||
           rule->kind == MS_CONFIG_SERVICES || rule->kind == MS_CONFIG_PUBLISHERS;
}

ms_status ms_config__check_text(const ms_config_rule *rule, const char *text, ms_error *err)
{
    size_t size = strlen(text);

    (void)rule;
    if (size > MS_CONFIG_TEXT_SIZE_MAX)
        return ms_fail(
                err, MS_LIMIT, "config_value", "is longer than %d bytes", MS_CONFIG_TEXT_SIZE_MAX);
    if (!ms_utf8_is_valid(text, size, NULL))
        return ms_fail(err, MS_MALFORMED, "config_value", "is not UTF-8");
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return ms_fail(err, MS_MALFORMED, "config_value", "holds a control character");
    }
    return MS_OK;
}

static bool is_choice(const char *choices, const char *text)
{
    size_t size = strlen(text);

    while (choices != NULL) {
        const char *end = strchr(choices, '|');
        size_t choice_size = end != NULL ? (size_t)(end - choices) : strlen(choices);

        if (choice_size == size && memcmp(choices, text, size) == 0)
            return true;
        choices = end != NULL ? end + 1 : NULL;
    }
    return false;
}

static ms_status check_number(const ms_config_rule *rule, uint64_t number, ms_error *err)
{
    if (number < rule->minimum || number > rule->maximum ||
            (rule->power_of_two && (number & (number - 1)) != 0))
        return ms_fail(err, MS_MALFORMED, "config_value", "must be %s from %llu to %llu, is %llu",
                rule->power_of_two ? "a power of two" : "a number",
                (unsigned long long)rule->minimum, (unsigned long long)rule->maximum,
                (unsigned long long)number);
    return MS_OK;
}

/* The kinds whose text means a number or one of some words; others need no more than check_text. */
static ms_status interpret(
        ms_config_value *value, const ms_config_rule *rule, const char *text, ms_error *err)
{
    switch (rule->kind) {
    case MS_CONFIG_CHOICE:
        if (!is_choice(rule->choices, text))
            return ms_fail(err, MS_MALFORMED, "config_value", "must be one of %s, is \"%s\"",
                    rule->choices, text);
        return MS_OK;
    case MS_CONFIG_INTEGER:
        if (!ms_quantity_integer(text, &value->number))
            return ms_fail(err, MS_MALFORMED, "config_value",
                    "must be a number from %llu to %llu, is \"%s\"",
                    (unsigned long long)rule->minimum, (unsigned long long)rule->maximum, text);
        return check_number(rule, value->number, err);
    case MS_CONFIG_SIZE:
        if (!ms_quantity_size(text, &value->number))
            return ms_fail(err, MS_MALFORMED, "config_value",
                    "must be a size such as 1048576 or \"64KiB\", is \"%s\"", text);
        return check_number(rule, value->number, err);
    case MS_CONFIG_RATE:
        if (!ms_quantity_rate(text, &value->number))
            return ms_fail(err, MS_MALFORMED, "config_value",
                    "must be a rate such as \"10MB/s\" or \"80Mbit/s\", is \"%s\"", text);
        return MS_OK;
    case MS_CONFIG_DECIMAL:
        if (!ms_quantity_is_decimal(text))
            return ms_fail(err, MS_MALFORMED, "config_value",
                    "must be a decimal number such as \"0.05\", is \"%s\"", text);
        return MS_OK;
    case MS_CONFIG_TEXT:
    case MS_CONFIG_PATH:
    case MS_CONFIG_SECRET:
    case MS_CONFIG_TEXTS:
    case MS_CONFIG_SOURCES:
    case MS_CONFIG_SERVICES:
    case MS_CONFIG_PUBLISHERS:
        break;
    }
    return MS_OK;
}

static ms_status from_plain_text(ms_config_value *value, ms_arena *arena,
        const ms_config_rule *rule, const char *text, ms_error *err)
{
    ms_status status = ms_config__check_text(rule, text, err);

    if (status != MS_OK)
        return status;
    if (rule->kind == MS_CONFIG_SECRET && !ms_config_is_reference(text)) {
        value->text = "";
        return ms_secret_init_copy(&value->secret, text, strlen(text), err);
    }
    status = interpret(value, rule, text, err);
    if (status != MS_OK)
        return status;
    value->text = ms_arena_strdup(arena, text);
    if (value->text == NULL)
        return ms_fail_memory(err, strlen(text));
    return MS_OK;
}

ms_status ms_config_value_from_text(ms_config_value *value, ms_arena *arena,
        const ms_config_rule *rule, const char *text, ms_error *err)
{
    bool is_placeholder = !is_list(rule) && ms_config_is_placeholder(rule, text);
    uint64_t number;
    ms_status status = MS_OK;

    *value = (ms_config_value){.text = "", .is_fallback = *text == '\0' || is_placeholder};
    if (value->is_fallback)
        text = rule->fallback;
    if (*text != '\0' && is_list(rule))
        status = ms_config__list_from_text(value, arena, rule, text, err);
    else if (*text != '\0')
        status = from_plain_text(value, arena, rule, text, err);
    if (status != MS_OK) {
        ms_config_value_release(value);
        *value = (ms_config_value){.text = ""};
        return status;
    }
    value->is_digits = (rule->kind == MS_CONFIG_INTEGER || rule->kind == MS_CONFIG_SIZE) &&
                       ms_quantity_integer(text, &number);
    value->has_placeholder |= is_placeholder;
    return MS_OK;
}

static const char *kind_of_json(json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        break;
    }
    return "null";
}

static const char *kind_of_rule(const ms_config_rule *rule)
{
    switch (rule->kind) {
    case MS_CONFIG_INTEGER:
        return "a whole number";
    case MS_CONFIG_SIZE:
        return "a whole number or a text such as \"64KiB\"";
    case MS_CONFIG_TEXTS:
    case MS_CONFIG_PUBLISHERS:
        return "a text or a list of texts";
    case MS_CONFIG_SOURCES:
        return "a text or a list";
    case MS_CONFIG_SERVICES:
        return "a list";
    case MS_CONFIG_TEXT:
    case MS_CONFIG_PATH:
    case MS_CONFIG_SECRET:
    case MS_CONFIG_CHOICE:
    case MS_CONFIG_RATE:
    case MS_CONFIG_DECIMAL:
        break;
    }
    return "a text (in quotes)";
}

ms_status ms_config_value_from_json(ms_config_value *value, ms_arena *arena,
        const ms_config_rule *rule, json_t *json, ms_error *err)
{
    bool takes_integer = rule->kind == MS_CONFIG_INTEGER || rule->kind == MS_CONFIG_SIZE;
    bool takes_text = rule->kind != MS_CONFIG_INTEGER;
    ms_status status;

    *value = (ms_config_value){.text = ""};
    if (json_is_null(json))
        return ms_config_value_from_text(value, arena, rule, "", err);
    if (json_is_string(json) && takes_text)
        return ms_config_value_from_text(value, arena, rule, json_string_value(json), err);
    if (json_is_integer(json) && takes_integer) {
        char digits[32];

        if (json_integer_value(json) < 0)
            return ms_fail(err, MS_MALFORMED, "config_value", "must not be negative");
        (void)ms_bounded_printf(
                digits, sizeof(digits), "%lld", (long long)json_integer_value(json));
        return ms_config_value_from_text(value, arena, rule, digits, err);
    }
    if (json_is_array(json) && is_list(rule)) {
        status = ms_config__list_from_json(value, arena, rule, json, err);
        if (status != MS_OK)
            *value = (ms_config_value){.text = ""};
        return status;
    }
    return ms_fail(err, MS_MALFORMED, "config_type", "must be %s, is %s", kind_of_rule(rule),
            kind_of_json(json));
}
