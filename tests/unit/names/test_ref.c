/* Names of models as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/checked.h"
#include "names/ref.h"

#define ADDRESS "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
#define CID "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"

static void test_good_names_are_read_and_written_the_same(void **state)
{
    static const struct {
        const char *text;
        ms_ref_kind kind;
        const char *model_id;
        uint32_t version;
        bool has_publisher;
    } rows[] = {
            {"my-model", MS_REF_MODEL, "my-model", 0, false},
            {"org/my.model_1", MS_REF_MODEL, "org/my.model_1", 0, false},
            {"my-model@1", MS_REF_MODEL, "my-model", 1, false},
            {"my-model@4294967295", MS_REF_MODEL, "my-model", UINT32_MAX, false},
            {ADDRESS "/my-model", MS_REF_MODEL, "my-model", 0, true},
            {ADDRESS "/org/m@30", MS_REF_MODEL, "org/m", 30, true},
            {CID, MS_REF_CID, "", 0, false},
    };
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_ref ref;
        ms_error err = MS_ERROR_INIT;
        char text[MS_REF_SIZE_MAX];
        assert_int_equal(ms_ref_parse(&ref, rows[i].text, &err), MS_OK);
        assert_int_equal(ref.kind, rows[i].kind);
        assert_string_equal(ref.model_id, rows[i].model_id);
        assert_int_equal(ref.version, rows[i].version);
        assert_int_equal(ref.has_publisher, rows[i].has_publisher);
        ms_ref_format(&ref, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_a_scheme_is_another_spelling_of_a_cid(void **state)
{
    ms_ref plain, with_scheme;
    (void)state;
    assert_int_equal(ms_ref_parse(&plain, CID, NULL), MS_OK);
    assert_int_equal(ms_ref_parse(&with_scheme, "ipfs://" CID, NULL), MS_OK);
    assert_true(ms_cid_equal(&plain.cid, &with_scheme.cid));
}

static void test_bad_names_are_refused_with_their_reason(void **state)
{
    static const struct {
        const char *text;
        const char *reason; /* NULL: one of ms_model_id_check */
    } rows[] = {
            {"", "ref_empty"},
            {"a:b", "ref_colon"},
            {"https://x/y", "ref_colon"},
            {"m@", "ref_version"},
            {"m@0", "ref_version"},
            {"m@01", "ref_version"},
            {"m@-1", "ref_version"},
            {"m@+1", "ref_version"},
            {"m@1 ", "ref_version"},
            {"m@4294967296", "ref_version"},
            {"m@99999999999999999999", "ref_version"},
            {"m@1@2", "ref_version"},
            {"ipfs://", "ref_cid"},
            {"ipfs://nonsense", "ref_cid"},
            {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed/m", "address_checksum"},
            {"/m", NULL},
            {"m/", NULL},
            {"a//b", NULL},
            {"a/../b", NULL},
            {".", NULL},
            {"with space", NULL},
            {"m\xc3\xbc", NULL},
            {"@3", NULL},
            {ADDRESS "/", NULL},
            {ADDRESS "/" ADDRESS "/m", NULL},
    };
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        static const ms_ref zero;
        ms_ref ref;
        ms_error err = MS_ERROR_INIT;
        assert_int_equal(ms_ref_parse(&ref, rows[i].text, &err), MS_USAGE);
        if (rows[i].reason != NULL)
            assert_string_equal(err.reason, rows[i].reason);
        assert_true(err.message[0] != '\0');
        assert_memory_equal(&ref, &zero, sizeof(ref));
    }
}

static void test_a_name_of_256_bytes_is_too_long(void **state)
{
    char text[MS_REF_SIZE_MAX + 1];
    ms_ref ref;
    ms_error err = MS_ERROR_INIT;
    (void)state;
    memset(text, 'a', MS_REF_SIZE_MAX);
    text[MS_REF_SIZE_MAX] = '\0';
    assert_int_equal(ms_ref_parse(&ref, text, &err), MS_USAGE);
    assert_string_equal(err.reason, "ref_long");
    text[MS_MODEL_ID_SIZE_MAX] = '\0';
    assert_int_equal(ms_ref_parse(&ref, text, &err), MS_OK);
    text[MS_MODEL_ID_SIZE_MAX] = 'a';
    text[MS_MODEL_ID_SIZE_MAX + 1] = '\0';
    assert_int_equal(ms_ref_parse(&ref, text, &err), MS_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_good_names_are_read_and_written_the_same),
            cmocka_unit_test(test_a_scheme_is_another_spelling_of_a_cid),
            cmocka_unit_test(test_bad_names_are_refused_with_their_reason),
            cmocka_unit_test(test_a_name_of_256_bytes_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
