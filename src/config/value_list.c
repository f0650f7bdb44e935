/* Values that are lists: URLs, sources with an authorization, pinning services, publishers. */
#include "config/value.h"

#include <string.h>

#include "config/config.h"
#include "config/quantity.h"

#define ADDRESS_DIGITS 40

static bool is_address(const char *text)
{
    static const char digits[] = "0123456789abcdefABCDEF";

    return text[0] == '0' && text[1] == 'x' && strspn(text + 2, digits) == ADDRESS_DIGITS &&
           text[2 + ADDRESS_DIGITS] == '\0';
}

/* "0x..." or, bound to one chain, "eip155:CHAIN:0x..." (CAIP-10). */
static bool is_publisher(const char *text)
{
    static const char space[] = "eip155:";

    if (strncmp(text, space, strlen(space)) == 0) {
        text += strlen(space);
        size_t digits = strspn(text, "0123456789");

        if (digits == 0 || digits > 19 || text[digits] != ':')
            return false;
        text += digits + 1;
    }
    return is_address(text);
}

/* Text of a field, "" when the field is missing or null. */
static ms_status field_text(json_t *object, const char *key, const char **text, ms_error *err)
{
    json_t *field = json_object_get(object, key);

    *text = "";
    if (field == NULL || json_is_null(field))
        return MS_OK;
    if (!json_is_string(field))
        return ms_fail(err, MS_MALFORMED, "config_type", "must hold a text as its \"%s\"", key);
    *text = json_string_value(field);
    return MS_OK;
}

static ms_status check_fields(json_t *object, const char *const *keys, ms_error *err)
{
    const char *key;
    json_t *field;

    json_object_foreach(object, key, field)
    {
        for (size_t i = 0; i <= 3; i++) {
            if (keys[i] == NULL)
                return ms_fail(err, MS_MALFORMED, "config_type",
                        "has an entry with an unknown key \"%s\"", key);
            if (strcmp(keys[i], key) == 0)
                break;
        }
    }
    return MS_OK;
}

/* An entry that is an object. */
static ms_status read_object(ms_config_item *item, const char **text, const ms_config_rule *rule,
        json_t *object, bool *has_placeholder, ms_error *err)
{
    static const char *const source_keys[] = {"url", "authorization", NULL, NULL};
    static const char *const service_keys[] = {"name", "endpoint", "token", NULL};
    bool is_service = rule->kind == MS_CONFIG_SERVICES;
    const char *secret;
    ms_status status = check_fields(object, is_service ? service_keys : source_keys, err);

    if (status == MS_OK)
        status = field_text(object, is_service ? "endpoint" : "url", text, err);
    if (status == MS_OK)
        status = field_text(object, "name", &item->name, err);
    if (status == MS_OK)
        status = field_text(object, is_service ? "token" : "authorization", &secret, err);
    if (status != MS_OK)
        return status;
    if (*secret != '\0' && ms_config_is_placeholder(rule, secret))
        *has_placeholder = true;
    else if (*secret != '\0') {
        item->has_secret = true;
        item->secret_is_bare = !ms_config_is_reference(secret);
    }
    return MS_OK;
}

/* *used is false for an entry that counts as unset. */
static ms_status read_item(ms_config_item *item, bool *used, ms_config_value *value,
        ms_arena *arena, const ms_config_rule *rule, json_t *json, ms_error *err)
{
    const char *text = "";
    ms_status status = MS_OK;

    *item = (ms_config_item){.text = "", .name = ""};
    *used = false;
    if (json_is_string(json) && rule->kind != MS_CONFIG_SERVICES)
        text = json_string_value(json);
    else if (json_is_object(json) &&
             (rule->kind == MS_CONFIG_SOURCES || rule->kind == MS_CONFIG_SERVICES))
        status = read_object(item, &text, rule, json, &value->has_placeholder, err);
    else
        return ms_fail(err, MS_MALFORMED, "config_type", "has an entry that is no %s",
                rule->kind == MS_CONFIG_SERVICES ? "object" : "text");
    if (status == MS_OK)
        status = ms_config__check_text(rule, text, err);
    if (status == MS_OK)
        status = ms_config__check_text(rule, item->name, err);
    if (status != MS_OK)
        return status;
    if (ms_config_is_placeholder(rule, text)) {
        value->has_placeholder = true;
        return MS_OK;
    }
    /* An entry with nothing in it is that of a template. */
    *used = *text != '\0' || item->has_secret;
    if (*used && *text == '\0')
        return ms_fail(err, MS_MALFORMED, "config_value", "has an entry without an address");
    if (*used && rule->kind == MS_CONFIG_PUBLISHERS && !is_publisher(text))
        return ms_fail(err, MS_MALFORMED, "config_value",
                "must hold addresses such as 0x..., or eip155:CHAIN:0x..., holds \"%s\"", text);
    item->text = ms_arena_strdup(arena, text);
    item->name = ms_arena_strdup(arena, item->name);
    return item->text != NULL && item->name != NULL ? MS_OK : ms_fail_memory(err, strlen(text));
}

ms_status ms_config__list_from_json(ms_config_value *value, ms_arena *arena,
        const ms_config_rule *rule, json_t *json, ms_error *err)
{
    size_t count = json_array_size(json);

    if (count > MS_CONFIG_ITEMS_MAX)
        return ms_fail(err, MS_LIMIT, "config_items", "has %zu entries, at most %d are allowed",
                count, MS_CONFIG_ITEMS_MAX);
    value->items = ms_arena_calloc(arena, count, sizeof(*value->items));
    if (value->items == NULL)
        return ms_fail_memory(err, count * sizeof(*value->items));
    for (size_t i = 0; i < count; i++) {
        bool used;
        ms_status status = read_item(&value->items[value->item_count], &used, value, arena, rule,
                json_array_get(json, i), err);

        if (status != MS_OK)
            return status;
        if (used)
            value->item_count++;
    }
    if (value->item_count == 0) {
        bool has_placeholder = value->has_placeholder;
        ms_status status = ms_config_value_from_text(value, arena, rule, "", err);

        value->has_placeholder = has_placeholder;
        return status;
    }
    value->text = value->items[0].text;
    return MS_OK;
}

ms_status ms_config__list_from_text(ms_config_value *value, ms_arena *arena,
        const ms_config_rule *rule, const char *text, ms_error *err)
{
    json_error_t where;
    json_t *list;
    ms_status status;

    if (*text == '[') {
        list = strlen(text) > MS_CONFIG_TEXT_SIZE_MAX
                       ? NULL
                       : json_loads(text, JSON_REJECT_DUPLICATES, &where);
        if (list == NULL)
            return ms_fail(err, MS_MALFORMED, "config_value", "begins with [ but is no JSON list");
    } else {
        list = json_pack("[s]", text);
        if (list == NULL)
            return ms_fail(err, MS_MALFORMED, "config_value", "is not UTF-8");
    }
    status = ms_config__list_from_json(value, arena, rule, list, err);
    ms_config_wipe_json(list);
    json_decref(list);
    return status;
}

void ms_config_wipe_json(json_t *json)
{
    const char *key;
    json_t *member;
    size_t index;

    switch (json_typeof(json)) {
    case JSON_OBJECT:
        json_object_foreach(json, key, member) ms_config_wipe_json(member);
        break;
    case JSON_ARRAY:
        json_array_foreach(json, index, member) ms_config_wipe_json(member);
        break;
    case JSON_STRING:
        /* The only owner of these bytes is about to free them, so nobody sees the change. */
        ms_wipe((void *)(uintptr_t)json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
}
