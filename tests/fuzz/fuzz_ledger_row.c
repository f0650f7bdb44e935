/* Rows of the ledger: a row has one spelling, so what is read is written as the same bytes; a row that
 * is refused leaves nothing behind; and one that proves itself stops doing so with any of its parts changed. */
#include <assert.h>
#include <string.h>

#include "memory_limit.h"
#include "registry/ledger_row.h"

static void check_limits(const ms_ledger_row *row)
{
    assert(row->sequence >= 1 && row->sequence <= MS_LEDGER_SEQUENCE_MAX);
    assert(row->time >= 0 && row->time <= MS_LEDGER_TIME_MAX);
    assert(ms_model_id_check((const char *)row->model_id.data, row->model_id.size, NULL) == MS_OK);
    if (row->kind == MS_LEDGER_PUBLISH) {
        assert(row->version >= 1 && row->head.size <= MS_HEAD_SIZE_MAX);
        assert(row->info.size <= MS_INFO_SIZE_MAX && row->reason.size == 0);
    } else {
        assert(row->status <= MS_RECORD_REVOKED && row->reason.size <= MS_REASON_SIZE_MAX);
        assert(row->head.size == 0 && row->info.size == 0);
    }
}

static void check_one_spelling(const ms_ledger_row *row, ms_span bytes)
{
    ms_buffer again;

    ms_buffer_init(&again, MS_LEDGER_ROW_SIZE_MAX);
    assert(ms_ledger_row_encode(row, &again, NULL) == MS_OK);
    assert(ms_span_equal(ms_buffer_span(&again), bytes));
    ms_buffer_release(&again);
}

static void expect_unproven(const ms_ledger_row *row)
{
    ms_error err = MS_ERROR_INIT;

    assert(ms_ledger_row_verify(row, &err) != MS_OK);
    assert(err.reason[0] != '\0' && err.message[0] != '\0');
}

/* Everything the publisher signed, changed once. The rest (place and time) is held by the chain of rows. */
static void check_proof(const ms_ledger_row *row)
{
    ms_ledger_row changed = *row;

    if (ms_ledger_row_verify(row, NULL) != MS_OK)
        return;
    changed.version ^= 1;
    expect_unproven(&changed);
    changed = *row;
    changed.model_id.size--;
    expect_unproven(&changed);
    changed = *row;
    changed.publisher.bytes[19] ^= 1;
    expect_unproven(&changed);
    changed = *row;
    changed.signature[5] ^= 1;
    expect_unproven(&changed);
    changed = *row;
    if (row->kind == MS_LEDGER_PUBLISH)
        changed.manifest[31] ^= 1;
    else
        changed.sequence ^= 1;
    expect_unproven(&changed);
}

static void check_input(const uint8_t *data, size_t size)
{
    static const ms_ledger_row zeroed;
    ms_ledger_row row;
    ms_error err = MS_ERROR_INIT;
    ms_status status = ms_ledger_row_decode(&row, ms_span_of(data, size), &err);

    if (status != MS_OK) {
        assert(status == MS_MALFORMED || status == MS_LIMIT);
        assert(err.status == status && err.reason[0] != '\0');
        assert(err.offset <= (int64_t)size && memcmp(&row, &zeroed, sizeof(row)) == 0);
        return;
    }
    check_limits(&row);
    check_one_spelling(&row, ms_span_of(data, size));
    check_proof(&row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
