/* The inside of ms_config: one slot for each rule, then one for each value of a chain. */
#ifndef MS_CONFIG_CONFIG_PRIV_H
#define MS_CONFIG_CONFIG_PRIV_H

#include "config/config.h"
#include "config/value.h"

/** Where a value came from; a greater one wins. */
typedef enum ms_config_rank {
    MS_RANK_DEFAULT,
    MS_RANK_FILE,
    MS_RANK_ENVIRONMENT,
    MS_RANK_SETTING
} ms_config_rank;

typedef struct ms_config_slot {
    const char *key;
    const ms_config_rule *rule;
    ms_config_value value;
    ms_config_rank rank;
    const char *origin;
    const char *json; /* as shown: secrets are masked */
} ms_config_slot;

struct ms_config {
    ms_arena arena;
    ms_config_slot *slots; /* slot i is of rule i; those of chains follow */
    size_t slot_count;
    const char *home;
    const char *path;       /* of the file in use, or NULL */
    const char *file_place; /* of the file that is, or would be, in use */
    bool file_is_missing;   /* one was named and is not there */
    bool ignores_environment;
    bool file_holds_secret;
    const char **warnings;
    size_t warning_count;
    size_t warnings_dropped;
};

/** NULL when key has a rule but no value (chains). */
const ms_config_slot *ms_config__slot(const ms_config *config, const char *key);
/** Fill json of every slot. */
MS_MUST_CHECK ms_status ms_config__show(ms_config *config, ms_error *err);
/** An environment variable, NULL when it is empty, not there or not to be read. */
const char *ms_config__environment(const ms_config *config, const char *name);
/** text as an absolute path: "~/" is the user's home, anything else relative counts from base (NULL
 * = the working folder). Slashes at the end go. *path lives in the arena. */
MS_MUST_CHECK ms_status ms_config__absolute(
        ms_config *config, const char **path, const char *base, const char *text, ms_error *err);
/** Without a setting, variable or file that says otherwise. MS_USAGE "home_unknown". */
MS_MUST_CHECK ms_status ms_config__default_home(
        ms_config *config, const char **home, ms_error *err);

#endif
