/* The configuration file: reading, parsing, walking, protecting. */
#include "config/config_file.h"

#include <string.h>

#include "base/bounded.h"
#include "config/config.h"
#include "config/json_lines.h"
#include "config/value.h"
#include "platform/process.h"

#define KEY_SIZE_MAX 256 /* bytes of a dotted key; a longer one cannot be known and is cut */

ms_status ms_config_file_open(ms_config_file *file, const char *path, ms_error *err)
{
    size_t got;
    ms_status status;

    *file = (ms_config_file){.path = path, .fd = -1};
    ms_buffer_init(&file->text, MS_CONFIG_FILE_SIZE_MAX + 1);
    status = ms_file_open(
            &file->fd, MS_DIR_CURRENT, path, MS_OPEN_READ | MS_OPEN_PATH_ONLY_REGULAR, 0, err);
    if (status == MS_OK)
        status = ms_file_status_of(file->fd, &file->status, err);
    if (status == MS_OK && file->status.size > MS_CONFIG_FILE_SIZE_MAX) {
        status = ms_fail(err, MS_LIMIT, "config_size",
                "The configuration %s is larger than %zu bytes", path, MS_CONFIG_FILE_SIZE_MAX);
        ms_error_set_path(err, path);
    }
    /* Room for everything at once: growing would leave copies of a secret behind. */
    if (status == MS_OK)
        status = ms_buffer_reserve(&file->text, (size_t)file->status.size + 1, err);
    if (status == MS_OK) {
        status = ms_file_read(file->fd, file->text.data, (size_t)file->status.size, &got, err);
        file->text.size = status == MS_OK ? got : 0;
    }
    if (status != MS_OK)
        ms_config_file_close(file);
    return status;
}

void ms_config_file_close(ms_config_file *file)
{
    if (file->path == NULL)
        return;
    if (file->text.data != NULL)
        ms_wipe(file->text.data, file->text.capacity);
    ms_buffer_release(&file->text);
    ms_file_close(file->fd);
    *file = (ms_config_file){.fd = -1};
}

/* Takes part in the walk; all of it belongs to ms_config_walk. */
typedef struct file_walk {
    const char *path;
    ms_json_lines lines;
    const ms_config_visitor *visitor;
} file_walk;

static ms_status fail_at(
        file_walk *walk, unsigned line, const char *key, const char *what, ms_error *err)
{
    (void)ms_fail(err, MS_MALFORMED, "config_type", "%s:%u: %s %s", walk->path, line, key, what);
    ms_error_set_path(err, walk->path);
    return MS_MALFORMED;
}

static ms_status walk_object(file_walk *walk, json_t *object, const char *prefix, ms_error *err);

static ms_status walk_member(
        file_walk *walk, json_t *json, const char *key, unsigned line, ms_error *err)
{
    const ms_config_rule *rule = ms_config_rule_find(key);
    ms_status status;

    if (ms_config_is_section(key)) {
        if (!json_is_object(json))
            return fail_at(walk, line, key, "must be an object", err);
        return walk_object(walk, json, key, err);
    }
    if (rule != NULL)
        status = walk->visitor->value(walk->visitor->payload, key, rule, json, line, err);
    else
        status = walk->visitor->unknown(walk->visitor->payload, key, line, err);
    ms_json_lines_skip(&walk->lines);
    return status;
}

/* Recursion is bounded: sections are at most three deep. */
static ms_status walk_object(file_walk *walk, json_t *object, const char *prefix, ms_error *err)
{
    const char *name;
    json_t *member;

    ms_json_lines_enter(&walk->lines);
    json_object_foreach(object, name, member)
    {
        char key[KEY_SIZE_MAX];
        unsigned line = ms_json_lines_key(&walk->lines);
        ms_status status;

        (void)ms_bounded_printf(
                key, sizeof(key), "%s%s%s", prefix, *prefix != '\0' ? "." : "", name);
        if (strchr(name, '.') == NULL) {
            status = walk_member(walk, member, key, line, err);
        } else { /* "storage.home" beside "storage" would be a second way to say the same */
            status = walk->visitor->unknown(walk->visitor->payload, key, line, err);
            ms_json_lines_skip(&walk->lines);
        }
        if (status != MS_OK)
            return status;
    }
    ms_json_lines_leave(&walk->lines);
    return MS_OK;
}

/* jansson's message without what it quotes of the text. */
static ms_status fail_json(const char *path, const json_error_t *where, ms_error *err)
{
    char message[JSON_ERROR_TEXT_LENGTH];
    char *quotation;

    (void)ms_bounded_copy(message, sizeof(message), where->text);
    quotation = strstr(message, " near ");
    if (quotation != NULL)
        *quotation = '\0';
    quotation = strchr(message, '\'');
    if (json_error_code(where) == json_error_duplicate_key && quotation != NULL)
        *quotation = '\0';
    (void)ms_fail(
            err, MS_MALFORMED, "config_json", "%s:%d: not JSON: %s", path, where->line, message);
    ms_error_set_hint(err, "Correct this line, or write a new file with \"config init\"");
    ms_error_set_path(err, path);
    ms_error_set_offset(err, where->position > 0 ? (uint64_t)where->position : 0);
    return MS_MALFORMED;
}

/* jansson passes over a NUL that stands right behind a number. */
static ms_status refuse_nul(const char *path, ms_span text, ms_error *err)
{
    const uint8_t *nul = text.size > 0 ? memchr(text.data, 0, text.size) : NULL;

    if (nul == NULL)
        return MS_OK;
    (void)ms_fail(err, MS_MALFORMED, "config_json", "%s: not JSON: holds a NUL byte", path);
    ms_error_set_path(err, path);
    ms_error_set_offset(err, (uint64_t)(nul - text.data));
    return MS_MALFORMED;
}

ms_status ms_config_walk(
        const char *path, ms_span text, const ms_config_visitor *visitor, ms_error *err)
{
    file_walk walk = {.path = path, .visitor = visitor};
    json_error_t where = {.line = 1};
    json_t *root;
    ms_status status;

    if (ms_json_depth(text) > MS_CONFIG_DEPTH_MAX) {
        (void)ms_fail(err, MS_LIMIT, "config_depth",
                "The configuration %s is nested more than %d deep", path, MS_CONFIG_DEPTH_MAX);
        ms_error_set_path(err, path);
        return MS_LIMIT;
    }
    status = refuse_nul(path, text, err);
    if (status != MS_OK)
        return status;
    root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL && json_error_code(&where) == json_error_out_of_memory)
        return ms_fail_memory(err, text.size);
    if (root == NULL)
        return fail_json(path, &where, err);
    ms_json_lines_init(&walk.lines, text);
    if (json_is_object(root))
        status = walk_object(&walk, root, "", err);
    else
        status = fail_at(&walk, 1, "the configuration", "must be an object", err);
    ms_config_wipe_json(root);
    json_decref(root);
    return status;
}

ms_status ms_config_file_protect(const ms_config_file *file, bool *tightened, ms_error *err)
{
    ms_status status = MS_OK;

    *tightened = false;
    if ((file->status.mode & 077) == 0)
        return MS_OK;
    if (file->status.owner == ms_process_user())
        status = ms_file_set_mode(file->fd, 0600, NULL);
    else
        status = MS_KEY;
    if (status == MS_OK) {
        *tightened = true;
        return MS_OK;
    }
    (void)ms_fail(err, MS_KEY, "config_mode",
            "The configuration %s holds a secret, others can read it (mode %04o), and it cannot be "
            "made private from here",
            file->path, (unsigned)file->status.mode);
    ms_error_set_hint(err, "Make it yours and 0600, or write the secret as env:NAME or file:PATH");
    ms_error_set_path(err, file->path);
    return MS_KEY;
}
