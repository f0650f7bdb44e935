/* The table of settings and the search in it. Keys are compared as they are written: case counts.
 */
#include "config/rule.h"

#include <string.h>

#include "base/checked.h"
#include "codec/nearest.h"

#define CHUNK_SIZE_MIN 4096
#define CHUNK_SIZE_MAX 1048576
#define JOBS_MAX 256
#define CONFIRMATIONS_MAX 1000000

const ms_config_rule ms_config_rules[] = {
        {.key = "ipfs.host",
                .kind = MS_CONFIG_TEXT,
                .fallback = "localhost",
                .environment = "IPFS_API"},
        {.key = "ipfs.port",
                .kind = MS_CONFIG_INTEGER,
                .fallback = "5001",
                .minimum = 1,
                .maximum = 65535},
        {.key = "ipfs.protocol",
                .kind = MS_CONFIG_CHOICE,
                .fallback = "http",
                .choices = "http|https"},
        {.key = "ipfs.authorization", .kind = MS_CONFIG_SECRET, .fallback = ""},
        {.key = "ipfs.gateways",
                .kind = MS_CONFIG_SOURCES,
                .fallback = "",
                .environment = "IPFS_GATEWAY"},
        {.key = "ipfs.nodes", .kind = MS_CONFIG_SOURCES, .fallback = ""},
        {.key = "ipfs.mirrors", .kind = MS_CONFIG_SOURCES, .fallback = ""},
        {.key = "ipfs.pinning", .kind = MS_CONFIG_SERVICES, .fallback = ""},
        {.key = "blockchain.rpcUrl",
                .kind = MS_CONFIG_TEXTS,
                .fallback = "http://localhost:8545",
                .environment = "ETH_NODE_URL"},
        {.key = "blockchain.privateKey",
                .kind = MS_CONFIG_SECRET,
                .fallback = "",
                .environment = "PRIVATE_KEY"},
        {.key = "blockchain.keystore", .kind = MS_CONFIG_PATH, .fallback = ""},
        {.key = "blockchain.contractAddress",
                .kind = MS_CONFIG_TEXT,
                .fallback = "",
                .environment = "CONTRACT_ADDRESS"},
        {.key = "blockchain.chainId",
                .kind = MS_CONFIG_INTEGER,
                .fallback = "0",
                .environment = "CHAIN_ID",
                .maximum = INT64_MAX},
        {.key = "blockchain.maxFee", .kind = MS_CONFIG_DECIMAL, .fallback = "0.05"},
        {.key = "blockchain.confirmations",
                .kind = MS_CONFIG_INTEGER,
                .fallback = "0",
                .maximum = CONFIRMATIONS_MAX},
        {.key = "storage.chunkSize",
                .kind = MS_CONFIG_SIZE,
                .fallback = "1048576",
                .minimum = CHUNK_SIZE_MIN,
                .maximum = CHUNK_SIZE_MAX,
                .power_of_two = true},
        {.key = "storage.tempDir", .kind = MS_CONFIG_PATH, .fallback = ""},
        {.key = "storage.home",
                .kind = MS_CONFIG_PATH,
                .fallback = "",
                .environment = "MODEL_STORAGE_HOME"},
        {.key = "storage.cacheSize",
                .kind = MS_CONFIG_SIZE,
                .fallback = "20GiB",
                .maximum = INT64_MAX},
        {.key = "storage.parallel",
                .kind = MS_CONFIG_INTEGER,
                .fallback = "0",
                .maximum = JOBS_MAX},
        {.key = "storage.limitUp", .kind = MS_CONFIG_RATE, .fallback = ""},
        {.key = "storage.limitDown", .kind = MS_CONFIG_RATE, .fallback = ""},
        {.key = "storage.directIO",
                .kind = MS_CONFIG_CHOICE,
                .fallback = "auto",
                .choices = "auto|on|off"},
        {.key = "storage.require",
                .kind = MS_CONFIG_CHOICE,
                .fallback = "any",
                .choices = "any|ledger|chain|quorum|proof"},
        {.key = "storage.trustedPublishers", .kind = MS_CONFIG_PUBLISHERS, .fallback = ""},
};
const size_t ms_config_rule_count = MS_ARRAY_COUNT(ms_config_rules);

static bool is_chain_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

/* The part of key behind "chains.NAME", which begins with '.' or is empty; NULL when key is not
 * below "chains" or has no fitting name. */
static const char *behind_chain_name(const char *key)
{
    size_t size = 0;

    if (strncmp(key, "chains.", 7) != 0)
        return NULL;
    key += 7;
    while (is_chain_name_byte(key[size]))
        size++;
    if (size == 0 || size > MS_CONFIG_CHAIN_NAME_SIZE_MAX ||
            (key[size] != '.' && key[size] != '\0'))
        return NULL;
    return key + size;
}

/* Whether key is section, a dot and rest, where rest begins with the dot. */
static bool is_key_of(const char *key, const char *section, const char *rest)
{
    size_t size = strlen(section);

    return strncmp(key, section, size) == 0 && strcmp(key + size, rest) == 0;
}

const ms_config_rule *ms_config_rule_find(const char *key)
{
    const char *rest = behind_chain_name(key);

    for (size_t i = 0; i < ms_config_rule_count; i++) {
        const ms_config_rule *rule = &ms_config_rules[i];

        if (rest != NULL ? is_key_of(rule->key, "blockchain", rest) : strcmp(rule->key, key) == 0)
            return rule;
    }
    return NULL;
}

static const char *const sections[] = {"ipfs", "blockchain", "chains", "storage"};

bool ms_config_is_section(const char *key)
{
    const char *rest = behind_chain_name(key);

    if (rest != NULL)
        return *rest == '\0';
    for (size_t i = 0; i < MS_ARRAY_COUNT(sections); i++) {
        if (strcmp(sections[i], key) == 0)
            return true;
    }
    return false;
}

const char *ms_config_rule_nearest(const char *key)
{
    const char *nearest = NULL;
    ms_nearest search;

    ms_nearest_begin(&search, key);
    for (size_t i = 0; i < ms_config_rule_count; i++) {
        const char *candidate = ms_config_rules[i].key;

        /* A key written without its section is meant as well. */
        if (ms_nearest_offer(&search, candidate) ||
                ms_nearest_offer(&search, strchr(candidate, '.') + 1))
            nearest = candidate;
    }
    for (size_t i = 0; i < MS_ARRAY_COUNT(sections); i++) {
        if (ms_nearest_offer(&search, sections[i]))
            nearest = sections[i];
    }
    return nearest;
}
