#include "names/resolve.h"

#include <string.h>

#include "base/checked.h"
#include "names/suggestion.h"
#include "platform/clock.h"

typedef struct resolving {
    ms_registry *registry;
    const ms_name_scope *scope;
    const ms_ref *ref;
    ms_name_purpose purpose;
    ms_arena *arena;
    ms_resolved_name *resolved;
} resolving;

static bool is_own(const ms_name_scope *scope, const ms_address *address)
{
    for (size_t i = 0; i < scope->own_count; i++)
        if (ms_address_equal(&scope->own[i], address))
            return true;
    return false;
}

/* The newest version that is active, 0 when there is none. */
static ms_status on_version(void *payload, const ms_record *record, ms_error *err)
{
    (void)err;
    uint32_t *active = (uint32_t *)payload;
    if (*active == 0 && record->status == MS_RECORD_ACTIVE)
        *active = record->version;
    return MS_OK;
}

static ms_status fail_inactive(const ms_record *record, ms_error *err)
{
    char date[MS_TIME_TEXT_SIZE];
    ms_clock_format(date, record->status_time);
    (void)ms_fail(err, MS_NOT_FOUND, "inactive", "no version of %s is active: %s since %s%s%s", record->model_id,
            record->status == MS_RECORD_REVOKED ? "revoked" : "inactive", date, record->reason[0] == '\0' ? "" : ", ",
            record->reason);
    ms_error_set_hint(err, "name a version to use it all the same, as in %s@%lu", record->model_id,
            (unsigned long)record->version);
    return MS_NOT_FOUND;
}

/* record is the newest version and not active. */
static ms_status choose_older(const resolving *names, const ms_address *publisher, ms_error *err)
{
    ms_record *record = &names->resolved->record;
    const ms_record newest = *record;
    uint32_t active = 0;
    ms_status status = MS_OK;
    if (newest.model_status == MS_RECORD_ACTIVE)
        status = ms_registry_history(names->registry, publisher, names->ref->model_id, on_version, &active, err);
    if (status != MS_OK)
        return status;
    if (active == 0) {
        /* Revoked is final and said by whoever wants to use it; inactive has a way around. */
        if (names->purpose == MS_NAME_FOR_CARE || newest.status == MS_RECORD_REVOKED)
            return MS_OK;
        return fail_inactive(&newest, err);
    }
    names->resolved->passed_over = newest.version;
    names->resolved->passed_over_status = newest.status;
    return ms_registry_resolve(names->registry, publisher, names->ref->model_id, active, names->arena, record, err);
}

static ms_status resolve_at(const resolving *names, const ms_address *publisher, ms_error *err)
{
    ms_record *record = &names->resolved->record;
    ms_status status = ms_registry_resolve(
            names->registry, publisher, names->ref->model_id, names->ref->version, names->arena, record, err);
    if (status != MS_OK || names->ref->version != 0 || names->purpose == MS_NAME_FOR_WRITE ||
            record->status == MS_RECORD_ACTIVE)
        return status;
    return choose_older(names, publisher, err);
}

/* MS_NOT_FOUND with reason model_unknown goes on to the next publisher; everything else is the answer. */
static ms_status resolve_among(const resolving *names, const ms_address *publishers, size_t count, bool *is_answered, ms_error *err)
{
    for (size_t i = 0; i < count; i++) {
        ms_error found = MS_ERROR_INIT;
        ms_status status = resolve_at(names, &publishers[i], &found);
        if (status == MS_NOT_FOUND && strcmp(found.reason, "model_unknown") == 0)
            continue;
        *is_answered = true;
        if (status != MS_OK)
            ms_error_copy(err, &found);
        return status;
    }
    return MS_OK;
}

typedef struct strangers {
    const char *names[MS_NAMES_LISTED_MAX];
    size_t count;
    ms_arena *arena;
} strangers;

static ms_status on_stranger(void *payload, const ms_record *record, ms_error *err)
{
    strangers *others = (strangers *)payload;
    char address[MS_ADDRESS_TEXT_SIZE];
    if (others->count >= MS_NAMES_LISTED_MAX)
        return MS_OK;
    ms_address_format(address, &record->publisher);
    const char *name = ms_arena_printf(others->arena, "%s/%s", address, record->model_id);
    if (name == NULL)
        return ms_fail_memory(err, sizeof(address));
    others->names[others->count++] = name;
    return MS_OK;
}

static ms_status fail_strangers(const resolving *names, const strangers *others, ms_error *err)
{
    const char *list = "";
    for (size_t i = 0; i < others->count && list != NULL; i++)
        list = ms_arena_printf(names->arena, "%s%s%s", list, i == 0 ? "" : ", ", others->names[i]);
    (void)ms_fail(err, MS_NOT_FOUND, "publisher_unknown", "%s is known here only from publishers that are not yours: %s",
            names->ref->model_id, list == NULL ? "(out of memory)" : list);
    ms_error_set_hint(err, "use the full name, or add the publisher to storage.trustedPublishers in the configuration");
    return MS_NOT_FOUND;
}

static ms_status fail_unknown(const resolving *names, ms_error *err)
{
    strangers others = {.arena = names->arena};
    const char *nearest = NULL;
    ms_status status = ms_registry_find_id(names->registry, names->ref->model_id, on_stranger, &others, err);
    if (status == MS_OK && others.count > 0 && names->purpose != MS_NAME_FOR_WRITE)
        return fail_strangers(names, &others, err);
    if (status == MS_OK)
        status = ms_names_suggest(
                names->registry, names->scope->own, names->scope->own_count, names->ref->model_id, names->arena, &nearest, err);
    if (status != MS_OK)
        return status;
    (void)ms_fail(err, MS_NOT_FOUND, "model_unknown", "there is no model %s", names->ref->model_id);
    if (nearest != NULL)
        ms_error_set_hint(err, "did you mean %s? 'model-storage list' shows what there is", nearest);
    else
        ms_error_set_hint(err, "'model-storage list' shows what there is");
    return MS_NOT_FOUND;
}

ms_status ms_name_resolve(ms_registry *registry, const ms_name_scope *scope, const ms_ref *ref, ms_name_purpose purpose,
        ms_arena *arena, ms_resolved_name *resolved, ms_error *err)
{
    const resolving names = {.registry = registry,
            .scope = scope,
            .ref = ref,
            .purpose = purpose,
            .arena = arena,
            .resolved = resolved};
    *resolved = (ms_resolved_name){0};
    if (ref->has_publisher && purpose == MS_NAME_FOR_WRITE && !is_own(scope, &ref->publisher)) {
        char address[MS_ADDRESS_TEXT_SIZE];
        ms_address_format(address, &ref->publisher);
        return ms_fail(err, MS_KEY, "publisher_foreign", "the key of %s is not held here, so its models cannot be changed", address);
    }
    if (ref->has_publisher)
        return resolve_at(&names, &ref->publisher, err);
    bool is_answered = false;
    ms_status status = resolve_among(&names, scope->own, scope->own_count, &is_answered, err);
    if (!is_answered && purpose != MS_NAME_FOR_WRITE)
        status = resolve_among(&names, scope->trusted, scope->trusted_count, &is_answered, err);
    return is_answered ? status : fail_unknown(&names, err);
}
