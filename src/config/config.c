/* Loading the effective configuration: each source in turn, the greater rank wins, every value is
 * checked even when another one wins over it. */
#include "config/config.h"

#include <string.h>

#include "base/alloc.h"
#include "base/bounded.h"
#include "base/checked.h"
#include "config/config_file.h"
#include "config/config_priv.h"

#define SLOT_COUNT_MAX (ms_config_rule_count + MS_CONFIG_CHAIN_VALUES_MAX)
#define FILE_NAME "config.json"

static ms_status warn(ms_config *config, ms_error *err, const char *format, ...) MS_PRINTF(3, 4);

static ms_status warn(ms_config *config, ms_error *err, const char *format, ...)
{
    char text[MS_ERROR_MESSAGE_SIZE];
    va_list arguments;

    if (config->warning_count == MS_CONFIG_WARNINGS_MAX - 1) {
        config->warnings_dropped++; /* the last place is for the sentence that counts them */
        return MS_OK;
    }
    va_start(arguments, format);
    (void)ms_bounded_vprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    config->warnings[config->warning_count] = ms_arena_strdup(&config->arena, text);
    if (config->warnings[config->warning_count] == NULL)
        return ms_fail_memory(err, strlen(text));
    config->warning_count++;
    return MS_OK;
}

static ms_status end_warnings(ms_config *config, ms_error *err)
{
    const char *text;

    if (config->warnings_dropped == 0)
        return MS_OK;
    text = ms_arena_printf(
            &config->arena, "%zu more warnings about the configuration", config->warnings_dropped);
    if (text == NULL)
        return ms_fail_memory(err, 64);
    config->warnings[config->warning_count++] = text;
    return MS_OK;
}

/* The slot of key, which has a rule; a new one for a key of a chain. */
static ms_status slot_of(ms_config *config, ms_config_slot **slot, const char *key,
        const ms_config_rule *rule, ms_error *err)
{
    *slot = (ms_config_slot *)(uintptr_t)ms_config__slot(config, key);
    if (*slot != NULL)
        return MS_OK;
    if (config->slot_count == SLOT_COUNT_MAX)
        return ms_fail(err, MS_LIMIT, "config_items", "more than %d values of chains",
                MS_CONFIG_CHAIN_VALUES_MAX);
    *slot = &config->slots[config->slot_count];
    **slot = (ms_config_slot){.rule = rule, .value = {.text = ""}, .origin = "default"};
    (*slot)->key = ms_arena_strdup(&config->arena, key);
    if ((*slot)->key == NULL)
        return ms_fail_memory(err, strlen(key));
    config->slot_count++;
    return MS_OK;
}

/* Give value to the slot of key, unless something of a greater rank stands there. Takes value. */
static ms_status assign(ms_config *config, const char *key, const ms_config_rule *rule,
        ms_config_value *value, ms_config_rank rank, const char *origin, ms_error *err)
{
    ms_config_slot *slot;
    ms_status status = slot_of(config, &slot, key, rule, err);
    const char *kept_origin = NULL;

    if (status == MS_OK && rank >= slot->rank) {
        kept_origin = ms_arena_strdup(&config->arena, origin);
        if (kept_origin == NULL)
            status = ms_fail_memory(err, strlen(origin));
    }
    if (kept_origin == NULL) {
        ms_config_value_release(value);
        return status;
    }
    ms_config_value_release(&slot->value);
    slot->value = *value;
    slot->rank = rank;
    slot->origin = kept_origin;
    return MS_OK;
}

static ms_status set_defaults(ms_config *config, ms_error *err)
{
    for (size_t i = 0; i < ms_config_rule_count; i++) {
        const ms_config_rule *rule = &ms_config_rules[i];
        ms_config_slot *slot;
        ms_status status = slot_of(config, &slot, rule->key, rule, err);

        if (status == MS_OK)
            status = ms_config_value_from_text(&slot->value, &config->arena, rule, "", err);
        if (status != MS_OK)
            return status;
    }
    return MS_OK;
}

static ms_status apply_text(ms_config *config, const char *key, const ms_config_rule *rule,
        const char *text, ms_config_rank rank, const char *origin, ms_error *err)
{
    ms_error problem = MS_ERROR_INIT;
    ms_config_value value;
    ms_status status = ms_config_value_from_text(&value, &config->arena, rule, text, &problem);

    if (status == MS_MALFORMED || status == MS_LIMIT)
        return ms_fail(err, status == MS_LIMIT ? MS_LIMIT : MS_USAGE, problem.reason, "%s (%s) %s",
                key, origin, problem.message);
    if (status != MS_OK) {
        ms_error_copy(err, &problem);
        return status;
    }
    if (rule->kind == MS_CONFIG_PATH && *value.text != '\0')
        status = ms_config__absolute(config, &value.text, NULL, value.text, err);
    if (status == MS_OK && value.has_placeholder)
        status = warn(config, err, "%s (%s) is a place holder of the template and counts as unset",
                key, origin);
    /* An empty setting resets what the file says; a variable that says nothing is like one that is
     * not set. */
    if (status != MS_OK || (value.is_fallback && rank == MS_RANK_ENVIRONMENT)) {
        ms_config_value_release(&value);
        return status;
    }
    return assign(config, key, rule, &value, rank, origin, err);
}

static ms_status apply_environment(ms_config *config, ms_error *err)
{
    for (size_t i = 0; i < ms_config_rule_count; i++) {
        const ms_config_rule *rule = &ms_config_rules[i];
        const char *text = NULL;
        char origin[64];
        ms_status status;

        if (rule->environment != NULL)
            text = ms_config__environment(config, rule->environment);
        if (text == NULL)
            continue;
        (void)ms_bounded_printf(origin, sizeof(origin), "environment %s", rule->environment);
        status = apply_text(config, rule->key, rule, text, MS_RANK_ENVIRONMENT, origin, err);
        if (status != MS_OK)
            return status;
    }
    return MS_OK;
}

static ms_status fail_secret_setting(const char *key, const ms_config_rule *rule, ms_error *err)
{
    (void)ms_fail(err, MS_USAGE, "secret_setting",
            "%s holds a secret, and settings of a command line can be seen by everybody here", key);
    ms_error_set_hint(err,
            "Write it into the configuration file (mode 0600), there also as env:NAME or "
            "file:PATH%s%s",
            rule->environment != NULL ? ", or into the environment variable " : "",
            rule->environment != NULL ? rule->environment : "");
    return MS_USAGE;
}

static ms_status apply_setting(
        ms_config *config, const ms_setting *setting, bool may_be_secret, ms_error *err)
{
    const ms_config_rule *rule = ms_config_rule_find(setting->key);
    const char *nearest;
    ms_status status;

    if (rule == NULL) {
        nearest = ms_config_rule_nearest(setting->key);
        (void)ms_fail(err, MS_USAGE, "config_key", "There is no setting \"%s\"", setting->key);
        if (nearest != NULL && ms_config_is_section(nearest))
            ms_error_set_hint(err, "%s is a section: 'model-storage config' shows its settings", nearest);
        else if (nearest != NULL)
            ms_error_set_hint(err, "Did you mean %s?", nearest);
        return MS_USAGE;
    }
    if (rule->kind == MS_CONFIG_SECRET && !may_be_secret)
        return fail_secret_setting(setting->key, rule, err);
    status = apply_text(config, setting->key, rule, setting->value, MS_RANK_SETTING, "flag", err);
    if (status == MS_OK && !may_be_secret &&
            ms_config_value_is_secret(&ms_config__slot(config, setting->key)->value, rule))
        return fail_secret_setting(setting->key, rule, err);
    return status;
}

static ms_status apply_settings(ms_config *config, const ms_storage_options *options, ms_error *err)
{
    ms_status status = MS_OK;

    for (size_t i = 0; status == MS_OK && i < options->setting_count; i++)
        status = apply_setting(config, &options->settings[i], options->settings_may_be_secret, err);
    if (status == MS_OK && options->home != NULL) {
        ms_setting home = {.key = "storage.home", .value = options->home};

        if (*options->home == '\0')
            return ms_fail(err, MS_USAGE, "config_value", "The home is an empty path");
        status = apply_setting(config, &home, false, err);
    }
    return status;
}

/* What the walk of the file needs. */
typedef struct file_source {
    ms_config *config;
    const char *path;
    const char *folder; /* relative paths of the file count from here */
} file_source;

static ms_status apply_file_value(void *payload, const char *key, const ms_config_rule *rule,
        json_t *json, unsigned line, ms_error *err)
{
    file_source *source = payload;
    ms_config *config = source->config;
    ms_error problem = MS_ERROR_INIT;
    ms_config_value value;
    char origin[MS_FILE_PATH_SIZE_MAX + 32];
    ms_status status = ms_config_value_from_json(&value, &config->arena, rule, json, &problem);

    if (status != MS_OK) {
        if (status == MS_MALFORMED || status == MS_LIMIT) {
            (void)ms_fail(err, status, problem.reason, "%s:%u: %s %s", source->path, line, key,
                    problem.message);
            ms_error_set_path(err, source->path);
        } else {
            ms_error_copy(err, &problem);
        }
        return status;
    }
    config->file_holds_secret |= ms_config_value_is_bare_secret(&value);
    if (value.has_placeholder)
        status = warn(config, err,
                "%s:%u: %s still holds a place holder of the template and counts as unset: write "
                "your value there, or take it out",
                source->path, line, key);
    if (status == MS_OK && rule->kind == MS_CONFIG_PATH && *value.text != '\0')
        status = ms_config__absolute(config, &value.text, source->folder, value.text, err);
    if (status != MS_OK || value.is_fallback) {
        ms_config_value_release(&value);
        return status;
    }
    (void)ms_bounded_printf(origin, sizeof(origin), "file %s:%u", source->path, line);
    return assign(config, key, rule, &value, MS_RANK_FILE, origin, err);
}

static ms_status warn_unknown(void *payload, const char *key, unsigned line, ms_error *err)
{
    file_source *source = payload;
    const char *nearest = ms_config_rule_nearest(key);

    return warn(source->config, err, "%s:%u: unknown key \"%s\"%s%s%s", source->path, line, key,
            nearest != NULL ? ", did you mean \"" : "", nearest != NULL ? nearest : "",
            nearest != NULL ? "\"?" : "");
}

static ms_status apply_file(ms_config *config, ms_config_file *file, ms_error *err)
{
    file_source source = {.config = config, .path = file->path};
    ms_config_visitor visitor = {
            .value = apply_file_value, .unknown = warn_unknown, .payload = &source};
    size_t folder_size = (size_t)(strrchr(file->path, '/') - file->path);
    bool tightened;
    ms_status status;

    source.folder = ms_arena_strndup(&config->arena, file->path, folder_size > 0 ? folder_size : 1);
    if (source.folder == NULL)
        return ms_fail_memory(err, folder_size);
    status = ms_config_walk(file->path, ms_buffer_span(&file->text), &visitor, err);
    if (status == MS_OK && config->file_holds_secret) {
        status = ms_config_file_protect(file, &tightened, err);
        if (status == MS_OK && tightened)
            status = warn(config, err,
                    "The configuration %s holds a secret and others could read it: its mode is now "
                    "0600",
                    file->path);
    }
    return status;
}

/* file_place: the named file, else the one in the home as it is known without a file. */
static ms_status find_file(
        ms_config *config, const ms_storage_options *options, bool *is_named, ms_error *err)
{
    const char *named = options->config_file;
    const char *home = ms_config__slot(config, "storage.home")->value.text;
    ms_status status = MS_OK;

    if (named == NULL)
        named = ms_config__environment(config, "CONFIG_PATH");
    *is_named = named != NULL;
    if (named != NULL && *named == '\0')
        return ms_fail(err, MS_USAGE, "config_value", "The configuration file is an empty path");
    if (named != NULL)
        return ms_config__absolute(config, &config->file_place, NULL, named, err);
    if (*home == '\0')
        status = ms_config__default_home(config, &home, err);
    if (status != MS_OK)
        return status;
    config->file_place = ms_arena_printf(&config->arena, "%s/" FILE_NAME, home);
    return config->file_place != NULL ? MS_OK : ms_fail_memory(err, strlen(home));
}

static ms_status use_file(ms_config *config, const ms_storage_options *options, ms_error *err)
{
    ms_config_file file = {.fd = -1};
    bool is_named;
    ms_status status = find_file(config, options, &is_named, err);

    if (status != MS_OK)
        return status;
    status = ms_config_file_open(&file, config->file_place, err);
    if (status == MS_NOT_FOUND) {
        config->file_is_missing = is_named;
        return MS_OK;
    }
    if (status == MS_OK) {
        config->path = config->file_place;
        status = apply_file(config, &file, err);
    }
    ms_config_file_close(&file);
    return status;
}

static ms_status decide_home(ms_config *config, ms_error *err)
{
    ms_config_slot *slot = (ms_config_slot *)(uintptr_t)ms_config__slot(config, "storage.home");
    ms_status status = MS_OK;

    if (*slot->value.text == '\0')
        status = ms_config__default_home(config, &slot->value.text, err);
    config->home = slot->value.text;
    return status;
}

static ms_status load(ms_config *config, const ms_storage_options *options, ms_error *err)
{
    ms_status status;

    ms_arena_init(&config->arena, MS_CONFIG_MEMORY_MAX);
    config->ignores_environment = options->ignore_environment;
    config->slots = ms_arena_calloc(&config->arena, SLOT_COUNT_MAX, sizeof(*config->slots));
    config->warnings =
            ms_arena_calloc(&config->arena, MS_CONFIG_WARNINGS_MAX, sizeof(*config->warnings));
    if (config->slots == NULL || config->warnings == NULL)
        return ms_fail_memory(err, SLOT_COUNT_MAX * sizeof(*config->slots));
    status = set_defaults(config, err);
    if (status == MS_OK)
        status = apply_environment(config, err);
    if (status == MS_OK)
        status = apply_settings(config, options, err);
    if (status == MS_OK)
        status = use_file(config, options, err);
    if (status == MS_OK)
        status = decide_home(config, err);
    if (status == MS_OK)
        status = end_warnings(config, err);
    if (status == MS_OK)
        status = ms_config__show(config, err);
    return status;
}

ms_status ms_config_load(ms_config **config, const ms_storage_options *options, ms_error *err)
{
    static const ms_storage_options no_options = MS_STORAGE_OPTIONS_INIT;
    ms_status status;

    *config = ms_calloc(1, sizeof(**config));
    if (*config == NULL)
        return ms_fail_memory(err, sizeof(**config));
    status = load(*config, options != NULL ? options : &no_options, err);
    if (status != MS_OK) {
        ms_config_free(*config);
        *config = NULL;
    }
    return status;
}

void ms_config_free(ms_config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->slot_count; i++)
        ms_config_value_release(&config->slots[i].value);
    ms_arena_release(&config->arena);
    ms_free(config);
}
