#include "names/ref.h"

#include <string.h>

#include "base/bounded.h"

#define SCHEME "ipfs://"
#define ADDRESS_DIGITS 42 /* "0x" and 40 digits */

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* "3": no sign, no leading zero, 1 .. 2^32 - 1. */
static bool parse_version(const char *text, uint32_t *version)
{
    uint64_t value = 0;
    if (text[0] == '0' || text[0] == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (!is_digit(*text) || value > UINT32_MAX)
            return false;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *version = (uint32_t)value;
    return value <= UINT32_MAX;
}

static ms_status parse_cid(ms_ref *ref, const char *text, ms_error *err)
{
    ms_error why = MS_ERROR_INIT;
    ref->kind = MS_REF_CID;
    if (ms_cid_parse(&ref->cid, text, strlen(text), &why) == MS_OK)
        return MS_OK;
    return ms_fail(err, MS_USAGE, "ref_cid", "'%s' is no CID: %s", text, why.message);
}

static bool looks_like_cid(const char *text)
{
    ms_cid ignored;
    return ms_cid_parse(&ignored, text, strlen(text), NULL) == MS_OK;
}

/* What stands before the first slash, when it is an address. */
static ms_status parse_publisher(ms_ref *ref, const char **text, ms_error *err)
{
    const char *slash = strchr(*text, '/');
    if (slash == NULL || slash - *text != ADDRESS_DIGITS || !starts_with(*text, "0x"))
        return MS_OK;
    ms_error why = MS_ERROR_INIT;
    if (ms_address_parse(&ref->publisher, *text, ADDRESS_DIGITS, &why) != MS_OK)
        return ms_fail(err, MS_USAGE, why.reason, "the publisher in '%s': %s", *text, why.message);
    ref->has_publisher = true;
    *text = slash + 1;
    return MS_OK;
}

static ms_status parse_model(ms_ref *ref, const char *text, ms_error *err)
{
    ms_status status = parse_publisher(ref, &text, err);
    if (status != MS_OK)
        return status;
    const char *at = strchr(text, '@');
    const size_t size = at == NULL ? strlen(text) : (size_t)(at - text);
    if (at != NULL && !parse_version(at + 1, &ref->version)) {
        (void)ms_fail(err, MS_USAGE, "ref_version", "'%s' is no version number", at + 1);
        ms_error_set_hint(err, "versions are whole numbers from 1 on, as in my-model@3");
        return MS_USAGE;
    }
    status = ms_model_id_check(text, size, err);
    if (status != MS_OK)
        return status;
    memcpy(ref->model_id, text, size);
    ref->model_id[size] = '\0';
    return MS_OK;
}

static ms_status parse(ms_ref *ref, const char *text, ms_error *err)
{
    if (text[0] == '\0')
        return ms_fail(err, MS_USAGE, "ref_empty", "the name of the model is empty");
    if (strlen(text) >= MS_REF_SIZE_MAX)
        return ms_fail(err, MS_USAGE, "ref_long", "the name of the model has more than %d bytes", MS_REF_SIZE_MAX - 1);
    if (starts_with(text, SCHEME))
        return parse_cid(ref, text + strlen(SCHEME), err);
    if (looks_like_cid(text))
        return parse_cid(ref, text, err);
    if (strchr(text, ':') != NULL)
        return ms_fail(err, MS_USAGE, "ref_colon", "'%s': the character ':' is reserved in names of models", text);
    return parse_model(ref, text, err);
}

ms_status ms_ref_parse(ms_ref *ref, const char *text, ms_error *err)
{
    *ref = (ms_ref){0};
    ms_status status = parse(ref, text, err);
    if (status != MS_OK)
        *ref = (ms_ref){0};
    return status;
}

void ms_ref_format(const ms_ref *ref, char text[MS_REF_SIZE_MAX])
{
    char address[MS_ADDRESS_TEXT_SIZE] = "";
    if (ref->kind == MS_REF_CID) {
        char cid[MS_CID_TEXT_SIZE];
        ms_cid_format(&ref->cid, cid);
        (void)ms_bounded_printf(text, MS_REF_SIZE_MAX, "%s", cid);
        return;
    }
    if (ref->has_publisher)
        ms_address_format(address, &ref->publisher);
    if (ref->version == 0)
        (void)ms_bounded_printf(text, MS_REF_SIZE_MAX, "%s%s%s", address, ref->has_publisher ? "/" : "", ref->model_id);
    else
        (void)ms_bounded_printf(text, MS_REF_SIZE_MAX, "%s%s%s@%lu", address, ref->has_publisher ? "/" : "", ref->model_id,
                (unsigned long)ref->version);
}
