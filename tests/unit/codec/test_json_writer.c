/* JSON out: compared as text, and by what an independent parser reads from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "base/checked.h"
#include "codec/json_writer.h"

typedef struct sink {
    ms_buffer text;
    unsigned calls;
    unsigned fail_at; /* this call fails; 0 = none */
    size_t largest;
} sink;

static ms_json_writer json; /* large */

static ms_status take(void *payload, const char *text, size_t size, ms_error *err)
{
    sink *self = payload;

    self->calls++;
    self->largest = MS_MAX(self->largest, size);
    if (self->calls == self->fail_at)
        return ms_fail(err, MS_IO, "sink", "call %u", self->calls);
    return ms_buffer_append(&self->text, text, size, err);
}

static void begin(sink *self, bool pretty)
{
    *self = (sink){0};
    ms_buffer_init(&self->text, 10 << 20);
    ms_json_init(&json, take, self, pretty);
}

static void assert_text(sink *self, const char *expected)
{
    assert_int_equal(ms_json_flush(&json, NULL), MS_OK);
    assert_string_equal(ms_buffer_text(&self->text), expected);
    ms_buffer_release(&self->text);
}

static void write_document(void)
{
    ms_json_begin_object(&json);
    ms_json_key(&json, "empty");
    ms_json_begin_object(&json);
    ms_json_end_object(&json);
    ms_json_key(&json, "list");
    ms_json_begin_array(&json);
    ms_json_u64(&json, UINT64_MAX);
    ms_json_i64(&json, INT64_MIN);
    ms_json_begin_array(&json);
    ms_json_end_array(&json);
    ms_json_begin_object(&json);
    ms_json_key(&json, "a");
    ms_json_null(&json);
    ms_json_key(&json, "b");
    ms_json_raw(&json, ms_span_of("[1,2]", 5));
    ms_json_end_object(&json);
    ms_json_end_array(&json);
    ms_json_key(&json, "yes");
    ms_json_bool(&json, true);
    ms_json_key(&json, "no");
    ms_json_bool(&json, false);
    ms_json_end_object(&json);
}

static void test_compact_document(void **state)
{
    sink self;

    (void)state;
    begin(&self, false);
    write_document();
    assert_text(&self, "{\"empty\":{},\"list\":[18446744073709551615,-9223372036854775808,[],"
                       "{\"a\":null,\"b\":[1,2]}],\"yes\":true,\"no\":false}");
}

static void test_pretty_document(void **state)
{
    sink self;

    (void)state;
    begin(&self, true);
    write_document();
    ms_json_end_line(&json);
    assert_text(&self, "{\n"
                       "  \"empty\": {},\n"
                       "  \"list\": [\n"
                       "    18446744073709551615,\n"
                       "    -9223372036854775808,\n"
                       "    [],\n"
                       "    {\n"
                       "      \"a\": null,\n"
                       "      \"b\": [1,2]\n"
                       "    }\n"
                       "  ],\n"
                       "  \"yes\": true,\n"
                       "  \"no\": false\n"
                       "}\n");
}

static void test_lines_of_documents(void **state)
{
    sink self;

    (void)state;
    begin(&self, false);
    for (unsigned i = 0; i < 2; i++) {
        ms_json_begin_object(&json);
        ms_json_key(&json, "n");
        ms_json_u64(&json, i);
        ms_json_end_object(&json);
        ms_json_end_line(&json);
    }
    ms_json_text(&json, "alone");
    assert_text(&self, "{\"n\":0}\n{\"n\":1}\n\"alone\"");
}

static void test_escapes(void **state)
{
    sink self;

    (void)state;
    begin(&self, false);
    ms_json_string(&json, ms_span_of("\"\\/\b\f\n\r\t\0\x1f\x7f\xc3\xa9", 13));
    assert_text(&self, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f\xc3\xa9\"");
}

/* C1 and what turns text around, which JSON would allow as they are. */
static void test_nothing_that_a_terminal_obeys_is_written(void **state)
{
    sink self;

    (void)state;
    begin(&self, false);
    ms_json_text(&json, "\xc2\x9b" "2J\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8\xc2\xa0");
    assert_text(&self, "\"\\u009b2J\\u202e\\u2066\\u2028\xc2\xa0\"");
}

static void test_bytes_that_are_no_text_become_replacements(void **state)
{
    sink self;

    (void)state;
    begin(&self, false);
    ms_json_text(&json, "a\xff\xc3(\xed\xa0\x80");
    assert_text(&self, "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void test_every_character_is_read_back_by_another_parser(void **state)
{
    sink self;
    json_t *read;
    char text[0x80];

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)i;
    begin(&self, true);
    ms_json_begin_object(&json);
    ms_json_key_span(&json, ms_span_of(text + 1, sizeof(text) - 1));
    ms_json_string(&json, ms_span_of(text, sizeof(text)));
    ms_json_end_object(&json);
    assert_int_equal(ms_json_flush(&json, NULL), MS_OK);
    read = json_loadb((const char *)self.text.data, self.text.size,
            JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    assert_non_null(read);
    assert_int_equal(json_object_size(read), 1);
    assert_int_equal(json_string_length(json_object_iter_value(json_object_iter(read))), 0x80);
    assert_memory_equal(
            json_string_value(json_object_iter_value(json_object_iter(read))), text, 0x80);
    assert_memory_equal(json_object_iter_key(json_object_iter(read)), text + 1, 0x7f);
    json_decref(read);
    ms_buffer_release(&self.text);
}

static void test_a_long_document_goes_through_a_buffer_of_fixed_size(void **state)
{
    sink self;
    json_t *read;

    (void)state;
    begin(&self, false);
    ms_json_begin_array(&json);
    for (unsigned i = 0; i < 100000; i++)
        ms_json_u64(&json, i);
    ms_json_raw(&json, ms_span_of("[                                ]", 34));
    ms_json_end_array(&json);
    assert_int_equal(ms_json_flush(&json, NULL), MS_OK);
    assert_true(self.largest <= MS_JSON_BUFFER_SIZE);
    assert_true(self.calls <= self.text.size / MS_JSON_BUFFER_SIZE + 1);
    read = json_loadb((const char *)self.text.data, self.text.size, 0, NULL);
    assert_int_equal(json_array_size(read), 100001);
    assert_int_equal(json_integer_value(json_array_get(read, 99999)), 99999);
    json_decref(read);
    ms_buffer_release(&self.text);
}

static void test_the_first_failure_is_kept_and_ends_the_writing(void **state)
{
    ms_error err = MS_ERROR_INIT;
    sink self;

    (void)state;
    begin(&self, false);
    self.fail_at = 2;
    ms_json_begin_array(&json);
    for (unsigned i = 0; i < 100000; i++)
        ms_json_u64(&json, i);
    assert_int_equal(ms_json_status(&json), MS_IO);
    ms_json_end_array(&json);
    assert_int_equal(ms_json_flush(&json, &err), MS_IO);
    assert_string_equal(err.reason, "sink");
    assert_string_equal(err.message, "call 2");
    assert_int_equal(self.calls, 2);
    assert_int_equal(ms_json_flush(&json, NULL), MS_IO);
    ms_buffer_release(&self.text);
}

static void test_the_greatest_depth(void **state)
{
    sink self;

    (void)state;
    begin(&self, false);
    for (unsigned i = 0; i < MS_JSON_DEPTH_MAX; i++)
        ms_json_begin_array(&json);
    for (unsigned i = 0; i < MS_JSON_DEPTH_MAX; i++)
        ms_json_end_array(&json);
    assert_text(&self, "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_compact_document),
            cmocka_unit_test(test_pretty_document),
            cmocka_unit_test(test_lines_of_documents),
            cmocka_unit_test(test_escapes),
            cmocka_unit_test(test_nothing_that_a_terminal_obeys_is_written),
            cmocka_unit_test(test_bytes_that_are_no_text_become_replacements),
            cmocka_unit_test(test_every_character_is_read_back_by_another_parser),
            cmocka_unit_test(test_a_long_document_goes_through_a_buffer_of_fixed_size),
            cmocka_unit_test(test_the_first_failure_is_kept_and_ends_the_writing),
            cmocka_unit_test(test_the_greatest_depth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
