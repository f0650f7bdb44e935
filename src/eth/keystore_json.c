/* Key files as JSON. The tree of the JSON library holds ciphertext and parameters, never a secret.
 * Source: Web3 Secret Storage definition, version 3. */
#include "eth/keystore.h"

#include <string.h>
#include <jansson.h>
#include "codec/text.h"
#include "crypto/keccak256.h"

#define VERSION 3
#define CIPHER "aes-128-ctr"
#define PRF "hmac-sha256"

static ms_status fail_field(ms_error *err, const char *name, const char *what)
{
    return ms_fail(err, MS_MALFORMED, "keystore_field", "The field %s of a key file is no %s", name, what);
}

static ms_status get_object(const json_t **object, const json_t *parent, const char *name, ms_error *err)
{
    *object = json_object_get(parent, name);
    return json_is_object(*object) ? MS_OK : fail_field(err, name, "object");
}

static ms_status get_text(ms_span *text, const json_t *parent, const char *name, ms_error *err)
{
    const json_t *value = json_object_get(parent, name);

    *text = ms_span_of(NULL, 0);
    if (!json_is_string(value))
        return fail_field(err, name, "text");
    *text = ms_span_of(json_string_value(value), json_string_length(value));
    return MS_OK;
}

static bool text_is(ms_span text, const char *expected)
{
    return ms_span_equal(text, ms_span_of(expected, strlen(expected)));
}

/* Text that has to be one certain word. */
static ms_status expect_text(
        const json_t *parent, const char *name, const char *expected, const char *reason, ms_error *err)
{
    ms_span text;
    ms_status status = get_text(&text, parent, name, err);

    if (status == MS_OK && !text_is(text, expected))
        return ms_fail(err, MS_MALFORMED, reason, "The field %s of a key file is not %s", name, expected);
    return status;
}

static ms_status get_unsigned(uint64_t *number, const json_t *parent, const char *name, ms_error *err)
{
    const json_t *value = json_object_get(parent, name);

    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return fail_field(err, name, "whole number of 0 or more");
    *number = (uint64_t)json_integer_value(value);
    return MS_OK;
}

static ms_status get_u32(uint32_t *number, const json_t *parent, const char *name, ms_error *err)
{
    uint64_t wide;
    ms_status status = get_unsigned(&wide, parent, name, err);

    if (status == MS_OK && wide > UINT32_MAX)
        return ms_fail(err, MS_LIMIT, "keystore_cost", "The field %s of a key file is above 2^32", name);
    if (status == MS_OK)
        *number = (uint32_t)wide;
    return status;
}

/* Hex digits of either case with or without 0x, for size_min to size_max bytes. */
typedef struct hex_field {
    const char *name, *reason;
    size_t size_min, size_max;
    bool is_open; /* the format sets no size_max, we do: more is MS_LIMIT */
} hex_field;

static ms_status get_hex(
        uint8_t *bytes, size_t *size, const json_t *parent, const hex_field *field, ms_error *err)
{
    ms_span text;
    ms_status status = get_text(&text, parent, field->name, err);

    if (status != MS_OK)
        return status;
    const char *digits = (const char *)text.data;
    size_t count = text.size;
    if (count >= 2 && digits[0] == '0' && digits[1] == 'x') {
        digits += 2;
        count -= 2;
    }
    if (count % 2 != 0 || count / 2 < field->size_min || count / 2 > field->size_max)
        return ms_fail(err, field->is_open && count / 2 > field->size_max ? MS_LIMIT : MS_MALFORMED, field->reason,
                "The field %s of a key file has %zu hex digits, not %zu to %zu", field->name, count,
                2 * field->size_min, 2 * field->size_max);
    if (ms_hex_decode(bytes, count / 2, digits, count, NULL) != MS_OK)
        return ms_fail(err, MS_MALFORMED, field->reason,
                "The field %s of a key file has a character that is no hex digit", field->name);
    *size = count / 2;
    return MS_OK;
}

static ms_status read_version(const json_t *root, ms_error *err)
{
    const json_t *version = json_object_get(root, "version");

    if (!json_is_integer(version) || json_integer_value(version) != VERSION)
        return ms_fail(err, MS_MALFORMED, "keystore_version", "A key file is not of version %d", VERSION);
    return MS_OK;
}

/* A UUID of any version: 8-4-4-4-12 hex digits. Nothing depends on it, so it may be missing. */
static ms_status read_id(ms_keystore *keystore, const json_t *root, ms_error *err)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    static const char digits[] = "0123456789abcdefABCDEF";
    const json_t *value = json_object_get(root, "id");
    bool valid = json_is_string(value) && json_string_length(value) == sizeof(shape) - 1;

    if (value == NULL)
        return MS_OK;
    for (size_t i = 0; valid && i < sizeof(shape) - 1; i++) {
        char c = json_string_value(value)[i];
        valid = shape[i] == '-' ? c == '-' : strchr(digits, c) != NULL;
        if (c >= 'A' && c <= 'F')
            c = (char)(c - 'A' + 'a');
        keystore->id[i] = c;
    }
    if (!valid)
        return ms_fail(err, MS_MALFORMED, "keystore_id", "The id of a key file is no UUID");
    keystore->id[sizeof(shape) - 1] = '\0';
    return MS_OK;
}

static ms_status read_address(ms_keystore *keystore, const json_t *root, ms_error *err)
{
    static const hex_field field = {"address", "keystore_address", MS_ADDRESS_SIZE, MS_ADDRESS_SIZE, false};
    size_t size;

    if (json_object_get(root, field.name) == NULL)
        return MS_OK;
    keystore->has_address = true;
    return get_hex(keystore->address.bytes, &size, root, &field, err);
}

static ms_status read_scrypt(ms_keystore *keystore, const json_t *parameters, ms_error *err)
{
    ms_status status = get_unsigned(&keystore->scrypt.n, parameters, "n", err);

    keystore->kdf = MS_KEYSTORE_SCRYPT;
    if (status == MS_OK)
        status = get_u32(&keystore->scrypt.r, parameters, "r", err);
    if (status == MS_OK)
        status = get_u32(&keystore->scrypt.p, parameters, "p", err);
    return status == MS_OK ? ms_scrypt_check(&keystore->scrypt, err) : status;
}

static ms_status read_pbkdf2(ms_keystore *keystore, const json_t *parameters, ms_error *err)
{
    ms_status status = expect_text(parameters, "prf", PRF, "keystore_prf", err);

    keystore->kdf = MS_KEYSTORE_PBKDF2;
    if (status == MS_OK)
        status = get_u32(&keystore->pbkdf2_rounds, parameters, "c", err);
    return status == MS_OK ? ms_pbkdf2_check(keystore->pbkdf2_rounds, err) : status;
}

static ms_status read_kdf(ms_keystore *keystore, const json_t *crypto, ms_error *err)
{
    static const hex_field salt = {"salt", "keystore_salt", 1, MS_KEYSTORE_SALT_SIZE_MAX, true};
    const json_t *parameters;
    ms_span kdf;
    uint64_t derived_size = 0;
    ms_status status;

    if ((status = get_text(&kdf, crypto, "kdf", err)) != MS_OK ||
            (status = get_object(&parameters, crypto, "kdfparams", err)) != MS_OK ||
            (status = get_unsigned(&derived_size, parameters, "dklen", err)) != MS_OK)
        return status;
    if (derived_size != MS_KEYSTORE_DERIVED_SIZE)
        return ms_fail(err, MS_MALFORMED, "keystore_dklen",
                "The field dklen of a key file is not %d", MS_KEYSTORE_DERIVED_SIZE);
    status = get_hex(keystore->salt, &keystore->salt_size, parameters, &salt, err);
    if (status != MS_OK)
        return status;
    if (text_is(kdf, "scrypt"))
        return read_scrypt(keystore, parameters, err);
    if (text_is(kdf, "pbkdf2"))
        return read_pbkdf2(keystore, parameters, err);
    return ms_fail(err, MS_MALFORMED, "keystore_kdf", "The field kdf of a key file is not scrypt or pbkdf2");
}

static ms_status read_crypto(ms_keystore *keystore, const json_t *crypto, ms_error *err)
{
    static const hex_field iv = {"iv", "keystore_iv", MS_AES128_SIZE, MS_AES128_SIZE, false};
    static const hex_field ciphertext = {
        "ciphertext", "keystore_ciphertext", MS_KEYSTORE_CIPHERTEXT_SIZE_MIN, MS_KEY_SIZE, false};
    static const hex_field mac = {"mac", "keystore_mac", MS_KECCAK256_SIZE, MS_KECCAK256_SIZE, false};
    const json_t *parameters;
    size_t size;
    ms_status status;

    if ((status = expect_text(crypto, "cipher", CIPHER, "keystore_cipher", err)) != MS_OK ||
            (status = get_object(&parameters, crypto, "cipherparams", err)) != MS_OK ||
            (status = get_hex(keystore->iv, &size, parameters, &iv, err)) != MS_OK ||
            (status = get_hex(keystore->ciphertext, &keystore->ciphertext_size, crypto, &ciphertext,
                     err)) != MS_OK ||
            (status = get_hex(keystore->mac, &size, crypto, &mac, err)) != MS_OK)
        return status;
    return read_kdf(keystore, crypto, err);
}

/* Older files write Crypto. Both at once would be two files in one. */
static ms_status find_crypto(const json_t **crypto, const json_t *root, ms_error *err)
{
    bool older = json_object_get(root, "Crypto") != NULL;

    if (older && json_object_get(root, "crypto") != NULL)
        return ms_fail(err, MS_MALFORMED, "keystore_field", "A key file has both crypto and Crypto");
    return get_object(crypto, root, older ? "Crypto" : "crypto", err);
}

static ms_status load_json(json_t **root, ms_span json, ms_error *err)
{
    json_error_t error;

    if (json.size > MS_KEYSTORE_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "keystore_size", "A key file has %zu bytes, more than the %zu that are allowed",
                json.size, MS_KEYSTORE_SIZE_MAX);
    /* jansson passes over a NUL that stands right behind a number. */
    if (json.size > 0 && memchr(json.data, 0, json.size) != NULL)
        return ms_fail(err, MS_MALFORMED, "keystore_json", "A key file holds a NUL byte");
    *root = json_loadb((const char *)json.data, json.size, JSON_REJECT_DUPLICATES, &error);
    if (*root == NULL && json_error_code(&error) == json_error_out_of_memory)
        return ms_fail_memory(err, json.size);
    if (!json_is_object(*root)) {
        ms_fail(err, MS_MALFORMED, "keystore_json", "A key file is no JSON object");
        ms_error_set_offset(err, *root == NULL && error.position > 0 ? (uint64_t)error.position : 0);
        return MS_MALFORMED;
    }
    return MS_OK;
}

ms_status ms_keystore_parse(ms_keystore *keystore, ms_span json, ms_error *err)
{
    json_t *root = NULL;
    const json_t *crypto = NULL;
    ms_keystore parsed = {.kdf = MS_KEYSTORE_SCRYPT};
    ms_status status;

    *keystore = (ms_keystore){.kdf = MS_KEYSTORE_SCRYPT};
    if ((status = load_json(&root, json, err)) != MS_OK ||
            (status = read_version(root, err)) != MS_OK ||
            (status = read_id(&parsed, root, err)) != MS_OK ||
            (status = read_address(&parsed, root, err)) != MS_OK ||
            (status = find_crypto(&crypto, root, err)) != MS_OK ||
            (status = read_crypto(&parsed, crypto, err)) != MS_OK)
        goto done;
    *keystore = parsed;
done:
    json_decref(root);
    return status;
}

static ms_status append_hex(ms_buffer *json, const uint8_t *bytes, size_t size, ms_error *err)
{
    char text[2 * MS_KEYSTORE_SALT_SIZE_MAX + 1];

    ms_hex_encode(text, bytes, size);
    return ms_buffer_append_text(json, text, err);
}

/* A name or punctuation, then hex digits. */
static ms_status append_member(
        ms_buffer *json, const char *before, const uint8_t *bytes, size_t size, ms_error *err)
{
    ms_status status = ms_buffer_append_text(json, before, err);
    return status == MS_OK ? append_hex(json, bytes, size, err) : status;
}

static ms_status append_cost(ms_buffer *json, const ms_keystore *keystore, ms_error *err)
{
    if (keystore->kdf == MS_KEYSTORE_SCRYPT)
        return ms_buffer_printf(json, err,
                "\"},\"kdf\":\"scrypt\",\"kdfparams\":{\"dklen\":%d,\"n\":%llu,\"p\":%u,\"r\":%u,\"salt\":\"",
                MS_KEYSTORE_DERIVED_SIZE, (unsigned long long)keystore->scrypt.n, keystore->scrypt.p,
                keystore->scrypt.r);
    return ms_buffer_printf(json, err,
            "\"},\"kdf\":\"pbkdf2\",\"kdfparams\":{\"c\":%u,\"dklen\":%d,\"prf\":\"" PRF "\",\"salt\":\"",
            keystore->pbkdf2_rounds, MS_KEYSTORE_DERIVED_SIZE);
}

ms_status ms_keystore_format(ms_buffer *json, const ms_keystore *keystore, ms_error *err)
{
    ms_status status = ms_buffer_append_text(json, "{", err);

    if (status == MS_OK && keystore->has_address)
        status = append_member(json, "\"address\":\"", keystore->address.bytes, MS_ADDRESS_SIZE, err);
    if (status == MS_OK && keystore->has_address)
        status = ms_buffer_append_text(json, "\",", err);
    if (status != MS_OK ||
            (status = append_member(json, "\"crypto\":{\"cipher\":\"" CIPHER "\",\"ciphertext\":\"",
                     keystore->ciphertext, keystore->ciphertext_size, err)) != MS_OK ||
            (status = append_member(json, "\",\"cipherparams\":{\"iv\":\"", keystore->iv,
                     MS_AES128_SIZE, err)) != MS_OK ||
            (status = append_cost(json, keystore, err)) != MS_OK ||
            (status = append_hex(json, keystore->salt, keystore->salt_size, err)) != MS_OK ||
            (status = append_member(json, "\"},\"mac\":\"", keystore->mac, sizeof(keystore->mac),
                     err)) != MS_OK)
        return status;
    status = ms_buffer_append_text(json, "\"},", err);
    if (status == MS_OK && keystore->id[0] != '\0')
        status = ms_buffer_printf(json, err, "\"id\":\"%s\",", keystore->id);
    return status == MS_OK ? ms_buffer_printf(json, err, "\"version\":%d}\n", VERSION) : status;
}
