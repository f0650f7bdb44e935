/* A storage: one home directory with its configuration, block store, ledger and keys. */
#ifndef MODEL_STORAGE_STORAGE_H
#define MODEL_STORAGE_STORAGE_H

#include "model_storage/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An open storage. Threads: operations may be started from any thread. Several storages may be open at once, on the same home too. */
typedef struct ms_storage ms_storage;

/** One value of the configuration as text, such as {"storage.chunkSize", "65536"}. */
typedef struct ms_setting {
    const char *key;
    const char *value;
} ms_setting;

/** Asked for the password of a keystore file. Writes at most password_size_max bytes and sets *password_size; the library wipes
 *  its copy. purpose says which key. Returning other than MS_OK (MS_KEY to refuse) ends the operation with it. */
typedef ms_status (*ms_password_fn)(void *payload, const char *purpose, bool is_new, char *password,
        size_t password_size_max, size_t *password_size);
#define MS_PASSWORD_SIZE_MAX 1024

/** Signs digest32 for the address given in the options: signature65 = r, s, v with v 27 or 28 and s in the lower half. Called from threads of operations. */
typedef ms_status (*ms_sign_fn)(void *payload, const uint8_t digest32[32], uint8_t signature65[65]);

typedef struct ms_storage_options {
    uint32_t size;           /* sizeof(ms_storage_options) */
    const char *home;        /* NULL: MODEL_STORAGE_HOME, then $XDG_DATA_HOME/model-storage, then ~/.local/share/model-storage */
    const char *config_file; /* NULL: CONFIG_PATH, then config.json in the home; a named one must exist */
    const ms_setting *settings; /* win over environment and file */
    size_t setting_count;
    bool settings_may_be_secret; /* false: a setting of a secret is MS_USAGE (command lines are visible to others) */
    bool ignore_environment;     /* read no environment variable */
    ms_password_fn ask_password; /* NULL: protected keys cannot be used */
    void *ask_password_payload;
    /* A signer of the caller's: with it no key of the home is used. Without it keys sign inside this process, where code that
     * shares the process could read them. */
    ms_sign_fn sign;
    void *sign_payload;
    const char *sign_address; /* "0x..." of the key behind sign */
} ms_storage_options;

#define MS_STORAGE_OPTIONS_INIT {.size = sizeof(ms_storage_options)}

/** Open a storage. Reads the configuration; makes nothing on disk before the first operation that writes.
 *  options may be NULL. Text in options is copied. Warnings about the configuration (unknown keys, file modes) are given to the log sink and to
 *  every operation's notices once. Returns MS_USAGE, MS_MALFORMED (configuration, with path and line), MS_KEY, MS_IO, MS_NO_MEMORY. */
MS_API MS_MUST_CHECK ms_status ms_storage_open(ms_storage **storage, const ms_storage_options *options, ms_error *err);
/** All operations must have been freed. NULL is allowed. */
MS_API void ms_storage_close(ms_storage *storage);
/** Absolute path of the home; lives as long as the storage. */
MS_API const char *ms_storage_home(const ms_storage *storage);
/** Path of the configuration file in use, or NULL. */
MS_API const char *ms_storage_config_path(const ms_storage *storage);

#ifdef __cplusplus
}
#endif
#endif
