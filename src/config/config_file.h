/* The configuration file: read whole within its limits, parsed, and walked value by value. */
#ifndef MS_CONFIG_CONFIG_FILE_H
#define MS_CONFIG_CONFIG_FILE_H

#include <jansson.h>
#include "base/buffer.h"
#include "config/rule.h"
#include "platform/file.h"

/** An open configuration file with its text; released by ms_config_file_close, which wipes it. */
typedef struct ms_config_file {
    const char *path; /* the caller's */
    int fd;           /* -1 when there is none */
    ms_file_status status;
    ms_buffer text;
} ms_config_file;

/** MS_NOT_FOUND when there is none; MS_LIMIT "config_size"; MS_MALFORMED "not_a_file"; MS_IO. */
MS_MUST_CHECK ms_status ms_config_file_open(ms_config_file *file, const char *path, ms_error *err);
/** A zeroed file, or one whose opening failed, may be closed. */
void ms_config_file_close(ms_config_file *file);

/** What the walk finds, in the order of the file. A status other than MS_OK ends the walk. */
typedef struct ms_config_visitor {
    ms_status (*value)(void *payload, const char *key, const ms_config_rule *rule, json_t *json,
            unsigned line, ms_error *err);
    /* A key that has no rule. */
    ms_status (*unknown)(void *payload, const char *key, unsigned line, ms_error *err);
    void *payload;
} ms_config_visitor;

/** Parse text and walk it. MS_MALFORMED "config_json" or "config_type", MS_LIMIT "config_depth",
 * each with path, line and offset; path serves messages only. Nothing of the text is quoted: a
 * secret may stand anywhere. */
MS_MUST_CHECK ms_status ms_config_walk(
        const char *path, ms_span text, const ms_config_visitor *visitor, ms_error *err);

/** Before a file that holds a secret is used: our own that others could read is made 0600, with
 *  *tightened true; MS_KEY "config_mode" when it is someone else's or cannot be changed. */
MS_MUST_CHECK ms_status ms_config_file_protect(
        const ms_config_file *file, bool *tightened, ms_error *err);

#endif
