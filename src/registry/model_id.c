/* The rules of a MODEL_ID. They keep an id apart from a CID, from a publisher's address and from a
 * path that leads somewhere else, so that each text a user types means one thing. */
#include "registry/registry.h"

#include <string.h>

#include "cid/cid.h"

#define ADDRESS_TEXT_SIZE 42 /* 0x and 40 digits */

static bool is_allowed(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '/';
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_address(const char *part, size_t size)
{
    if (size != ADDRESS_TEXT_SIZE || part[0] != '0' || (part[1] != 'x' && part[1] != 'X'))
        return false;
    for (size_t i = 2; i < size; i++) {
        if (!is_hex(part[i]))
            return false;
    }
    return true;
}

static ms_status refuse_at(ms_error *err, size_t position, const char *reason, const char *what)
{
    (void)ms_fail(
            err, MS_USAGE, reason, "A model id cannot have %s (position %zu)", what, position + 1);
    ms_error_set_offset(err, position);
    return MS_USAGE;
}

static ms_status check_characters(const char *id, size_t size, ms_error *err)
{
    for (size_t i = 0; i < size; i++) {
        char c = id[i];

        if (is_allowed(c))
            continue;
        if (c > ' ' && c <= '~')
            (void)ms_fail(err, MS_USAGE, "model_id_character",
                    "A model id cannot have the character '%c' (position %zu)", c, i + 1);
        else
            (void)ms_fail(err, MS_USAGE, "model_id_character",
                    "A model id cannot have the byte 0x%02x (position %zu)", (unsigned char)c,
                    i + 1);
        ms_error_set_offset(err, i);
        ms_error_set_hint(err, "Use letters, digits, '.', '_', '-' and '/'");
        return MS_USAGE;
    }
    return MS_OK;
}

static ms_status check_part(
        const char *id, size_t size, size_t start, size_t part_size, ms_error *err)
{
    const char *part = id + start;

    if (part_size == 0 && start == 0)
        return refuse_at(err, 0, "model_id_slash", "a '/' at its start");
    if (part_size == 0 && start == size)
        return refuse_at(err, size - 1, "model_id_slash", "a '/' at its end");
    if (part_size == 0)
        return refuse_at(err, start, "model_id_part", "an empty part");
    if (part_size == 1 && part[0] == '.')
        return refuse_at(err, start, "model_id_part", "the part '.'");
    if (part_size == 2 && part[0] == '.' && part[1] == '.')
        return refuse_at(err, start, "model_id_part", "the part '..'");
    if (start == 0 && is_address(part, part_size))
        return refuse_at(err, 0, "model_id_address", "an address as its first part");
    return MS_OK;
}

static ms_status check_parts(const char *id, size_t size, ms_error *err)
{
    size_t start = 0;

    for (size_t i = 0; i <= size; i++) {
        ms_status status;

        if (i < size && id[i] != '/')
            continue;
        status = check_part(id, size, start, i - start, err);
        if (status != MS_OK)
            return status;
        start = i + 1;
    }
    return MS_OK;
}

ms_status ms_model_id_check(const char *model_id, size_t size, ms_error *err)
{
    ms_cid cid;
    ms_status status;

    if (model_id == NULL || size == 0)
        return ms_fail(err, MS_USAGE, "model_id_empty", "A model id cannot be empty");
    if (size > MS_MODEL_ID_SIZE_MAX)
        return ms_fail(err, MS_USAGE, "model_id_long",
                "A model id has at most %d bytes, this one has %zu", MS_MODEL_ID_SIZE_MAX, size);
    if (size >= 7 && memcmp(model_id, "ipfs://", 7) == 0)
        return ms_fail(err, MS_USAGE, "model_id_cid",
                "A model id cannot be an address in IPFS (position 1)");
    status = check_characters(model_id, size, err);
    if (status == MS_OK)
        status = check_parts(model_id, size, err);
    if (status != MS_OK)
        return status;
    if (ms_cid_parse(&cid, model_id, size, NULL) == MS_OK)
        return ms_fail(err, MS_USAGE, "model_id_cid", "A model id cannot be a CID (position 1)");
    return MS_OK;
}
