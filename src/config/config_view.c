/* Reading a loaded configuration: values by key, secrets on demand, and all of it for people,
 * masked. */
#include <assert.h>
#include <string.h>

#include "base/bounded.h"
#include "codec/json_writer.h"
#include "config/config_priv.h"
#include "platform/file.h"
#include "platform/process.h"

#define MASK "***"
#define TOKEN_SIZE_MIN 20 /* a part of a URL's path that is longer may be a token */
#define JSON_SIZE_MAX ((size_t)4 * 1024 * 1024)

const ms_config_slot *ms_config__slot(const ms_config *config, const char *key)
{
    for (size_t i = 0; i < config->slot_count; i++) {
        if (strcmp(config->slots[i].key, key) == 0)
            return &config->slots[i];
    }
    return NULL;
}

static const ms_config_slot *known_slot(const ms_config *config, const char *key)
{
    assert(ms_config_rule_find(key) != NULL);
    return ms_config__slot(config, key);
}

const char *ms_config_home(const ms_config *config)
{
    return config->home;
}

const char *ms_config_path(const ms_config *config)
{
    return config->path;
}

const char *ms_config_file_place(const ms_config *config)
{
    return config->file_place;
}

const char *ms_config_text(const ms_config *config, const char *key)
{
    const ms_config_slot *slot = known_slot(config, key);

    assert(slot == NULL || slot->rule->kind != MS_CONFIG_SECRET);
    return slot != NULL ? slot->value.text : NULL;
}

uint64_t ms_config_u64(const ms_config *config, const char *key)
{
    const ms_config_slot *slot = known_slot(config, key);

    assert(slot == NULL || slot->rule->kind == MS_CONFIG_INTEGER ||
            slot->rule->kind == MS_CONFIG_SIZE || slot->rule->kind == MS_CONFIG_RATE);
    return slot != NULL ? slot->value.number : 0;
}

bool ms_config_choice_is(const ms_config *config, const char *key, const char *word)
{
    const ms_config_slot *slot = known_slot(config, key);

    assert(slot == NULL || slot->rule->kind == MS_CONFIG_CHOICE);
    return slot != NULL && strcmp(slot->value.text, word) == 0;
}

size_t ms_config_list_count(const ms_config *config, const char *key)
{
    const ms_config_slot *slot = known_slot(config, key);

    return slot != NULL ? slot->value.item_count : 0;
}

const char *ms_config_list_text(const ms_config *config, const char *key, size_t index)
{
    const ms_config_slot *slot = known_slot(config, key);

    assert(slot != NULL && index < slot->value.item_count);
    return slot->value.items[index].text;
}

const char *ms_config_origin(const ms_config *config, const char *key)
{
    const ms_config_slot *slot = known_slot(config, key);

    return slot != NULL ? slot->origin : "default";
}

size_t ms_config_warning_count(const ms_config *config)
{
    return config->warning_count;
}

const char *ms_config_warning(const ms_config *config, size_t index)
{
    assert(index < config->warning_count);
    return config->warnings[index];
}

/* ---- what this version cannot do ---- */

/* Any value below "ipfs" asks for a node, also one that is the default there; a file without that section asks for nothing. */
static bool asks_for_network(const ms_config_slot *slot)
{
    if (slot->rank == MS_RANK_DEFAULT || slot->value.is_fallback)
        return false;
    if (strncmp(slot->key, "ipfs.", strlen("ipfs.")) == 0 || strcmp(slot->key, "blockchain.contractAddress") == 0)
        return true;
    return strcmp(slot->key, "storage.require") == 0 && strcmp(slot->value.text, "any") != 0 &&
            strcmp(slot->value.text, "ledger") != 0;
}

bool ms_config_networked(const ms_config *config, const char **key, const char **origin)
{
    for (size_t i = 0; i < config->slot_count; i++) {
        const ms_config_slot *slot = &config->slots[i];

        if (!asks_for_network(slot))
            continue;
        if (key != NULL)
            *key = slot->key;
        if (origin != NULL)
            *origin = slot->origin;
        return true;
    }
    return false;
}

ms_status ms_config_check(const ms_config *config, ms_error *err)
{
    const char *key;
    const char *origin;

    if (config->file_is_missing) {
        (void)ms_fail(err, MS_USAGE, "config_missing", "There is no configuration file %s",
                config->file_place);
        ms_error_set_hint(err, "Write one with \"config init\", or name another one");
        ms_error_set_path(err, config->file_place);
        return MS_USAGE;
    }
    if (ms_config_networked(config, &key, &origin)) {
        (void)ms_fail(err, MS_USAGE, "network_not_built",
                "%s (%s) asks for IPFS or a chain: this version has the embedded backends only, "
                "which store on this machine",
                key, origin);
        ms_error_set_hint(err, "Take %s out of its place: %s", key, origin);
        return MS_USAGE;
    }
    return MS_OK;
}

/* ---- secrets ---- */

bool ms_config_has_secret(const ms_config *config, const char *key)
{
    const ms_config_slot *slot = known_slot(config, key);

    assert(slot == NULL || slot->rule->kind == MS_CONFIG_SECRET);
    return slot != NULL && (slot->value.secret.bytes != NULL || *slot->value.text != '\0');
}

static ms_status fail_secret_file(
        const char *key, const char *path, const char *what, ms_error *err)
{
    (void)ms_fail(err, MS_KEY, "secret_file", "%s: the file %s %s", key, path, what);
    ms_error_set_path(err, path);
    return MS_KEY;
}

static ms_status read_secret_file(
        const char *key, const char *path, ms_secret *secret, ms_error *err)
{
    ms_file_status about;
    size_t got = 0;
    int fd = -1;
    ms_status status = ms_file_open(
            &fd, MS_DIR_CURRENT, path, MS_OPEN_READ | MS_OPEN_PATH_ONLY_REGULAR, 0, err);

    if (status == MS_NOT_FOUND)
        status = fail_secret_file(key, path, "does not exist", err);
    if (status == MS_OK)
        status = ms_file_status_of(fd, &about, err);
    if (status == MS_OK && (about.mode & 077) != 0)
        status = fail_secret_file(key, path, "can be read by others: make it 0600", err);
    if (status == MS_OK && about.size > MS_SECRET_SIZE_MAX)
        status = fail_secret_file(key, path, "is too large for a secret", err);
    if (status == MS_OK)
        status = ms_secret_init(secret, (size_t)about.size, err);
    if (status == MS_OK)
        status = ms_file_read(fd, secret->bytes, secret->size, &got, err);
    if (status == MS_OK) {
        while (got > 0 && (secret->bytes[got - 1] == '\n' || secret->bytes[got - 1] == '\r'))
            got--;
        secret->size = got;
    }
    ms_file_close(fd);
    return status;
}

static ms_status read_secret_variable(const ms_config *config, const char *key, const char *name,
        ms_secret *secret, ms_error *err)
{
    const char *text = ms_config__environment(config, name);

    if (text == NULL)
        return ms_fail(err, MS_KEY, "secret_environment",
                "%s is said to be in the environment variable %s, which is %s", key, name,
                config->ignores_environment ? "not read here" : "not set");
    return ms_secret_init_copy(secret, text, strlen(text), err);
}

ms_status ms_config_secret(
        const ms_config *config, const char *key, ms_secret *secret, ms_error *err)
{
    const ms_config_slot *slot = known_slot(config, key);
    ms_status status;

    *secret = (ms_secret){0};
    if (!ms_config_has_secret(config, key))
        return MS_OK;
    if (slot->value.secret.bytes != NULL)
        status =
                ms_secret_init_copy(secret, slot->value.secret.bytes, slot->value.secret.size, err);
    else if (strncmp(slot->value.text, "env:", 4) == 0)
        status = read_secret_variable(config, key, slot->value.text + 4, secret, err);
    else
        status = read_secret_file(key, slot->value.text + 5, secret, err);
    if (status != MS_OK)
        ms_secret_release(secret);
    return status;
}

/* ---- for people ---- */

size_t ms_config_entry_count(const ms_config *config)
{
    return config->slot_count;
}

ms_config_entry ms_config_entry_at(const ms_config *config, size_t index)
{
    const ms_config_slot *slot;

    assert(index < config->slot_count);
    slot = &config->slots[index];
    return (ms_config_entry){.key = slot->key, .json = slot->json, .origin = slot->origin};
}

/* A part of a URL's path that looks like an access token. */
static bool is_token(const char *part, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char byte = part[i];
        bool is_word = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                       (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '_' || byte == '%';

        if (!is_word)
            return false;
    }
    return size >= TOKEN_SIZE_MIN;
}

/* Append url without user, tokens in its path, and query. Text that is no URL passes as it is. A
 * password may hold every byte that ends a host, so the user ends at the last @ of all. When that
 * stands behind a ? or #, user, host and query cannot be told apart, and none of them is shown. */
static ms_status append_masked(ms_buffer *out, const char *url, ms_error *err)
{
    const char *host = strstr(url, "://");
    const char *path;
    const char *user_end;
    ms_status status;

    if (host == NULL)
        return ms_buffer_append_text(out, url, err);
    host += 3;
    user_end = strrchr(host, '@');
    status = ms_buffer_append(out, url, (size_t)(host - url), err);
    if (status == MS_OK && user_end != NULL)
        status = ms_buffer_append_text(out, MASK, err);
    if (user_end != NULL && user_end > host + strcspn(host, "?#"))
        return status;
    if (user_end != NULL)
        host = user_end;
    path = host + strcspn(host, "/?#");
    if (status == MS_OK)
        status = ms_buffer_append(out, host, (size_t)(path - host), err);
    while (status == MS_OK && *path == '/') {
        size_t size = strcspn(path + 1, "/?#");

        status = ms_buffer_append_byte(out, '/', err);
        if (status == MS_OK && is_token(path + 1, size))
            status = ms_buffer_append_text(out, MASK, err);
        else if (status == MS_OK)
            status = ms_buffer_append(out, path + 1, size, err);
        path += 1 + size;
    }
    if (status == MS_OK && *path != '\0')
        status = ms_buffer_append_text(out, "?" MASK, err);
    return status;
}

/* Writing what is shown; all of it belongs to ms_config__show. */
typedef struct entry_writer {
    ms_json_writer json;
    ms_buffer text; /* the JSON of one value */
    ms_buffer url;
} entry_writer;

static ms_status take_json(void *payload, const char *text, size_t size, ms_error *err)
{
    entry_writer *show = payload;

    return ms_buffer_append(&show->text, text, size, err);
}

static ms_status write_masked(entry_writer *show, const char *text, ms_error *err)
{
    ms_status status;

    ms_buffer_clear(&show->url);
    status = append_masked(&show->url, text, err);
    if (status == MS_OK)
        ms_json_string(&show->json, ms_buffer_span(&show->url));
    return status;
}

static ms_status write_item(
        entry_writer *show, const ms_config_rule *rule, const ms_config_item *item, ms_error *err)
{
    bool is_service = rule->kind == MS_CONFIG_SERVICES;
    ms_status status;

    if (!is_service && !item->has_secret)
        return write_masked(show, item->text, err);
    ms_json_begin_object(&show->json);
    if (is_service) {
        ms_json_key(&show->json, "name");
        ms_json_text(&show->json, item->name);
    }
    ms_json_key(&show->json, is_service ? "endpoint" : "url");
    status = write_masked(show, item->text, err);
    if (status == MS_OK && item->has_secret) {
        ms_json_key(&show->json, is_service ? "token" : "authorization");
        ms_json_text(&show->json, MASK);
    }
    if (status == MS_OK)
        ms_json_end_object(&show->json);
    return status;
}

static ms_status write_list(entry_writer *show, const ms_config_slot *slot, ms_error *err)
{
    const ms_config_value *value = &slot->value;
    ms_status status = MS_OK;

    ms_json_begin_array(&show->json);
    for (size_t i = 0; status == MS_OK && i < value->item_count; i++)
        status = write_item(show, slot->rule, &value->items[i], err);
    if (status == MS_OK)
        ms_json_end_array(&show->json);
    return status;
}

static ms_status write_slot(entry_writer *show, const ms_config_slot *slot, ms_error *err)
{
    const ms_config_value *value = &slot->value;

    switch (slot->rule->kind) {
    case MS_CONFIG_SECRET:
        if (value->secret.bytes != NULL || *value->text != '\0')
            ms_json_text(&show->json, MASK);
        else
            ms_json_null(&show->json);
        return MS_OK;
    case MS_CONFIG_TEXTS:
        /* One URL is shown as it is usually written. */
        if (value->item_count <= 1)
            return write_masked(show, value->text, err);
        return write_list(show, slot, err);
    case MS_CONFIG_SOURCES:
    case MS_CONFIG_SERVICES:
    case MS_CONFIG_PUBLISHERS:
        return write_list(show, slot, err);
    case MS_CONFIG_TEXT:
    case MS_CONFIG_PATH:
    case MS_CONFIG_CHOICE:
    case MS_CONFIG_INTEGER:
    case MS_CONFIG_SIZE:
    case MS_CONFIG_RATE:
    case MS_CONFIG_DECIMAL:
        break;
    }
    if (value->is_digits)
        ms_json_u64(&show->json, value->number);
    else
        return write_masked(show, value->text, err);
    return MS_OK;
}

ms_status ms_config__show(ms_config *config, ms_error *err)
{
    entry_writer show;
    ms_status status = MS_OK;

    ms_buffer_init(&show.text, JSON_SIZE_MAX);
    ms_buffer_init(&show.url, (size_t)4 * MS_CONFIG_TEXT_SIZE_MAX);
    for (size_t i = 0; status == MS_OK && i < config->slot_count; i++) {
        ms_config_slot *slot = &config->slots[i];

        ms_buffer_clear(&show.text);
        ms_json_init(&show.json, take_json, &show, false); /* each value is a document of its own */
        status = write_slot(&show, slot, err);
        if (status == MS_OK)
            status = ms_json_flush(&show.json, err);
        if (status != MS_OK)
            break;
        slot->json = ms_arena_strndup(&config->arena, (const char *)show.text.data, show.text.size);
        if (slot->json == NULL)
            status = ms_fail_memory(err, show.text.size);
    }
    ms_buffer_release(&show.text);
    ms_buffer_release(&show.url);
    return status;
}
