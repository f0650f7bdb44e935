/* Rows of the ledger as bytes. Writing and reading follow one table of keys a kind, in canonical
 * order, so that a row has one spelling and the reader never looks for a key. */
#include "registry/ledger_row.h"

#include <string.h>

#include "base/checked.h"
#include "codec/cbor.h"
#include "codec/text.h"
#include "crypto/sha256.h"
#include "eth/key.h"
#include "eth/statement.h"
#include "manifest/manifest_head.h"

typedef enum row_field {
    FIELD_V,
    FIELD_ID,
    FIELD_SEQ,
    FIELD_SIG,
    FIELD_HEAD,
    FIELD_INFO,
    FIELD_KIND,
    FIELD_PREV,
    FIELD_TIME,
    FIELD_REASON,
    FIELD_STATUS,
    FIELD_VERSION,
    FIELD_MANIFEST,
    FIELD_PUBLISHER
} row_field;

/* Length first, then bytes: the order in which the fields are declared. */
static const char *const field_names[] = {
        [FIELD_V] = "v",
        [FIELD_ID] = "id",
        [FIELD_SEQ] = "seq",
        [FIELD_SIG] = "sig",
        [FIELD_HEAD] = "head",
        [FIELD_INFO] = "info",
        [FIELD_KIND] = "kind",
        [FIELD_PREV] = "prev",
        [FIELD_TIME] = "time",
        [FIELD_REASON] = "reason",
        [FIELD_STATUS] = "status",
        [FIELD_VERSION] = "version",
        [FIELD_MANIFEST] = "manifest",
        [FIELD_PUBLISHER] = "publisher",
};

static const row_field publish_fields[] = {FIELD_V, FIELD_ID, FIELD_SEQ, FIELD_SIG, FIELD_HEAD,
        FIELD_INFO, FIELD_KIND, FIELD_PREV, FIELD_TIME, FIELD_VERSION, FIELD_MANIFEST,
        FIELD_PUBLISHER};
static const row_field status_fields[] = {FIELD_V, FIELD_ID, FIELD_SEQ, FIELD_SIG, FIELD_KIND,
        FIELD_PREV, FIELD_TIME, FIELD_REASON, FIELD_STATUS, FIELD_VERSION, FIELD_PUBLISHER};

static const char *const kind_names[] = {
        [MS_LEDGER_PUBLISH] = "publish", [MS_LEDGER_STATUS] = "status"};

static const row_field *fields_of(ms_ledger_row_kind kind, size_t *count)
{
    if (kind == MS_LEDGER_PUBLISH) {
        *count = MS_ARRAY_COUNT(publish_fields);
        return publish_fields;
    }
    *count = MS_ARRAY_COUNT(status_fields);
    return status_fields;
}

static ms_span text_span(const char *text)
{
    return ms_span_of(text, strlen(text));
}

/* ---- limits: the same for what is read and for what is written ---- */

static ms_status check_size(
        ms_span part, size_t size_max, const char *reason, const char *name, ms_error *err)
{
    if (part.size > size_max)
        return ms_fail(err, MS_LIMIT, reason, "The row's %s has %zu bytes, more than %zu", name,
                part.size, size_max);
    return MS_OK;
}

static ms_status check_number(bool good, const char *name, ms_error *err)
{
    if (!good)
        return ms_fail(err, MS_MALFORMED, "row_number", "The row's %s is out of range", name);
    return MS_OK;
}

static ms_status check_model_id(ms_span id, ms_error *err)
{
    ms_error inner = MS_ERROR_INIT;

    if (ms_model_id_check((const char *)id.data, id.size, &inner) != MS_OK)
        return ms_fail(err, MS_MALFORMED, "row_model_id", "The row's model id is refused: %s",
                inner.message);
    return MS_OK;
}

static ms_status check_publish(const ms_ledger_row *row, ms_error *err)
{
    ms_status status = check_number(row->version > 0, "version", err);

    if (status == MS_OK)
        status = check_size(row->head, MS_HEAD_SIZE_MAX, "row_head_size", "head", err);
    if (status == MS_OK)
        status = check_size(row->info, MS_INFO_SIZE_MAX, "row_info_size", "info", err);
    return status;
}

static ms_status check_status(const ms_ledger_row *row, ms_error *err)
{
    ms_status status = check_number((unsigned)row->status <= MS_RECORD_REVOKED, "status", err);

    if (status == MS_OK)
        status = check_size(row->reason, MS_REASON_SIZE_MAX, "row_reason_size", "reason", err);
    if (status == MS_OK &&
            !ms_utf8_is_valid((const char *)row->reason.data, row->reason.size, NULL))
        return ms_fail(err, MS_MALFORMED, "cbor_text", "The row's reason is not UTF-8");
    return status;
}

static ms_status check_values(const ms_ledger_row *row, ms_error *err)
{
    ms_status status =
            check_number(row->sequence > 0 && row->sequence <= MS_LEDGER_SEQUENCE_MAX, "seq", err);

    if (status == MS_OK)
        status = check_number(row->time >= 0 && row->time <= MS_LEDGER_TIME_MAX, "time", err);
    if (status == MS_OK)
        status = check_model_id(row->model_id, err);
    if (status != MS_OK)
        return status;
    return row->kind == MS_LEDGER_PUBLISH ? check_publish(row, err) : check_status(row, err);
}

/* ---- writing ---- */

static ms_status write_value(
        const ms_ledger_row *row, row_field field, ms_buffer *out, ms_error *err)
{
    switch (field) {
    case FIELD_V:
        return ms_cbor_write_unsigned(out, MS_LEDGER_ROW_VERSION, err);
    case FIELD_ID:
        return ms_cbor_write_text(out, row->model_id, err);
    case FIELD_SEQ:
        return ms_cbor_write_unsigned(out, row->sequence, err);
    case FIELD_SIG:
        return ms_cbor_write_bytes(out, ms_span_of(row->signature, sizeof(row->signature)), err);
    case FIELD_HEAD:
        return ms_cbor_write_bytes(out, row->head, err);
    case FIELD_INFO:
        return ms_cbor_write_bytes(out, row->info, err);
    case FIELD_KIND:
        return ms_cbor_write_text(out, text_span(kind_names[row->kind]), err);
    case FIELD_PREV:
        return ms_cbor_write_bytes(out, ms_span_of(row->previous, sizeof(row->previous)), err);
    case FIELD_TIME:
        return ms_cbor_write_unsigned(out, (uint64_t)row->time, err);
    case FIELD_REASON:
        return ms_cbor_write_text(out, row->reason, err);
    case FIELD_STATUS:
        return ms_cbor_write_unsigned(out, row->status, err);
    case FIELD_VERSION:
        return ms_cbor_write_unsigned(out, row->version, err);
    case FIELD_MANIFEST:
        return ms_cbor_write_bytes(out, ms_span_of(row->manifest, sizeof(row->manifest)), err);
    case FIELD_PUBLISHER:
        return ms_cbor_write_bytes(
                out, ms_span_of(row->publisher.bytes, sizeof(row->publisher.bytes)), err);
    }
    return ms_fail(err, MS_INTERNAL, "row_field", "Field %d of a row is unknown", (int)field);
}

ms_status ms_ledger_row_encode(const ms_ledger_row *row, ms_buffer *out, ms_error *err)
{
    size_t count;
    const row_field *fields = fields_of(row->kind, &count);
    ms_status status = check_values(row, err);

    if (status == MS_MALFORMED) {
        if (err != NULL)
            err->status = MS_USAGE;
        return MS_USAGE;
    }
    if (status == MS_OK)
        status = ms_cbor_write_map(out, count, err);
    for (size_t i = 0; status == MS_OK && i < count; i++) {
        status = ms_cbor_write_text(out, text_span(field_names[fields[i]]), err);
        if (status == MS_OK)
            status = write_value(row, fields[i], out, err);
    }
    return status;
}

/* ---- reading ---- */

static ms_status refuse(ms_error *err, size_t offset, const char *reason, const char *message)
{
    (void)ms_fail(err, MS_MALFORMED, reason, "%s (offset %zu)", message, offset);
    ms_error_set_offset(err, offset);
    return MS_MALFORMED;
}

static ms_status read_fixed(ms_cursor *cursor, uint8_t *out, size_t size, ms_error *err)
{
    ms_cbor_item item;
    ms_status status = ms_cbor_expect(cursor, &item, MS_CBOR_BYTES, err);

    if (status != MS_OK)
        return status;
    if (item.bytes.size != size)
        return refuse(err, item.offset, "row_bytes",
                "A digest, address or signature of the row has not its size");
    memcpy(out, item.bytes.data, size);
    return MS_OK;
}

static ms_status read_span(ms_cursor *cursor, ms_span *out, ms_cbor_kind kind, ms_error *err)
{
    ms_cbor_item item;
    ms_status status = ms_cbor_expect(cursor, &item, kind, err);

    if (status == MS_OK)
        *out = item.bytes;
    return status;
}

static ms_status read_number(ms_cursor *cursor, uint64_t *out, uint64_t value_max, ms_error *err)
{
    ms_cbor_item item;
    ms_status status = ms_cbor_expect(cursor, &item, MS_CBOR_UNSIGNED, err);

    if (status != MS_OK)
        return status;
    if (item.value > value_max)
        return refuse(err, item.offset, "row_number", "A number of the row is out of range");
    *out = item.value;
    return MS_OK;
}

static ms_status read_kind(ms_cursor *cursor, const ms_ledger_row *row, ms_error *err)
{
    ms_span text = {0};
    size_t offset = cursor->position;
    ms_status status = read_span(cursor, &text, MS_CBOR_TEXT, err);

    if (status != MS_OK)
        return status;
    if (!ms_span_equal(text, text_span(kind_names[row->kind])))
        return refuse(err, offset, "row_kind", "The row's kind does not fit its keys");
    return MS_OK;
}

static ms_status read_version(ms_cursor *cursor, ms_error *err)
{
    ms_cbor_item item;
    ms_status status = ms_cbor_expect(cursor, &item, MS_CBOR_UNSIGNED, err);

    if (status != MS_OK)
        return status;
    if (item.value != MS_LEDGER_ROW_VERSION)
        return refuse(err, item.offset, "row_version",
                "The row has another version than this program knows");
    return MS_OK;
}

static ms_status read_value(ms_cursor *cursor, ms_ledger_row *row, row_field field, ms_error *err)
{
    uint64_t number = 0;
    ms_status status;

    switch (field) {
    case FIELD_V:
        return read_version(cursor, err);
    case FIELD_ID:
        return read_span(cursor, &row->model_id, MS_CBOR_TEXT, err);
    case FIELD_SEQ:
        return read_number(cursor, &row->sequence, MS_LEDGER_SEQUENCE_MAX, err);
    case FIELD_SIG:
        return read_fixed(cursor, row->signature, sizeof(row->signature), err);
    case FIELD_HEAD:
        return read_span(cursor, &row->head, MS_CBOR_BYTES, err);
    case FIELD_INFO:
        return read_span(cursor, &row->info, MS_CBOR_BYTES, err);
    case FIELD_KIND:
        return read_kind(cursor, row, err);
    case FIELD_PREV:
        return read_fixed(cursor, row->previous, sizeof(row->previous), err);
    case FIELD_TIME:
        status = read_number(cursor, &number, (uint64_t)MS_LEDGER_TIME_MAX, err);
        row->time = (int64_t)number;
        return status;
    case FIELD_REASON:
        return read_span(cursor, &row->reason, MS_CBOR_TEXT, err);
    case FIELD_STATUS:
        status = read_number(cursor, &number, MS_RECORD_REVOKED, err);
        row->status = (ms_record_status)number;
        return status;
    case FIELD_VERSION:
        status = read_number(cursor, &number, UINT32_MAX, err);
        row->version = (uint32_t)number;
        return status;
    case FIELD_MANIFEST:
        return read_fixed(cursor, row->manifest, sizeof(row->manifest), err);
    case FIELD_PUBLISHER:
        return read_fixed(cursor, row->publisher.bytes, sizeof(row->publisher.bytes), err);
    }
    return ms_fail(err, MS_INTERNAL, "row_field", "Field %d of a row is unknown", (int)field);
}

/* The two kinds have different numbers of keys, so the head of the map tells which it is. */
static ms_status read_map(ms_cursor *cursor, ms_ledger_row_kind *kind, ms_error *err)
{
    ms_cbor_item item;
    ms_status status = ms_cbor_expect(cursor, &item, MS_CBOR_MAP, err);

    if (status != MS_OK)
        return status;
    if (item.value == MS_ARRAY_COUNT(publish_fields))
        *kind = MS_LEDGER_PUBLISH;
    else if (item.value == MS_ARRAY_COUNT(status_fields))
        *kind = MS_LEDGER_STATUS;
    else
        return refuse(
                err, item.offset, "row_key", "The row has another number of keys than either kind");
    return MS_OK;
}

static ms_status decode(ms_ledger_row *row, ms_cursor *cursor, ms_error *err)
{
    ms_span previous = {0};
    ms_span key;
    size_t count;
    const row_field *fields;
    ms_status status = read_map(cursor, &row->kind, err);

    if (status != MS_OK)
        return status;
    fields = fields_of(row->kind, &count);
    for (size_t i = 0; i < count; i++) {
        size_t offset = cursor->position;

        status = ms_cbor_key(cursor, &previous, &key, err);
        if (status == MS_OK && !ms_span_equal(key, text_span(field_names[fields[i]])))
            status = refuse(err, offset, "row_key", "The row has a key that does not belong there");
        if (status == MS_OK)
            status = read_value(cursor, row, fields[i], err);
        if (status != MS_OK)
            return status;
    }
    status = ms_cbor_end(cursor, err);
    return status == MS_OK ? check_values(row, err) : status;
}

ms_status ms_ledger_row_decode(ms_ledger_row *row, ms_span bytes, ms_error *err)
{
    ms_cursor cursor = ms_cursor_of(bytes);
    ms_status status = check_size(bytes, MS_LEDGER_ROW_SIZE_MAX, "row_size_max", "map", err);

    memset(row, 0, sizeof(*row));
    if (status == MS_OK)
        status = decode(row, &cursor, err);
    if (status != MS_OK)
        memset(row, 0, sizeof(*row));
    return status;
}

/* ---- proving ---- */

void ms_ledger_row_statement(const ms_ledger_row *row, uint8_t digest[32])
{
    if (row->kind == MS_LEDGER_PUBLISH) {
        ms_statement statement = {
                .publisher = row->publisher, .model_id = row->model_id, .version = row->version};

        memcpy(statement.manifest, row->manifest, sizeof(statement.manifest));
        ms_statement_digest(digest, &statement);
    } else {
        ms_status_statement statement = {.publisher = row->publisher,
                .model_id = row->model_id,
                .version = row->version,
                .status = (uint8_t)row->status,
                .reason = row->reason,
                .sequence = row->sequence};

        ms_status_statement_digest(digest, &statement);
    }
}

static ms_status verify_blocks(const ms_ledger_row *row, ms_error *err)
{
    uint8_t digest[MS_SHA256_SIZE];
    ms_manifest_head head;
    ms_cid info;
    ms_status status;

    ms_sha256(digest, row->head.data, row->head.size);
    if (memcmp(digest, row->manifest, sizeof(digest)) != 0)
        return ms_fail(err, MS_INTEGRITY, "row_manifest",
                "The manifest head in the row is not the one that its digest names");
    status = ms_manifest_head_decode(&head, row->head, err);
    if (status != MS_OK)
        return status;
    ms_sha256(digest, row->info.data, row->info.size);
    info = ms_cid_sha256(MS_CODEC_DAG_CBOR, digest);
    if (!ms_cid_equal(&info, &head.info))
        return ms_fail(err, MS_INTEGRITY, "row_info",
                "The info block in the row is not the one that the manifest head links to");
    return MS_OK;
}

ms_status ms_ledger_row_verify(const ms_ledger_row *row, ms_error *err)
{
    uint8_t digest[32];
    ms_status status = MS_OK;

    if (row->kind == MS_LEDGER_PUBLISH)
        status = verify_blocks(row, err);
    if (status != MS_OK)
        return status;
    ms_ledger_row_statement(row, digest);
    if (ms_signature_verify(row->signature, digest, &row->publisher, NULL) != MS_OK)
        return ms_fail(err, MS_INTEGRITY, "row_signature",
                "The signature in the row is not its publisher's");
    return MS_OK;
}
