/* Content identifiers: what names a block. Versions 0 and 1, with an allow-list of hashes.
 * Source: Multiformats CID specification; multicodec table. */
#ifndef MS_CID_CID_H
#define MS_CID_CID_H

#include "codec/cursor.h"

#define MS_CODEC_RAW 0x55
#define MS_CODEC_DAG_PB 0x70
#define MS_CODEC_DAG_CBOR 0x71

#define MS_HASH_SHA2_256 0x12
#define MS_HASH_SHA2_512 0x13
#define MS_SHA2_256_SIZE 32

#define MS_CID_BINARY_SIZE_MAX 160 /* bytes of a binary CID that we look at */
#define MS_CID_TEXT_SIZE_MAX 256   /* characters of a textual CID that we look at */
#define MS_CID_TEXT_SIZE 128       /* room for every text that we write, with its NUL */

/** A value: copied freely, nothing to release. All zero is the undefined CID. Fields of a defined
 * one are always consistent, and the digest is zero beyond its size. */
typedef struct ms_cid {
    uint8_t version;     /* 0 or 1 */
    uint8_t digest_size; /* bytes: 32 or 64; 0 only when undefined */
    uint16_t hash;       /* MS_HASH_... */
    uint32_t codec; /* MS_CODEC_..., or any other: unknown codecs parse, walking them is refused */
    uint8_t digest[64];
} ms_cid;

static inline bool ms_cid_is_defined(const ms_cid *cid)
{
    return cid->digest_size != 0;
}

/** The CIDv1 of a block whose SHA-256 is digest. */
ms_cid ms_cid_sha256(uint32_t codec, const uint8_t digest[MS_SHA2_256_SIZE]);

/** Same version, codec, hash and digest. CIDv0 and CIDv1 of one block differ. */
bool ms_cid_equal(const ms_cid *a, const ms_cid *b);
/** Same hash and digest: the bytes of the blocks are the same, whatever the CIDs say they mean. */
bool ms_cid_same_bytes(const ms_cid *a, const ms_cid *b);

/** All readers set *cid to the undefined CID on failure, which is MS_MALFORMED with the offset and
 * one of these reasons, or MS_LIMIT "cid_too_long": truncated, trailing_bytes, varint_not_minimal,
 * varint_too_long cid_version      neither 0 nor 1          cid_codec        a codec above 2^32 - 1
 *    cid_hash         identity, md5, sha1, murmur3 or whatever else is not on the allow-list
 *    cid_digest_size  a size that the hash does not have
 *  and for text also
 *    cid_empty        nothing                  cid_character    space, control or non-ASCII
 *    cid_path         a path where a bare CID is due
 *    cid_v0_length    "Q..." not of 46 digits  cid_v0_multibase CIDv0 with a multibase prefix
 *    cid_multibase    unknown prefix           base32_..., base58_digit, hex_digit, hex_length
 *  Binary CID at the cursor, inside larger bytes; the cursor moves only on success. */
MS_MUST_CHECK ms_status ms_cid_read(ms_cursor *cursor, ms_cid *cid, ms_error *err);
/** Binary CID that fills binary exactly. */
MS_MUST_CHECK ms_status ms_cid_decode(ms_cid *cid, ms_span binary, ms_error *err);
/** Text: CIDv0, or CIDv1 in base32 (all lower "b" or all upper "B"), base58btc "z", base16 "f". Two
 *  texts that are accepted for one CID differ only in the base. */
MS_MUST_CHECK ms_status ms_cid_parse(
        ms_cid *cid, const char *text, size_t text_size, ms_error *err);

/** Returns the size written, 0 for the undefined CID. */
size_t ms_cid_encode(const ms_cid *cid, uint8_t out[MS_CID_BINARY_SIZE_MAX]);
/** Bytes that ms_cid_encode writes. */
size_t ms_cid_encoded_size(const ms_cid *cid);
/** CIDv1 in lower base32, CIDv0 in base58; empty text for the undefined CID. */
void ms_cid_format(const ms_cid *cid, char text[MS_CID_TEXT_SIZE]);

#endif
