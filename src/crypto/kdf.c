/* PBKDF2 and AES-CTR through OpenSSL; scrypt's limits and its frame around the mixing. */
#include "crypto/kdf.h"

#include <limits.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include "base/alloc.h"
#include "base/checked.h"
#include "crypto/scrypt_mix_priv.h"
#include "crypto/secret.h"

_Static_assert(MS_SCRYPT_R_MAX * (size_t)MS_SCRYPT_P_MAX * MS_SCRYPT_BLOCK_SIZE <= INT_MAX,
        "OpenSSL takes sizes as int");

/* OpenSSL fails here only when it cannot have memory or is crippled by its configuration. */
static ms_status fail_openssl(ms_error *err, const char *what)
{
    unsigned long code = ERR_peek_last_error();

    ERR_clear_error();
    if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
        return ms_fail(err, MS_NO_MEMORY, "no_memory", "No memory is left for %s", what);
    return ms_fail(err, MS_INTERNAL, "openssl_failed", "OpenSSL cannot do %s (error %lx)", what, code);
}

static ms_status pbkdf2(uint8_t *key, size_t key_size, ms_span password, ms_span salt,
        uint64_t rounds, ms_error *err)
{
    if (PKCS5_PBKDF2_HMAC((const char *)password.data, (int)password.size, salt.data, (int)salt.size,
                (int)rounds, EVP_sha256(), (int)key_size, key) == 1)
        return MS_OK;
    ms_wipe(key, key_size);
    return fail_openssl(err, "PBKDF2-HMAC-SHA256");
}

static ms_status check_sizes(size_t key_size, ms_span password, ms_span salt, ms_error *err)
{
    if (key_size == 0 || key_size > MS_KDF_KEY_SIZE_MAX || password.size > MS_KDF_INPUT_SIZE_MAX ||
            salt.size > MS_KDF_INPUT_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "kdf_size",
                "A derived key has 1 to %d bytes, its password and salt at most %d",
                MS_KDF_KEY_SIZE_MAX, MS_KDF_INPUT_SIZE_MAX);
    return MS_OK;
}

ms_status ms_pbkdf2_check(uint64_t rounds, ms_error *err)
{
    if (rounds == 0)
        return ms_fail(err, MS_MALFORMED, "pbkdf2_parameters", "PBKDF2 needs at least one round");
    if (rounds > MS_PBKDF2_ROUNDS_MAX)
        return ms_fail(err, MS_LIMIT, "pbkdf2_rounds",
                "PBKDF2 with %llu rounds is more than the %d that are allowed",
                (unsigned long long)rounds, MS_PBKDF2_ROUNDS_MAX);
    return MS_OK;
}

ms_status ms_pbkdf2_sha256(uint8_t *key, size_t key_size, ms_span password, ms_span salt,
        uint64_t rounds, ms_error *err)
{
    ms_status status;

    memset(key, 0, key_size);
    if ((status = check_sizes(key_size, password, salt, err)) != MS_OK ||
            (status = ms_pbkdf2_check(rounds, err)) != MS_OK)
        return status;
    return pbkdf2(key, key_size, password, salt, rounds, err);
}

ms_status ms_scrypt_check(const ms_scrypt_cost *cost, ms_error *err)
{
    uint64_t memory;

    if (cost->n < 2 || (cost->n & (cost->n - 1)) != 0 || cost->r == 0 || cost->p == 0)
        return ms_fail(err, MS_MALFORMED, "scrypt_parameters",
                "The key derivation scrypt needs an n that is a power of two above 1, and r and p above 0");
    if (!ms_mul_u64(&memory, cost->n, (uint64_t)cost->r * MS_SCRYPT_BLOCK_SIZE) ||
            memory > MS_SCRYPT_MEMORY_MAX || cost->r > MS_SCRYPT_R_MAX)
        return ms_fail(err, MS_LIMIT, "scrypt_memory",
                "The key derivation scrypt with n %llu and r %u needs more than the %llu MiB that are allowed",
                (unsigned long long)cost->n, cost->r,
                (unsigned long long)(MS_SCRYPT_MEMORY_MAX >> 20));
    if (cost->p > MS_SCRYPT_P_MAX)
        return ms_fail(err, MS_LIMIT, "scrypt_parallel",
                "The key derivation scrypt with p %u is more than the %d that are allowed", cost->p, MS_SCRYPT_P_MAX);
    return MS_OK;
}

ms_status ms_scrypt(uint8_t *key, size_t key_size, ms_span password, ms_span salt,
        const ms_scrypt_cost *cost, ms_error *err)
{
    uint8_t *blocks = NULL;
    uint32_t *table = NULL;
    size_t block_size = 0, blocks_size = 0, table_size = 0;
    ms_status status;

    memset(key, 0, key_size);
    if ((status = check_sizes(key_size, password, salt, err)) != MS_OK ||
            (status = ms_scrypt_check(cost, err)) != MS_OK)
        goto done;
    block_size = (size_t)cost->r * MS_SCRYPT_BLOCK_SIZE;
    blocks_size = block_size * cost->p;
    table_size = (size_t)cost->n * block_size + MS_SCRYPT_SCRATCH_BLOCKS * block_size;
    blocks = ms_alloc(blocks_size);
    table = ms_alloc_aligned(64, table_size);
    if (blocks == NULL || table == NULL) {
        status = ms_fail_memory(err, blocks == NULL ? blocks_size : table_size);
        goto done;
    }
    if ((status = pbkdf2(blocks, blocks_size, password, salt, 1, err)) != MS_OK)
        goto done;
    for (uint32_t i = 0; i < cost->p; i++)
        ms_scrypt_mix(blocks + i * block_size, cost->r, cost->n, table);
    status = pbkdf2(key, key_size, password, ms_span_of(blocks, blocks_size), 1, err);
done:
    if (blocks != NULL)
        ms_wipe(blocks, blocks_size);
    if (table != NULL)
        ms_wipe(table, table_size);
    ms_free(blocks);
    ms_free_aligned(table);
    return status;
}

ms_status ms_aes128_ctr(uint8_t *out, const uint8_t key[MS_AES128_SIZE],
        const uint8_t iv[MS_AES128_SIZE], ms_span in, ms_error *err)
{
    EVP_CIPHER_CTX *context;
    int written = 0;
    ms_status status = MS_OK;

    if (in.size > INT_MAX) {
        memset(out, 0, in.size);
        return ms_fail(err, MS_LIMIT, "kdf_size", "%zu bytes are too many to encrypt", in.size);
    }
    context = EVP_CIPHER_CTX_new();
    if (context == NULL || EVP_EncryptInit_ex(context, EVP_aes_128_ctr(), NULL, key, iv) != 1 ||
            EVP_EncryptUpdate(context, out, &written, in.data, (int)in.size) != 1 ||
            (size_t)written != in.size) {
        ms_wipe(out, in.size);
        status = fail_openssl(err, "AES-128-CTR");
    }
    EVP_CIPHER_CTX_free(context);
    return status;
}
