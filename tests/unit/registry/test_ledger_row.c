/* Rows as bytes: one spelling, limits, truncation at every length, every byte flipped, and what
 * proves a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "codec/cbor.h"
#include "doubles/sample_publication.h"
#include "registry/ledger_row.h"

typedef struct fixture {
    ms_key *key;
    ms_signer signer;
    sample_publication sample;
    ms_ledger_row publish;
    ms_ledger_row status;
    ms_buffer bytes;
} fixture;

static ms_span span(const char *text)
{
    return ms_span_of(text, strlen(text));
}

static void sign(const fixture *f, ms_ledger_row *row)
{
    uint8_t digest[32];

    ms_ledger_row_statement(row, digest);
    assert_int_equal(ms_signer_sign(&f->signer, row->signature, digest, NULL), MS_OK);
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));

    f->key = sample_key(1);
    f->signer = ms_signer_of_key(f->key);
    sample_publication_init(&f->sample, "org/model", 3, 1);
    f->publish = (ms_ledger_row){.kind = MS_LEDGER_PUBLISH,
            .sequence = 7,
            .previous = {1, 2, 3},
            .time = 1700000000,
            .publisher = f->signer.address,
            .model_id = span("org/model"),
            .version = 3,
            .head = f->sample.publication.head,
            .info = f->sample.publication.info};
    memcpy(f->publish.manifest, f->sample.manifest, 32);
    sign(f, &f->publish);
    f->status = (ms_ledger_row){.kind = MS_LEDGER_STATUS,
            .sequence = 300,
            .previous = {9},
            .time = 1700000001,
            .publisher = f->signer.address,
            .model_id = span("org/model"),
            .version = 0,
            .status = MS_RECORD_REVOKED,
            .reason = span("z\xc3\xbcnftig")};
    sign(f, &f->status);
    ms_buffer_init(&f->bytes, MS_LEDGER_ROW_SIZE_MAX);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    ms_buffer_release(&f->bytes);
    sample_publication_release(&f->sample);
    ms_key_free(f->key);
    free(f);
    return 0;
}

static void encode(fixture *f, const ms_ledger_row *row)
{
    ms_error error = MS_ERROR_INIT;

    ms_buffer_clear(&f->bytes);
    if (ms_ledger_row_encode(row, &f->bytes, &error) != MS_OK)
        fail_msg("%s: %s", error.reason, error.message);
}

static ms_ledger_row decode(const fixture *f)
{
    ms_error error = MS_ERROR_INIT;
    ms_ledger_row row;

    if (ms_ledger_row_decode(&row, ms_buffer_span(&f->bytes), &error) != MS_OK)
        fail_msg("%s: %s", error.reason, error.message);
    return row;
}

static void expect_same(const ms_ledger_row *a, const ms_ledger_row *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->sequence, b->sequence);
    assert_memory_equal(a->previous, b->previous, 32);
    assert_int_equal(a->time, b->time);
    assert_true(ms_address_equal(&a->publisher, &b->publisher));
    assert_true(ms_span_equal(a->model_id, b->model_id));
    assert_int_equal(a->version, b->version);
    assert_memory_equal(a->manifest, b->manifest, 32);
    assert_true(ms_span_equal(a->head, b->head));
    assert_true(ms_span_equal(a->info, b->info));
    assert_int_equal(a->status, b->status);
    assert_true(ms_span_equal(a->reason, b->reason));
    assert_memory_equal(a->signature, b->signature, MS_SIGNATURE_SIZE);
}

static void expect_refused(fixture *f, ms_status status, const char *reason)
{
    ms_error error = MS_ERROR_INIT;
    ms_ledger_row row;

    assert_int_equal(ms_ledger_row_decode(&row, ms_buffer_span(&f->bytes), &error), status);
    assert_string_equal(error.reason, reason);
    assert_int_equal(row.sequence, 0);
    assert_null(row.model_id.data);
}

static void test_both_kinds_come_back_and_prove_themselves(void **state)
{
    fixture *f = *state;
    const ms_ledger_row *rows[] = {&f->publish, &f->status};

    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_ledger_row row;

        encode(f, rows[i]);
        row = decode(f);
        expect_same(&row, rows[i]);
        assert_int_equal(ms_ledger_row_verify(&row, NULL), MS_OK);
    }
}

/* The bytes are a format: this is where they begin, and the order of the keys. */
static void test_the_bytes_are_what_they_always_were(void **state)
{
    static const uint8_t start[] = {0xab, 0x61, 'v', 0x01, 0x62, 'i', 'd', 0x69, 'o', 'r', 'g', '/',
            'm', 'o', 'd', 'e', 'l', 0x63, 's', 'e', 'q', 0x19, 0x01, 0x2c, 0x63, 's', 'i', 'g',
            0x58, 0x41};
    static const uint8_t after_signature[] = {0x64, 'k', 'i', 'n', 'd', 0x66, 's', 't', 'a', 't',
            'u', 's', 0x64, 'p', 'r', 'e', 'v', 0x58, 0x20, 0x09};
    fixture *f = *state;

    encode(f, &f->status);
    assert_memory_equal(f->bytes.data, start, sizeof(start));
    assert_memory_equal(
            f->bytes.data + sizeof(start) + 65, after_signature, sizeof(after_signature));
}

static void test_a_row_cut_at_any_length_is_refused(void **state)
{
    fixture *f = *state;
    const ms_ledger_row *rows[] = {&f->publish, &f->status};

    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        encode(f, rows[i]);
        for (size_t size = 0; size < f->bytes.size; size++) {
            uint8_t *exact = malloc(size + 1); /* so that a read beyond is seen by tools */
            ms_ledger_row row;

            memcpy(exact, f->bytes.data, size);
            assert_int_equal(
                    ms_ledger_row_decode(&row, ms_span_of(exact, size), NULL), MS_MALFORMED);
            free(exact);
        }
        assert_int_equal(ms_buffer_append_byte(&f->bytes, 0, NULL), MS_OK);
        expect_refused(f, MS_MALFORMED, "trailing_bytes");
    }
}

/* seq is signed in a status only, and prev and time are covered by the hash of the row alone. */
static bool is_unsigned_part(const ms_ledger_row *a, const ms_ledger_row *b)
{
    return a->sequence != b->sequence || a->time != b->time ||
           memcmp(a->previous, b->previous, 32) != 0;
}

static void test_no_flipped_bit_leaves_another_statement_proven(void **state)
{
    fixture *f = *state;
    const ms_ledger_row *rows[] = {&f->publish, &f->status};

    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        encode(f, rows[i]);
        for (size_t bit = 0; bit < f->bytes.size * 8; bit++) {
            ms_ledger_row row;

            f->bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (ms_ledger_row_decode(&row, ms_buffer_span(&f->bytes), NULL) == MS_OK &&
                    ms_ledger_row_verify(&row, NULL) == MS_OK && !is_unsigned_part(&row, rows[i]))
                fail_msg("bit %zu of row %zu makes no difference", bit, i);
            f->bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

typedef void (*change_fn)(fixture *f);

static void no_sequence(fixture *f)
{
    f->publish.sequence = 0;
}
static void huge_sequence(fixture *f)
{
    f->publish.sequence = MS_LEDGER_SEQUENCE_MAX + 1;
}
static void early_time(fixture *f)
{
    f->publish.time = -1;
}
static void late_time(fixture *f)
{
    f->publish.time = MS_LEDGER_TIME_MAX + 1;
}
static void no_version(fixture *f)
{
    f->publish.version = 0;
}
static void bad_id(fixture *f)
{
    f->publish.model_id = span("a//b");
}
static void no_id(fixture *f)
{
    f->publish.model_id = span("");
}

static void test_values_out_of_range_are_not_written(void **state)
{
    static const struct {
        change_fn change;
        const char *reason;
    } rows[] = {{no_sequence, "row_number"}, {huge_sequence, "row_number"},
            {early_time, "row_number"}, {late_time, "row_number"}, {no_version, "row_number"},
            {bad_id, "row_model_id"}, {no_id, "row_model_id"}};
    fixture *f = *state;
    ms_ledger_row good = f->publish;

    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error error = MS_ERROR_INIT;

        f->publish = good;
        rows[i].change(f);
        ms_buffer_clear(&f->bytes);
        assert_int_equal(ms_ledger_row_encode(&f->publish, &f->bytes, &error), MS_USAGE);
        assert_int_equal(error.status, MS_USAGE);
        assert_string_equal(error.reason, rows[i].reason);
        assert_int_equal(f->bytes.size, 0);
    }
}

static void test_parts_have_limits(void **state)
{
    fixture *f = *state;
    uint8_t *large = calloc(1, MS_INFO_SIZE_MAX + 1);
    ms_ledger_row row = f->publish;
    ms_error error = MS_ERROR_INIT;

    row.head = ms_span_of(large, MS_HEAD_SIZE_MAX + 1);
    assert_int_equal(ms_ledger_row_encode(&row, &f->bytes, &error), MS_LIMIT);
    assert_string_equal(error.reason, "row_head_size");
    row = f->publish;
    row.info = ms_span_of(large, MS_INFO_SIZE_MAX + 1);
    assert_int_equal(ms_ledger_row_encode(&row, &f->bytes, &error), MS_LIMIT);
    assert_string_equal(error.reason, "row_info_size");
    memset(large, 'r', MS_REASON_SIZE_MAX + 1);
    row = f->status;
    row.reason = ms_span_of(large, MS_REASON_SIZE_MAX + 1);
    assert_int_equal(ms_ledger_row_encode(&row, &f->bytes, &error), MS_LIMIT);
    assert_string_equal(error.reason, "row_reason_size");
    assert_int_equal(
            ms_ledger_row_decode(&row, ms_span_of(large, MS_LEDGER_ROW_SIZE_MAX + 1), &error),
            MS_LIMIT);
    assert_string_equal(error.reason, "row_size_max");
    free(large);
}

static void test_the_largest_row_fits(void **state)
{
    fixture *f = *state;
    char id[MS_MODEL_ID_SIZE_MAX];
    uint8_t *large = calloc(1, MS_INFO_SIZE_MAX);
    ms_ledger_row row = f->publish;

    memset(id, 'i', sizeof(id));
    row.model_id = ms_span_of(id, sizeof(id));
    row.head = ms_span_of(large, MS_HEAD_SIZE_MAX);
    row.info = ms_span_of(large, MS_INFO_SIZE_MAX);
    row.sequence = MS_LEDGER_SEQUENCE_MAX;
    row.time = MS_LEDGER_TIME_MAX;
    row.version = UINT32_MAX;
    encode(f, &row);
    (void)decode(f);
    free(large);
}

/* Replace the only occurrence of from by to, which has the same size. */
static void replace(fixture *f, const char *from, const char *to)
{
    uint8_t *at = memmem(f->bytes.data, f->bytes.size, from, strlen(from));

    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
}

static void test_other_keys_kinds_and_versions_are_refused_by_name(void **state)
{
    static const struct {
        bool publish;
        const char *from;
        const char *to;
        const char *reason;
    } rows[] = {{true, "\x61v\x01", "\x61v\x02", "row_version"},
            {true, "\x64kind\x67publish", "\x64kind\x67publisk", "row_kind"},
            {false, "\x64kind\x66status", "\x64kind\x66publik", "row_kind"},
            {true, "\x64prev", "\x64prex", "row_key"}, {true, "\x64time", "\x64timf", "row_key"},
            {true, "\xac\x61v", "\xab\x61v", "row_key"},
            {true, "\xac\x61v", "\xad\x61v", "row_key"},
            {false, "\x66status\x02", "\x66status\x03", "row_number"},
            {false, "z\xc3\xbcn", "z\xc3\xc3n", "cbor_text"},
            {true, "\x69org/model", "\x69org//odel", "row_model_id"}};
    fixture *f = *state;

    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error error = MS_ERROR_INIT;
        ms_ledger_row row;

        encode(f, rows[i].publish ? &f->publish : &f->status);
        replace(f, rows[i].from, rows[i].to);
        assert_int_equal(
                ms_ledger_row_decode(&row, ms_buffer_span(&f->bytes), &error), MS_MALFORMED);
        assert_string_equal(error.reason, rows[i].reason);
    }
}

static void test_a_signature_of_another_size_is_refused(void **state)
{
    fixture *f = *state;
    uint8_t *at;

    encode(f, &f->status);
    at = memmem(f->bytes.data, f->bytes.size, "\x63sig\x58\x41", 6);
    assert_non_null(at);
    at[5] = 0x40;
    memmove(at + 6, at + 7, f->bytes.size - (size_t)(at + 7 - f->bytes.data));
    f->bytes.size--;
    expect_refused(f, MS_MALFORMED, "row_bytes");
}

static void expect_unproven(const ms_ledger_row *row, const char *reason)
{
    ms_error error = MS_ERROR_INIT;

    assert_int_equal(ms_ledger_row_verify(row, &error), MS_INTEGRITY);
    assert_string_equal(error.reason, reason);
}

static void test_what_does_not_belong_together_is_not_proven(void **state)
{
    fixture *f = *state;
    sample_publication other;
    ms_ledger_row row = f->publish;

    sample_publication_init(&other, "org/model", 3, 2);
    row.head = other.publication.head;
    expect_unproven(&row, "row_manifest");
    row = f->publish;
    row.info = other.publication.info;
    expect_unproven(&row, "row_info");
    row = f->publish;
    row.head = other.publication.head;
    row.info = other.publication.info;
    memcpy(row.manifest, other.manifest, 32);
    expect_unproven(&row, "row_signature");
    row = f->publish;
    row.version++;
    expect_unproven(&row, "row_signature");
    row = f->status;
    row.sequence++;
    expect_unproven(&row, "row_signature");
    row = f->status;
    row.reason = span("");
    expect_unproven(&row, "row_signature");
    row = f->status;
    row.publisher.bytes[0] ^= 1;
    expect_unproven(&row, "row_signature");
    sample_publication_release(&other);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_both_kinds_come_back_and_prove_themselves),
            TEST(test_the_bytes_are_what_they_always_were),
            TEST(test_a_row_cut_at_any_length_is_refused),
            TEST(test_no_flipped_bit_leaves_another_statement_proven),
            TEST(test_values_out_of_range_are_not_written),
            TEST(test_parts_have_limits),
            TEST(test_the_largest_row_fits),
            TEST(test_other_keys_kinds_and_versions_are_refused_by_name),
            TEST(test_a_signature_of_another_size_is_refused),
            TEST(test_what_does_not_belong_together_is_not_proven),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
