/* Cursors as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/checked.h"
#include "registry/list_cursor.h"

#define ADDRESS "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"

static void test_a_cursor_reads_what_it_wrote(void **state)
{
    ms_record record = {.model_id = "org/model", .version = UINT32_MAX};
    ms_list_cursor cursor;
    ms_list_cursor again;
    ms_arena arena;
    const char *text;

    (void)state;
    ms_arena_init(&arena, 4096);
    assert_int_equal(ms_address_parse(&record.publisher, ADDRESS, strlen(ADDRESS), NULL), MS_OK);
    ms_list_cursor_set(&cursor, &record);
    text = ms_list_cursor_format(&cursor, &arena);
    assert_string_equal(text, "org/model@4294967295@" ADDRESS);
    assert_int_equal(ms_list_cursor_parse(&again, text, NULL), MS_OK);
    assert_string_equal(again.model_id, "org/model");
    assert_int_equal(again.version, UINT32_MAX);
    assert_true(ms_address_equal(&again.publisher, &record.publisher));
    ms_arena_release(&arena);
}

static void test_no_text_is_the_start(void **state)
{
    ms_list_cursor cursor;

    (void)state;
    memset(&cursor, 1, sizeof(cursor));
    assert_int_equal(ms_list_cursor_parse(&cursor, NULL, NULL), MS_OK);
    assert_string_equal(cursor.model_id, "");
    assert_int_equal(cursor.version, 0);
    assert_true(ms_address_is_zero(&cursor.publisher));
}

static void test_a_full_arena_gives_no_cursor(void **state)
{
    ms_list_cursor cursor = {.model_id = "m"};
    ms_arena arena;

    (void)state;
    ms_arena_init(&arena, 16);
    assert_null(ms_list_cursor_format(&cursor, &arena));
    ms_arena_release(&arena);
}

static void test_every_other_text_is_refused(void **state)
{
    static const char *const texts[] = {"", "@", "@@", "m", "m@1", "m@1@", "m@1@0x12",
            "@1@" ADDRESS, "m@@" ADDRESS, "m@0@" ADDRESS, "m@01@" ADDRESS, "m@1@" ADDRESS "0",
            "m@1@ " ADDRESS, "m:@1@" ADDRESS, "m@4294967296@" ADDRESS,
            "m@1@0x7e5F4552091A69125d5DfCb7b8C2659029395Bdf"};

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(texts); i++) {
        ms_error error = MS_ERROR_INIT;
        ms_list_cursor cursor;

        if (ms_list_cursor_parse(&cursor, texts[i], &error) != MS_USAGE)
            fail_msg("%s passes", texts[i]);
        assert_string_equal(error.reason, "cursor_malformed");
        assert_string_equal(cursor.model_id, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_cursor_reads_what_it_wrote),
            cmocka_unit_test(test_no_text_is_the_start),
            cmocka_unit_test(test_a_full_arena_gives_no_cursor),
            cmocka_unit_test(test_every_other_text_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
