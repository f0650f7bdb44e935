/* The effective configuration: settings of the caller, then environment, then file, then defaults;
 * each value with its origin. Never looks into the working folder. */
#ifndef MS_CONFIG_CONFIG_H
#define MS_CONFIG_CONFIG_H

#include "crypto/secret.h"
#include "model_storage/key.h"
#include "model_storage/storage.h"

#define MS_CONFIG_FILE_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define MS_CONFIG_DEPTH_MAX 64
#define MS_CONFIG_TEXT_SIZE_MAX 4096   /* bytes of one value */
#define MS_CONFIG_ITEMS_MAX 256        /* values in a list */
#define MS_CONFIG_CHAIN_VALUES_MAX 512 /* values below "chains" */
#define MS_CONFIG_WARNINGS_MAX 100     /* kept; the last says how many more there were */
#define MS_CONFIG_MEMORY_MAX ((size_t)16 * 1024 * 1024)

/** Immutable after loading, so any number of threads may read it. All text lives as long as it. */
typedef struct ms_config ms_config;

/** Load the effective configuration as options (NULL = all zero) and interface section 4 say. Makes
 *  and changes nothing on disk, except that our own file that holds a key is tightened to 0600 (a
 *  warning says so). A named file that does not exist is not a failure here: ms_config_check says
 * it. out  config  NULL on failure Returns MS_USAGE: "config_key", "config_value" (setting or
 * environment), "secret_setting", "home_unknown"; MS_MALFORMED: "config_json", "config_type",
 * "config_value" (of a file: path, message with the line); MS_LIMIT: "config_size", "config_depth",
 * "config_items"; MS_KEY: "config_mode"; MS_IO, MS_NO_MEMORY. */
MS_MUST_CHECK ms_status ms_config_load(
        ms_config **config, const ms_storage_options *options, ms_error *err);
/** Wipes secrets. NULL is allowed. */
void ms_config_free(ms_config *config);

/** Whether commands can work with it: MS_USAGE "config_missing" (a file was named that does not
 *  exist), "network_not_built" (it asks for a backend that this version does not have). */
MS_MUST_CHECK ms_status ms_config_check(const ms_config *config, ms_error *err);
/** Whether it asks for a networked backend; *key and *origin (each may be NULL) say what does. */
bool ms_config_networked(const ms_config *config, const char **key, const char **origin);

/** Absolute path of the home. It need not exist. */
const char *ms_config_home(const ms_config *config);
/** Absolute path of the file in use, NULL when there is none. */
const char *ms_config_path(const ms_config *config);
/** Where a file would be in use: the named one, else config.json in the home. */
const char *ms_config_file_place(const ms_config *config);

/** One value by its key, which must be a known one of a fitting kind (asserted). Keys of chains
 * give their own values, else NULL, 0 and false. text: TEXT, PATH (absolute, unless it was a
 * caller's setting), CHOICE, DECIMAL, and the first of TEXTS; "" when unset.   u64: INTEGER, SIZE
 * in bytes, RATE in bytes a second. choice_is: CHOICE compared with word.   list: TEXTS,
 * PUBLISHERS, and the URLs of SOURCES. */
const char *ms_config_text(const ms_config *config, const char *key);
uint64_t ms_config_u64(const ms_config *config, const char *key);
bool ms_config_choice_is(const ms_config *config, const char *key, const char *word);
size_t ms_config_list_count(const ms_config *config, const char *key);
const char *ms_config_list_text(const ms_config *config, const char *key, size_t index);
/** "default", "environment CHAIN_ID", "file /path:12" or "flag". */
const char *ms_config_origin(const ms_config *config, const char *key);

/** Whether a secret is configured. */
bool ms_config_has_secret(const ms_config *config, const char *key);
/** The secret itself; env: and file: are followed here. The caller releases it. On failure, and
 * when none is configured, secret->bytes is NULL. MS_KEY: "secret_environment" (no such variable,
 * or the environment is ignored), "secret_file" (missing, looser than 0600, too large). */
MS_MUST_CHECK ms_status ms_config_secret(
        const ms_config *config, const char *key, ms_secret *secret, ms_error *err);

/** Every value in the order of the table, chains last; secrets and credentials in URLs are masked.
 */
size_t ms_config_entry_count(const ms_config *config);
ms_config_entry ms_config_entry_at(const ms_config *config, size_t index);

/** What the user should know: unknown keys, placeholders, a mode that was tightened. */
size_t ms_config_warning_count(const ms_config *config);
const char *ms_config_warning(const ms_config *config, size_t index);

/** Write a configuration with the defaults of the embedded backends to path, mode 0600. Missing
 *  folders above are made, 0700. MS_USAGE "config_exists" when there is a file already; MS_IO. */
MS_MUST_CHECK ms_status ms_config_write_template(const char *path, ms_error *err);

#endif
