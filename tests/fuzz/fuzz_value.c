/* Settings from the environment and from --set: the first byte picks the setting, the rest is its text. What
 * is accepted keeps the rule's limits and means the same when its own text is read again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/quantity.h"
#include "config/value.h"
#include "memory_limit.h"

static bool is_list(const ms_config_rule *rule)
{
    return rule->kind == MS_CONFIG_SOURCES || rule->kind == MS_CONFIG_SERVICES ||
           rule->kind == MS_CONFIG_TEXTS || rule->kind == MS_CONFIG_PUBLISHERS;
}

static void check_limits(const ms_config_rule *rule, const ms_config_value *value)
{
    assert(value->item_count <= MS_CONFIG_ITEMS_MAX);
    assert(is_list(rule) || value->item_count == 0);
    assert(rule->kind == MS_CONFIG_SECRET || value->secret.bytes == NULL);
    for (size_t i = 0; i < value->item_count; i++)
        assert(value->items[i].text != NULL && value->items[i].name != NULL);
    if (value->is_fallback)
        return;
    if (rule->kind == MS_CONFIG_INTEGER || rule->kind == MS_CONFIG_SIZE) {
        assert(value->number >= rule->minimum);
        assert(rule->maximum == 0 || value->number <= rule->maximum);
        assert(!rule->power_of_two || (value->number & (value->number - 1)) == 0);
    }
}

static void check_again(const ms_config_rule *rule, const ms_config_value *value, ms_arena *arena)
{
    ms_config_value again = {0};

    if (is_list(rule) || value->is_fallback || value->secret.bytes != NULL)
        return;
    assert(ms_config_value_from_text(&again, arena, rule, value->text, NULL) == MS_OK);
    assert(strcmp(again.text, value->text) == 0 && again.number == value->number);
    ms_config_value_release(&again);
}

/* The sizes that people write, against the plainest way to read the part of them that has no point. */
static void check_quantity(const char *text)
{
    uint64_t number = 0;
    char *end = NULL;

    if (!ms_quantity_integer(text, &number))
        return;
    assert(strspn(text, "0123456789") == strlen(text));
    assert(strtoull(text, &end, 10) == number && *end == '\0');
}

static void check_text(const ms_config_rule *rule, const char *text)
{
    ms_config_value value = {0};
    ms_error err = MS_ERROR_INIT;
    ms_arena arena;
    ms_status status;

    ms_arena_init(&arena, MS_CONFIG_MEMORY_MAX);
    status = ms_config_value_from_text(&value, &arena, rule, text, &err);
    if (status == MS_OK) {
        check_limits(rule, &value);
        check_again(rule, &value, &arena);
    } else {
        assert(status == MS_MALFORMED || status == MS_LIMIT);
        assert(err.status == status && err.reason[0] != '\0');
        assert(value.secret.bytes == NULL);
    }
    check_quantity(text);
    ms_config_value_release(&value);
    ms_arena_release(&arena);
}

static void check_input(const uint8_t *data, size_t size)
{
    char *text;

    if (size == 0)
        return;
    text = calloc(1, size);
    assert(text != NULL);
    memcpy(text, data + 1, size - 1);
    check_text(&ms_config_rules[data[0] % ms_config_rule_count], text);
    (void)ms_config_rule_find(text);
    (void)ms_config_rule_nearest(text);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
