/* Content identifiers in binary: construction, reading, writing, comparison. */
#include "cid/cid.h"

#include <assert.h>
#include <string.h>

#include "base/checked.h"

/* Hashes by name; those with a digest size are on the allow-list. Identity would make a "block"
 * that is stored nowhere, the others are broken or no cryptographic hashes, or nobody needs them
 * yet. */
typedef struct hash_rule {
    uint64_t code;
    const char *name;
    uint8_t digest_size; /* 0 = refused */
} hash_rule;

static const hash_rule hash_rules[] = {
        {MS_HASH_SHA2_256, "sha2-256", 32},
        {MS_HASH_SHA2_512, "sha2-512", 64},
        {0x00, "identity", 0},
        {0x11, "sha1", 0},
        {0x14, "sha3-512", 0},
        {0x16, "sha3-256", 0},
        {0x1b, "keccak-256", 0},
        {0x1e, "blake3", 0},
        {0x22, "murmur3-x64-64", 0},
        {0xd5, "md5", 0},
        {0xb220, "blake2b-256", 0},
};

ms_cid ms_cid_sha256(uint32_t codec, const uint8_t digest[MS_SHA2_256_SIZE])
{
    ms_cid cid = {.version = 1,
            .digest_size = MS_SHA2_256_SIZE,
            .hash = MS_HASH_SHA2_256,
            .codec = codec};

    memcpy(cid.digest, digest, MS_SHA2_256_SIZE);
    return cid;
}

bool ms_cid_equal(const ms_cid *a, const ms_cid *b)
{
    return a->version == b->version && a->codec == b->codec && ms_cid_same_bytes(a, b);
}

bool ms_cid_same_bytes(const ms_cid *a, const ms_cid *b)
{
    return a->hash == b->hash && a->digest_size == b->digest_size &&
           memcmp(a->digest, b->digest, a->digest_size) == 0;
}

static ms_status refuse_hash(uint64_t code, size_t offset, ms_error *err)
{
    const char *name = "unknown";
    ms_status status;

    for (size_t i = 0; i < MS_ARRAY_COUNT(hash_rules); i++) {
        if (hash_rules[i].code == code)
            name = hash_rules[i].name;
    }
    status = ms_fail(err, MS_MALFORMED, "cid_hash",
            "The CID uses the hash %s (0x%llx), only sha2-256 and sha2-512 are accepted", name,
            (unsigned long long)code);
    ms_error_set_offset(err, offset);
    return status;
}

/* Code, size and digest; the cursor stands at the code. */
static ms_status read_multihash(ms_cursor *cursor, ms_cid *cid, ms_error *err)
{
    const hash_rule *rule = NULL;
    size_t offset = cursor->position;
    uint64_t code;
    uint64_t digest_size;
    ms_span digest;
    ms_status status = ms_cursor_varint(cursor, &code, err);

    if (status != MS_OK)
        return status;
    for (size_t i = 0; i < MS_ARRAY_COUNT(hash_rules) && rule == NULL; i++) {
        if (hash_rules[i].code == code && hash_rules[i].digest_size > 0)
            rule = &hash_rules[i];
    }
    if (rule == NULL)
        return refuse_hash(code, offset, err);
    offset = cursor->position;
    status = ms_cursor_varint(cursor, &digest_size, err);
    if (status != MS_OK)
        return status;
    if (digest_size != rule->digest_size) {
        status = ms_fail(err, MS_MALFORMED, "cid_digest_size",
                "The CID has a digest of %llu bytes, one of %s has %u",
                (unsigned long long)digest_size, rule->name, (unsigned)rule->digest_size);
        ms_error_set_offset(err, offset);
        return status;
    }
    status = ms_cursor_take(cursor, &digest, rule->digest_size, err);
    if (status != MS_OK)
        return status;
    cid->hash = (uint16_t)rule->code;
    cid->digest_size = rule->digest_size;
    memcpy(cid->digest, digest.data, digest.size);
    return MS_OK;
}

/* Version and codec of a CIDv1; the cursor is left at the multihash. */
static ms_status read_prefix(ms_cursor *cursor, ms_cid *cid, ms_error *err)
{
    size_t offset = cursor->position;
    uint64_t version;
    uint64_t codec;
    ms_status status = ms_cursor_varint(cursor, &version, err);

    if (status != MS_OK)
        return status;
    if (version != 1) {
        status = ms_fail(err, MS_MALFORMED, "cid_version", "There is no CID of version %llu",
                (unsigned long long)version);
        ms_error_set_offset(err, offset);
        return status;
    }
    offset = cursor->position;
    status = ms_cursor_varint(cursor, &codec, err);
    if (status != MS_OK)
        return status;
    if (codec > UINT32_MAX) {
        status = ms_fail(err, MS_MALFORMED, "cid_codec", "There is no codec 0x%llx",
                (unsigned long long)codec);
        ms_error_set_offset(err, offset);
        return status;
    }
    cid->version = 1;
    cid->codec = (uint32_t)codec;
    return MS_OK;
}

ms_status ms_cid_read(ms_cursor *cursor, ms_cid *cid, ms_error *err)
{
    ms_cursor start = *cursor;
    ms_status status;

    *cid = (ms_cid){0};
    /* A CIDv0 is a bare multihash of sha2-256, whose code no version will ever have. */
    if (ms_cursor_left(cursor) > 0 && cursor->data[cursor->position] == MS_HASH_SHA2_256) {
        cid->codec = MS_CODEC_DAG_PB;
        status = MS_OK;
    } else {
        status = read_prefix(cursor, cid, err);
    }
    if (status == MS_OK)
        status = read_multihash(cursor, cid, err);
    if (status != MS_OK) {
        *cursor = start;
        *cid = (ms_cid){0};
    }
    return status;
}

ms_status ms_cid_decode(ms_cid *cid, ms_span binary, ms_error *err)
{
    ms_cursor cursor = ms_cursor_of(binary);
    ms_status status;

    *cid = (ms_cid){0};
    if (binary.size > MS_CID_BINARY_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "cid_too_long", "A CID has at most %d bytes, this has %zu",
                MS_CID_BINARY_SIZE_MAX, binary.size);
    status = ms_cid_read(&cursor, cid, err);
    if (status == MS_OK && ms_cursor_left(&cursor) > 0) {
        *cid = (ms_cid){0};
        status = ms_fail(err, MS_MALFORMED, "trailing_bytes", "%zu bytes follow the end of the CID",
                ms_cursor_left(&cursor));
        ms_error_set_offset(err, cursor.position);
    }
    return status;
}

size_t ms_cid_encode(const ms_cid *cid, uint8_t out[MS_CID_BINARY_SIZE_MAX])
{
    size_t size = 0;

    static_assert(MS_CID_BINARY_SIZE_MAX >= 4 * MS_VARINT_SIZE_MAX + 64, "every CID fits");
    if (!ms_cid_is_defined(cid))
        return 0;
    if (cid->version != 0) {
        size += ms_varint_write(out + size, cid->version);
        size += ms_varint_write(out + size, cid->codec);
    }
    size += ms_varint_write(out + size, cid->hash);
    size += ms_varint_write(out + size, cid->digest_size);
    memcpy(out + size, cid->digest, cid->digest_size);
    return size + cid->digest_size;
}

size_t ms_cid_encoded_size(const ms_cid *cid)
{
    size_t size = (size_t)2 + cid->digest_size; /* both codes of allowed hashes and their sizes */

    if (!ms_cid_is_defined(cid))
        return 0;
    return cid->version == 0 ? size : size + 1 + ms_varint_size(cid->codec);
}
