/* The configuration file: whatever it holds, each value found has a line of the text, in order, and means
 * the same when it is written as text again. */
#include <assert.h>
#include <string.h>

#include "config/config.h"
#include "config/config_file.h"
#include "config/value.h"
#include "memory_limit.h"

typedef struct sightings {
    ms_arena arena;
    unsigned last_line;
    size_t count;
} sightings;

static void check_again(sightings *seen, const ms_config_rule *rule, const ms_config_value *value)
{
    ms_config_value again = {0};
    bool is_scalar = rule->kind != MS_CONFIG_SOURCES && rule->kind != MS_CONFIG_SERVICES &&
            rule->kind != MS_CONFIG_TEXTS && rule->kind != MS_CONFIG_PUBLISHERS;

    if (!is_scalar || value->is_fallback || value->secret.bytes != NULL)
        return;
    assert(ms_config_value_from_text(&again, &seen->arena, rule, value->text, NULL) == MS_OK);
    assert(strcmp(again.text, value->text) == 0 && again.number == value->number);
    assert(again.is_digits == value->is_digits || rule->kind == MS_CONFIG_SIZE);
    ms_config_value_release(&again);
}

static ms_status on_value(void *payload, const char *key, const ms_config_rule *rule, json_t *json,
        unsigned line, ms_error *err)
{
    sightings *seen = payload;
    ms_config_value value = {0};

    (void)err;
    assert(ms_config_rule_find(key) == rule && !ms_config_is_section(key));
    assert(line >= seen->last_line);
    seen->last_line = line;
    seen->count++;
    if (ms_config_value_from_json(&value, &seen->arena, rule, json, NULL) == MS_OK) {
        assert(value.number >= rule->minimum || rule->kind != MS_CONFIG_INTEGER);
        assert(value.item_count <= MS_CONFIG_ITEMS_MAX);
        check_again(seen, rule, &value);
    } else {
        assert(value.secret.bytes == NULL && *value.text == '\0');
    }
    ms_config_value_release(&value);
    return MS_OK;
}

static ms_status on_unknown(void *payload, const char *key, unsigned line, ms_error *err)
{
    sightings *seen = payload;

    (void)err;
    (void)ms_config_rule_nearest(key);
    assert(line >= seen->last_line);
    seen->last_line = line;
    seen->count++;
    return MS_OK;
}

static void check_input(const uint8_t *data, size_t size)
{
    sightings seen = {0};
    const ms_config_visitor visitor = {
            .value = on_value, .unknown = on_unknown, .payload = &seen};
    ms_error err = MS_ERROR_INIT;
    unsigned lines = 1;
    ms_status status;

    if (size > MS_CONFIG_FILE_SIZE_MAX)
        return;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n' ? 1 : 0;
    ms_arena_init(&seen.arena, MS_CONFIG_MEMORY_MAX);
    status = ms_config_walk("/config.json", ms_span_of(data, size), &visitor, &err);
    assert(status == MS_OK || status == MS_MALFORMED || status == MS_LIMIT);
    assert(status != MS_OK || memchr(data, 0, size) == NULL);
    assert(seen.last_line <= lines);
    if (status != MS_OK)
        assert(err.status == status && strcmp(err.path, "/config.json") == 0);
    ms_arena_release(&seen.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
