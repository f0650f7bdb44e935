/* The bad-input catalogue: every row of catalogue.txt goes into its parser, which must say the status
 * and the reason of the row, allocate no piece larger than the row allows, and free what it took.
 * Rows have the ids of docs/bad-input.md; a parser is also given every row cut at each length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/checked.h"
#include "cid/cid.h"
#include "codec/cbor.h"
#include "codec/glob.h"
#include "codec/path.h"
#include "config/config_file.h"
#include "doubles/written_bytes.h"
#include "eth/keystore.h"
#include "manifest/manifest_head.h"
#include "manifest/manifest_info.h"
#include "model_storage/hooks.h"
#include "names/ref.h"
#include "registry/ledger_row.h"
#include "unixfs/dag_pb.h"
#include "unixfs/unixfs_node.h"

#define ROWS_MIN 400
#define CUTS_SIZE_MAX 4096 /* longer rows are not cut at each length */

/* ---- an allocator that remembers ---- */

static struct {
    size_t largest; /* bytes asked for in one piece since the last reset */
    size_t live;
} memory;

static void *take(size_t size, void *payload)
{
    void *piece = malloc(size);

    (void)payload;
    memory.largest = size > memory.largest ? size : memory.largest;
    memory.live += piece != NULL;
    return piece;
}

static void *take_again(void *piece, size_t size, void *payload)
{
    (void)payload;
    memory.largest = size > memory.largest ? size : memory.largest;
    memory.live += piece == NULL;
    return realloc(piece, size);
}

static void give_back(void *piece, void *payload)
{
    (void)payload;
    memory.live -= piece != NULL;
    free(piece);
}

static void *json_take(size_t size)
{
    return take(size, NULL);
}

static void json_give_back(void *piece)
{
    give_back(piece, NULL);
}

/* ---- the parsers, each as (bytes, argument of the row) ---- */

static ms_status parse_varint(ms_span bytes, uint32_t argument, ms_error *err)
{
    ms_cursor cursor = ms_cursor_of(bytes);
    uint64_t value;

    (void)argument;
    return ms_cursor_varint(&cursor, &value, err);
}

static ms_status parse_cid(ms_span bytes, uint32_t argument, ms_error *err)
{
    ms_cid cid;

    (void)argument;
    return ms_cid_decode(&cid, bytes, err);
}

static ms_status parse_cid_text(ms_span bytes, uint32_t argument, ms_error *err)
{
    ms_cid cid;

    (void)argument;
    return ms_cid_parse(&cid, (const char *)bytes.data, bytes.size, err);
}

static ms_status parse_dag_pb(ms_span bytes, uint32_t argument, ms_error *err)
{
    ms_dag_pb node;

    (void)argument;
    return ms_dag_pb_decode(&node, bytes, err);
}

static ms_status parse_unixfs(ms_span bytes, uint32_t links, ms_error *err)
{
    ms_unixfs_node node;

    return ms_unixfs_node_decode(&node, bytes, links, err);
}

static ms_status parse_cbor(ms_span bytes, uint32_t argument, ms_error *err)
{
    ms_cursor cursor = ms_cursor_of(bytes);
    ms_status status = ms_cbor_skip(&cursor, err);

    (void)argument;
    return status == MS_OK ? ms_cbor_end(&cursor, err) : status;
}

static ms_status parse_head(ms_span bytes, uint32_t argument, ms_error *err)
{
    ms_manifest_head head;

    (void)argument;
    return ms_manifest_head_decode(&head, bytes, err);
}

static ms_status parse_info(ms_span bytes, uint32_t argument, ms_error *err)
{
    ms_manifest_info info;

    (void)argument;
    return ms_manifest_info_decode(&info, bytes, err);
}

static ms_status parse_name(ms_span bytes, uint32_t argument, ms_error *err)
{
    (void)argument;
    return ms_path_check_name(bytes, err);
}

static ms_status pass_over(void *payload, const char *key, unsigned line, ms_error *err)
{
    (void)payload;
    (void)key;
    (void)line;
    (void)err;
    return MS_OK;
}

static ms_status take_value(void *payload, const char *key, const ms_config_rule *rule,
        json_t *json, unsigned line, ms_error *err)
{
    (void)rule;
    (void)json;
    return pass_over(payload, key, line, err);
}

static ms_status parse_config(ms_span bytes, uint32_t argument, ms_error *err)
{
    static const ms_config_visitor visitor = {.value = take_value, .unknown = pass_over};

    (void)argument;
    return ms_config_walk("/c.json", bytes, &visitor, err);
}

static ms_status parse_keystore(ms_span bytes, uint32_t argument, ms_error *err)
{
    static ms_keystore keystore;

    (void)argument;
    return ms_keystore_parse(&keystore, bytes, err);
}

static ms_status parse_row(ms_span bytes, uint32_t argument, ms_error *err)
{
    ms_ledger_row row;

    (void)argument;
    return ms_ledger_row_decode(&row, bytes, err);
}

/* Names come as C text: the bytes of a row end in NUL. */
static ms_status parse_ref(ms_span bytes, uint32_t argument, ms_error *err)
{
    ms_ref ref;

    (void)argument;
    return ms_ref_parse(&ref, (const char *)bytes.data, err);
}

static ms_status parse_glob(ms_span bytes, uint32_t argument, ms_error *err)
{
    ms_glob *glob;
    ms_status status = ms_glob_new(&glob, (const char *)bytes.data, err);

    (void)argument;
    ms_glob_free(glob);
    return status;
}

typedef struct parser {
    const char *name;
    ms_status (*parse)(ms_span bytes, uint32_t argument, ms_error *err);
} parser;

static const parser parsers[] = {
        {"varint", parse_varint},
        {"cid", parse_cid},
        {"cid-text", parse_cid_text},
        {"dag-pb", parse_dag_pb},
        {"unixfs", parse_unixfs},
        {"cbor", parse_cbor},
        {"head", parse_head},
        {"info", parse_info},
        {"name", parse_name},
        {"config", parse_config},
        {"keystore", parse_keystore},
        {"row", parse_row},
        {"ref", parse_ref},
        {"glob", parse_glob},
};

/* "unixfs:3" is the parser unixfs with argument 3. */
static const parser *parser_called(const char *name, uint32_t *argument)
{
    size_t size = strcspn(name, ":");

    *argument = name[size] == ':' ? (uint32_t)strtoul(name + size + 1, NULL, 10) : 0;
    for (size_t i = 0; i < MS_ARRAY_COUNT(parsers); i++) {
        if (strlen(parsers[i].name) == size && memcmp(parsers[i].name, name, size) == 0)
            return &parsers[i];
    }
    fail_msg("there is no parser %s", name);
    return NULL;
}

/* ---- rows ---- */

typedef struct outcome {
    ms_status status;
    char reason[MS_ERROR_REASON_SIZE];
    size_t largest;
} outcome;

/* The bytes stand alone in memory of their exact size, with a NUL behind it for those that want one,
 * so that the address sanitizer sees every byte read beyond. */
static outcome run(const parser *used, uint32_t argument, const void *data, size_t size)
{
    bool is_text = used->parse == parse_ref || used->parse == parse_glob;
    size_t held = size + (is_text ? 1 : 0);
    unsigned char *copy = malloc(held > 0 ? held : 1);
    ms_error err = MS_ERROR_INIT;
    outcome result = {.status = MS_OK};

    assert_non_null(copy);
    if (size > 0)
        memcpy(copy, data, size);
    if (is_text)
        copy[size] = '\0';
    memory.largest = 0;
    memory.live = 0;
    result.status = used->parse(ms_span_of(copy, size), argument, &err);
    result.largest = memory.largest;
    (void)snprintf(result.reason, sizeof result.reason, "%s",
            result.status == MS_OK ? "-" : err.reason);
    if (memory.live != 0)
        fail_msg("%s keeps %zu pieces of memory", used->name, memory.live);
    if (result.status != MS_OK) {
        assert_true(err.reason[0] != '\0');
        assert_true(err.message[0] != '\0');
        assert_true(err.offset >= -1 && err.offset <= (int64_t)size);
        for (const char *at = err.message; *at != '\0'; at++)
            assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
    }
    free(copy);
    return result;
}

typedef struct catalogue_row {
    char id[16];
    const parser *used;
    uint32_t argument;
    char code[16];
    char reason[MS_ERROR_REASON_SIZE];
    size_t largest;
    written_bytes bytes;
} catalogue_row;

static bool next_row(written_table *table, catalogue_row *row)
{
    if (!written_next(table))
        return false;
    (void)snprintf(row->id, sizeof row->id, "%s", written_word(table));
    row->used = parser_called(written_word(table), &row->argument);
    (void)snprintf(row->code, sizeof row->code, "%s", written_word(table));
    (void)snprintf(row->reason, sizeof row->reason, "%s", written_word(table));
    row->largest = strtoul(written_word(table), NULL, 10);
    written_read(table, &row->bytes);
    return true;
}

static void test_every_row_of_the_catalogue_is_judged_as_written(void **state)
{
    written_table table;
    catalogue_row row;
    size_t rows = 0;
    size_t wrong = 0;

    (void)state;
    written_open(&table, MS_TEST_CATALOGUE);
    for (; next_row(&table, &row); rows++) {
        outcome found = run(row.used, row.argument, row.bytes.data, row.bytes.size);

        if (strcmp(ms_status_code(found.status), row.code) != 0 ||
                strcmp(found.reason, row.reason) != 0 || found.largest > row.largest) {
            print_message("# line %u (%s): %s %s, largest piece %zu, instead of %s %s %zu\n",
                    table.number, row.id, ms_status_code(found.status), found.reason,
                    found.largest, row.code, row.reason, row.largest);
            wrong++;
        }
        free(row.bytes.data);
    }
    written_close(&table);
    print_message("# %zu rows\n", rows);
    assert_int_equal(wrong, 0);
    assert_true(rows >= ROWS_MIN);
}

/* Whatever a row is, its beginnings are read without a byte too many and without a lost piece. */
static void test_rows_cut_at_every_length_do_no_harm(void **state)
{
    written_table table;
    catalogue_row row;
    size_t cuts = 0;

    (void)state;
    written_open(&table, MS_TEST_CATALOGUE);
    while (next_row(&table, &row)) {
        if (row.bytes.size <= CUTS_SIZE_MAX) {
            for (size_t size = 0; size < row.bytes.size; size++, cuts++)
                (void)run(row.used, row.argument, row.bytes.data, size);
        }
        free(row.bytes.data);
    }
    written_close(&table);
    assert_true(cuts > 10000);
}

/* ---- the public JSON parsing suite ---- */

/* Texts of the suite as they stand, and as the value of a key: a configuration is an object. */
static ms_status read_as_value(const written_bytes *text, char reason[MS_ERROR_REASON_SIZE])
{
    written_bytes whole = {0};
    outcome found;

    written_append(&whole, "{\"a\":", 5);
    written_append(&whole, text->data, text->size);
    written_append(&whole, "}", 1);
    found = run(parser_called("config", &(uint32_t){0}), 0, whole.data, whole.size);
    free(whole.data);
    memcpy(reason, found.reason, MS_ERROR_REASON_SIZE);
    return found.status;
}

/* Accepted by the suite, refused by us on purpose. */
static const char *const stricter[] = {
        "y_object_duplicated_key",
        "y_object_duplicated_key_and_value",
        "y_object_escaped_null_in_key", /* text is C text */
        "y_string_null_escape",
};

static bool is_stricter(const char *name)
{
    for (size_t i = 0; i < MS_ARRAY_COUNT(stricter); i++) {
        if (strcmp(stricter[i], name) == 0)
            return true;
    }
    return false;
}

static void test_the_public_json_suite_is_read_as_it_says(void **state)
{
    size_t count[3] = {0}; /* must be accepted, must be refused, either */
    written_table table;
    size_t wrong = 0;

    (void)state;
    written_open(&table, MS_TEST_VECTORS "/json/parsing.txt");
    while (written_next(&table)) {
        char name[128];
        char reason[MS_ERROR_REASON_SIZE];
        written_bytes text;
        ms_status as_value;
        ms_status alone;

        (void)snprintf(name, sizeof name, "%s", written_word(&table));
        written_read(&table, &text);
        as_value = read_as_value(&text, reason);
        alone = run(parser_called("config", &(uint32_t){0}), 0, text.data, text.size).status;
        count[name[0] == 'y' ? 0 : name[0] == 'n' ? 1 : 2]++;
        if ((name[0] == 'y' && (as_value == MS_OK) == is_stricter(name)) ||
                (name[0] == 'n' && (as_value == MS_OK || alone == MS_OK))) {
            print_message("# %s: %s %s\n", name, ms_status_code(as_value), reason);
            wrong++;
        }
        free(text.data);
    }
    written_close(&table);
    assert_int_equal(wrong, 0);
    assert_int_equal(count[0], 95);
    assert_int_equal(count[1], 188);
    assert_int_equal(count[2], 35);
}

static int watch_memory(void **state)
{
    static const ms_allocator allocator = {
            .allocate = take, .reallocate = take_again, .release = give_back};

    (void)state;
    ms_set_allocator(&allocator);
    json_set_alloc_funcs(json_take, json_give_back);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_every_row_of_the_catalogue_is_judged_as_written),
            cmocka_unit_test(test_rows_cut_at_every_length_do_no_harm),
            cmocka_unit_test(test_the_public_json_suite_is_read_as_it_says),
    };

    return cmocka_run_group_tests_name("hostile/catalogue", tests, watch_memory, NULL);
}
