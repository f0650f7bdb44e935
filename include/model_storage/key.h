/* Keys in keystore V3 files, and the effective configuration. The forms are those of model.h. */
#ifndef MODEL_STORAGE_KEY_H
#define MODEL_STORAGE_KEY_H

#include "model_storage/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ms_key_action {
    MS_KEY_LIST = 0,
    MS_KEY_NEW,      /* make a key; the first one becomes the default */
    MS_KEY_IMPORT,   /* from file: a keystore V3 file, or 64 hex digits */
    MS_KEY_EXPORT,   /* a copy of the keystore file of address to file, never over an existing one */
    MS_KEY_DEFAULT,  /* make address the one that publishes */
    MS_KEY_PASSWORD  /* give address a new password (standard scrypt) */
} ms_key_action;

typedef struct ms_key_options {
    uint32_t size;
    ms_key_action action;
    const char *address; /* EXPORT, DEFAULT, PASSWORD: "0x..."; NULL = the default key */
    const char *file;    /* IMPORT, EXPORT */
    /** NEW, IMPORT, PASSWORD: the password the key shall have. has_password false: asked for through the storage's ask_password
     *  for PASSWORD; none (file mode as protection) for NEW and IMPORT. */
    bool has_password;
    const char *password;
    size_t password_size;
} ms_key_options;
#define MS_KEY_OPTIONS_INIT {.size = sizeof(ms_key_options)}

typedef struct ms_key_entry {
    const char *address; /* EIP-55 */
    const char *path;
    bool is_default;
    bool is_protected; /* has a password that is not empty */
} ms_key_entry;

typedef struct ms_key_result {
    const ms_key_entry *keys; /* LIST, DEFAULT: all; else the one it is about */
    size_t key_count;
} ms_key_result;

typedef struct ms_config_options {
    uint32_t size;
    bool init; /* write a template into the home (or the named configuration file); never over an existing one */
} ms_config_options;
#define MS_CONFIG_OPTIONS_INIT {.size = sizeof(ms_config_options)}

typedef struct ms_config_entry {
    const char *key;    /* "storage.chunkSize" */
    const char *json;   /* value as JSON text; secrets are "***" or null */
    const char *origin; /* "default", "environment CONFIG_PATH", "file /path:12", "flag" */
} ms_config_entry;

typedef struct ms_config_result {
    const char *home;
    const char *config_path; /* NULL when there is none */
    const char *written_path; /* init */
    const ms_config_entry *entries;
    size_t entry_count;
} ms_config_result;

MS_COMMAND(key, ms_key_options, ms_key_result);
MS_COMMAND(config, ms_config_options, ms_config_result);

#ifdef __cplusplus
}
#endif
#endif
