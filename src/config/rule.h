/* The table of settings: what keys there are, what each may hold, where it comes from by default.
 * Everything that is known about a setting stands in its row of rule.c. */
#ifndef MS_CONFIG_RULE_H
#define MS_CONFIG_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ms_config_kind {
    MS_CONFIG_TEXT,
    MS_CONFIG_PATH,      /* a relative one of a file means: beside that file; "~/" is the user's */
    MS_CONFIG_SECRET,    /* the secret itself, env:NAME or file:PATH */
    MS_CONFIG_CHOICE,    /* one of the words of choices */
    MS_CONFIG_INTEGER,   /* minimum..maximum */
    MS_CONFIG_SIZE,      /* bytes: 1048576, "64KiB", "1.5GB" */
    MS_CONFIG_RATE,      /* bytes a second: "10MB/s", "80Mbit/s"; "" = no limit */
    MS_CONFIG_DECIMAL,   /* a number that is not rounded, as text: "0.05" */
    MS_CONFIG_TEXTS,     /* one text or a list of them */
    MS_CONFIG_SOURCES,   /* one or a list of: text, or {"url", "authorization"} */
    MS_CONFIG_SERVICES,  /* a list of {"name", "endpoint", "token"} */
    MS_CONFIG_PUBLISHERS /* one or a list of "0x...", "eip155:CHAIN:0x..." */
} ms_config_kind;

typedef struct ms_config_rule {
    const char *key;
    ms_config_kind kind;
    const char *fallback;    /* the default, as text; "" = none */
    const char *environment; /* name of the variable, or NULL */
    const char *choices;     /* CHOICE: "auto|on|off" */
    uint64_t minimum;        /* INTEGER, SIZE */
    uint64_t maximum;
    bool power_of_two;
} ms_config_rule;

/** All rules, in the order in which they are shown. Keys of a chain have those of "blockchain". */
extern const ms_config_rule ms_config_rules[];
extern const size_t ms_config_rule_count;

/** Longest NAME in "chains.NAME.rpcUrl": [A-Za-z0-9_-], so that a key stays readable. */
#define MS_CONFIG_CHAIN_NAME_SIZE_MAX 64

/** The rule of key, or NULL when there is none. For "chains.NAME.rpcUrl" that of
 *  "blockchain.rpcUrl". */
const ms_config_rule *ms_config_rule_find(const char *key);
/** Whether key is the name of an object: "ipfs", "chains", "chains.NAME". */
bool ms_config_is_section(const char *key);
/** The known key or section that looks most like key, or NULL when none looks like it. */
const char *ms_config_rule_nearest(const char *key);

#endif
