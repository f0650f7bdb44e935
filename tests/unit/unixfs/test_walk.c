/* What the walk announces, in which order, and that it goes on after a read that failed. Blocks
 * come from our own builders, whose roots are those of a real Kubo (test_file_dag,
 * test_directory_dag). */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/checked.h"
#include "doubles/memory_blocks.h"
#include "doubles/short_memory.h"
#include "unixfs/directory_dag.h"
#include "unixfs/file_dag.h"
#include "unixfs/walk.h"

/* A trace is one line an event. NODE lines are left out: they are counted instead. */
typedef struct event_trace {
    char text[8192];
    size_t size;
    size_t nodes;
    size_t failures;
} event_trace;

static void note(event_trace *trace, const ms_walk_event *event)
{
    static const char *const kinds[] = {"node", "folder", "file", "leaf", "end of file", "end"};
    int added;

    if (event->kind == MS_WALK_NODE) {
        trace->nodes++;
        return;
    }
    added = snprintf(trace->text + trace->size, sizeof trace->text - trace->size,
            "%s %.*s f%llu c%llu o%llu s%llu\n", kinds[event->kind], (int)event->path.size,
            event->path.data == NULL ? "" : (const char *)event->path.data,
            (unsigned long long)event->file_index, (unsigned long long)event->chunk_index,
            (unsigned long long)event->offset, (unsigned long long)event->size);
    assert_true(added > 0 && (size_t)added < sizeof trace->text - trace->size);
    trace->size += (size_t)added;
}

/* Walk to the end; reads that fail are tried again. skip (may be NULL) is a path that is passed
 * over. */
static void walk_all(
        memory_blocks *blocks, const ms_cid *root, const char *skip, event_trace *trace)
{
    ms_block_source source = memory_blocks_source(blocks);
    ms_walk *walk;

    *trace = (event_trace){0};
    assert_int_equal(ms_walk_open(&walk, root, &source, NULL), MS_OK);
    for (;;) {
        ms_error err = MS_ERROR_INIT;
        ms_walk_event event;
        ms_status status = ms_walk_next(walk, &event, &err);

        if (status == MS_NETWORK) {
            trace->failures++;
            continue;
        }
        if (status != MS_OK)
            fail_msg("%s: %s", err.reason, err.message);
        note(trace, &event);
        if (event.kind == MS_WALK_END)
            break;
        if (skip != NULL && event.path.size == strlen(skip) &&
                memcmp(event.path.data, skip, event.path.size) == 0)
            ms_walk_skip(walk);
    }
    ms_walk_close(walk);
}

/* A file of size bytes cut by 4 with 4 links a node; all bytes are seed. */
static ms_dag_entry file_of(memory_blocks *blocks, uint8_t seed, uint64_t size)
{
    uint8_t chunk[4] = {seed, seed, seed, seed};
    ms_dag_entry root;
    ms_file_dag dag;

    ms_file_dag_init(&dag, 4, memory_blocks_sink(blocks));
    for (uint64_t offset = 0; offset < size || offset == 0; offset += 4) {
        size_t part = size - offset < 4 ? (size_t)(size - offset) : 4;
        ms_cid leaf = memory_blocks_add(blocks, MS_CODEC_RAW, chunk, part);

        assert_int_equal(ms_file_dag_add(&dag, &leaf, part, NULL), MS_OK);
    }
    assert_int_equal(ms_file_dag_finish(&dag, &root, NULL), MS_OK);
    ms_file_dag_release(&dag);
    return root;
}

typedef struct named {
    const char *name;
    ms_dag_entry entry;
} named;

static ms_dag_entry folder_of(
        memory_blocks *blocks, const named *entries, size_t count, uint64_t block_size_max)
{
    ms_directory_dag dag;
    ms_dag_entry root;

    ms_directory_dag_init(&dag);
    dag.block_size_max = block_size_max;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(
                ms_directory_dag_add(&dag, ms_span_of(entries[i].name, strlen(entries[i].name)),
                        &entries[i].entry, NULL),
                MS_OK);
    assert_int_equal(ms_directory_dag_finish(&dag, memory_blocks_sink(blocks), &root, NULL), MS_OK);
    ms_directory_dag_release(&dag);
    return root;
}

/* The tree that most tests walk; every folder is a HAMT when as_hamt. */
static ms_cid tree_of(memory_blocks *blocks, bool as_hamt)
{
    uint64_t size_max = as_hamt ? 0 : MS_DIRECTORY_DAG_BLOCK_SIZE_MAX;
    named deep[] = {{"q", file_of(blocks, 1, 3)}, {"z", file_of(blocks, 2, 9)}};
    named root[] = {
            {"dd", file_of(blocks, 3, 1)},
            {"d.txt", file_of(blocks, 4, 17)},
            {"d", folder_of(blocks, deep, 2, size_max)},
            {"empty", folder_of(blocks, NULL, 0, size_max)},
            {"d-1", file_of(blocks, 5, 0)},
    };

    return folder_of(blocks, root, 5, size_max).cid;
}

static const char tree_trace[] = "folder d f0 c0 o0 s0\n"
                                 "file d/q f0 c0 o0 s3\n"
                                 "leaf d/q f0 c0 o0 s3\n"
                                 "end of file d/q f0 c0 o0 s0\n"
                                 "file d/z f1 c0 o0 s9\n"
                                 "leaf d/z f1 c1 o0 s4\n"
                                 "leaf d/z f1 c2 o4 s4\n"
                                 "leaf d/z f1 c3 o8 s1\n"
                                 "end of file d/z f1 c0 o0 s0\n"
                                 "file d-1 f2 c0 o0 s0\n"
                                 "leaf d-1 f2 c4 o0 s0\n"
                                 "end of file d-1 f2 c0 o0 s0\n"
                                 "file d.txt f3 c0 o0 s17\n"
                                 "leaf d.txt f3 c5 o0 s4\n"
                                 "leaf d.txt f3 c6 o4 s4\n"
                                 "leaf d.txt f3 c7 o8 s4\n"
                                 "leaf d.txt f3 c8 o12 s4\n"
                                 "leaf d.txt f3 c9 o16 s1\n"
                                 "end of file d.txt f3 c0 o0 s0\n"
                                 "file dd f4 c0 o0 s1\n"
                                 "leaf dd f4 c10 o0 s1\n"
                                 "end of file dd f4 c0 o0 s0\n"
                                 "folder empty f5 c0 o0 s0\n"
                                 "end  f5 c0 o0 s0\n";

static void test_a_tree_is_announced_in_the_order_of_name_bytes(void **state)
{
    memory_blocks blocks;
    event_trace trace;
    ms_cid root;

    (void)state;
    memory_blocks_init(&blocks);
    root = tree_of(&blocks, false);
    walk_all(&blocks, &root, NULL, &trace);
    assert_string_equal(trace.text, tree_trace);
    /* Root, d, d/z, empty, d.txt and two nodes below it: every inner block once, no leaf. */
    assert_int_equal(trace.nodes, 7);
    assert_int_equal(blocks.gets, 7);
    memory_blocks_release(&blocks);
}

static void test_a_hamt_is_announced_like_a_plain_folder(void **state)
{
    memory_blocks blocks;
    event_trace trace;
    ms_cid root;

    (void)state;
    memory_blocks_init(&blocks);
    root = tree_of(&blocks, true);
    walk_all(&blocks, &root, NULL, &trace);
    assert_string_equal(trace.text, tree_trace);
    memory_blocks_release(&blocks);
}

static void test_a_read_that_failed_can_be_tried_again_anywhere(void **state)
{
    memory_blocks blocks;
    event_trace trace;
    ms_cid root;

    (void)state;
    memory_blocks_init(&blocks);
    root = tree_of(&blocks, true);
    for (size_t after = 0;; after++) {
        blocks.fail_after = after;
        walk_all(&blocks, &root, NULL, &trace);
        assert_string_equal(trace.text, tree_trace);
        if (trace.failures == 0) {
            assert_true(after >= 7);
            break;
        }
    }
    memory_blocks_release(&blocks);
}

static void test_a_skipped_folder_is_not_read(void **state)
{
    memory_blocks blocks;
    event_trace trace;
    ms_cid root;

    (void)state;
    memory_blocks_init(&blocks);
    root = tree_of(&blocks, false);
    walk_all(&blocks, &root, "d", &trace);
    assert_non_null(strstr(trace.text, "folder d f0"));
    assert_null(strstr(trace.text, "d/"));
    assert_non_null(strstr(trace.text, "leaf d-1 f0 c0"));
    assert_int_equal(trace.nodes, 6);
    memory_blocks_release(&blocks);
}

static void test_a_skipped_file_has_no_leaves_and_no_end(void **state)
{
    memory_blocks blocks;
    event_trace trace;
    ms_cid root;

    (void)state;
    memory_blocks_init(&blocks);
    root = tree_of(&blocks, false);
    walk_all(&blocks, &root, "d.txt", &trace);
    assert_non_null(strstr(trace.text, "file d.txt f3 c0 o0 s17\nfile dd f4"));
    assert_non_null(strstr(trace.text, "leaf dd f4 c5"));
    assert_int_equal(trace.nodes, 5);
    walk_all(&blocks, &root, "dd", &trace);
    assert_non_null(strstr(trace.text, "file dd f4 c0 o0 s1\nfolder empty"));
    memory_blocks_release(&blocks);
}

static void test_a_skipped_model_of_one_file_ends(void **state)
{
    memory_blocks blocks;
    event_trace trace;
    ms_dag_entry file;

    (void)state;
    memory_blocks_init(&blocks);
    file = file_of(&blocks, 1, 100);
    walk_all(&blocks, &file.cid, "", &trace);
    assert_string_equal(trace.text, "file  f0 c0 o0 s100\nend  f1 c0 o0 s0\n");
    memory_blocks_release(&blocks);
}

static void test_a_model_of_one_file_has_an_empty_path(void **state)
{
    memory_blocks blocks;
    event_trace trace;
    ms_dag_entry file;

    (void)state;
    memory_blocks_init(&blocks);
    file = file_of(&blocks, 1, 6);
    walk_all(&blocks, &file.cid, NULL, &trace);
    assert_string_equal(trace.text, "file  f0 c0 o0 s6\nleaf  f0 c0 o0 s4\nleaf  f0 c1 o4 s2\n"
                                    "end of file  f0 c0 o0 s0\nend  f1 c0 o0 s0\n");
    memory_blocks_release(&blocks);
}

/* One raw block: no node says its size, so it is read, unless the manifest has said it. */
static void test_a_model_of_one_chunk_is_read_only_when_its_size_is_unknown(void **state)
{
    ms_walk_event event;
    memory_blocks blocks;
    ms_block_source source;
    ms_dag_entry file;
    ms_walk *walk;
    event_trace trace;

    (void)state;
    memory_blocks_init(&blocks);
    source = memory_blocks_source(&blocks);
    file = file_of(&blocks, 1, 3);
    walk_all(&blocks, &file.cid, NULL, &trace);
    assert_string_equal(trace.text,
            "file  f0 c0 o0 s3\nleaf  f0 c0 o0 s3\nend of file  f0 c0 o0 s0\nend  f1 c0 o0 s0\n");
    assert_int_equal(blocks.gets, 1);
    assert_int_equal(ms_walk_open(&walk, &file.cid, &source, NULL), MS_OK);
    ms_walk_expect(walk, 3, 1);
    do
        assert_int_equal(ms_walk_next(walk, &event, NULL), MS_OK);
    while (event.kind != MS_WALK_END);
    assert_int_equal(ms_walk_next(walk, &event, NULL), MS_OK);
    assert_int_equal(event.kind, MS_WALK_END);
    ms_walk_close(walk);
    assert_int_equal(blocks.gets, 1);
    memory_blocks_release(&blocks);
}

/* The first failure of a walk that expects size and count; NULL when it comes to its end. */
static const char *expect_of(
        memory_blocks *blocks, const ms_cid *root, uint64_t size, uint64_t count, ms_error *err)
{
    ms_block_source source = memory_blocks_source(blocks);
    ms_walk_event event;
    ms_status status;
    ms_walk *walk;

    *err = (ms_error)MS_ERROR_INIT;
    assert_int_equal(ms_walk_open(&walk, root, &source, NULL), MS_OK);
    ms_walk_expect(walk, size, count);
    do
        status = ms_walk_next(walk, &event, err);
    while (status == MS_OK && event.kind != MS_WALK_END);
    if (status != MS_OK) {
        ms_status again = ms_walk_next(walk, &event, NULL);

        assert_int_equal(status, MS_INTEGRITY);
        assert_int_equal(again, MS_USAGE);
    }
    ms_walk_close(walk);
    return status == MS_OK ? NULL : err->reason;
}

static void test_a_model_unlike_its_manifest_is_refused(void **state)
{
    memory_blocks blocks;
    ms_error err;
    ms_cid root;

    (void)state;
    memory_blocks_init(&blocks);
    root = tree_of(&blocks, false);
    assert_null(expect_of(&blocks, &root, 30, 11, &err));
    assert_string_equal(expect_of(&blocks, &root, 29, 11, &err), "dag_size");
    assert_string_equal(expect_of(&blocks, &root, 31, 11, &err), "dag_size");
    assert_string_equal(expect_of(&blocks, &root, 30, 10, &err), "dag_count");
    assert_string_equal(expect_of(&blocks, &root, 30, 12, &err), "dag_count");
    memory_blocks_release(&blocks);
}

static void test_a_large_hamt_is_sorted_and_its_blocks_are_hinted(void **state)
{
    enum { COUNT = 3000 };
    static named entries[COUNT];
    static char names[COUNT][40];
    memory_blocks blocks;
    ms_block_source source;
    ms_walk_event event;
    ms_dag_entry file;
    ms_walk *walk;
    ms_cid root;
    unsigned files = 0;

    (void)state;
    memory_blocks_init(&blocks);
    file = file_of(&blocks, 1, 5);
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned mixed = i * 1103 % COUNT;

        (void)snprintf(names[i], sizeof names[i], "model-%05u-of-03000.part", mixed);
        entries[i] = (named){names[i], file};
    }
    root = folder_of(&blocks, entries, COUNT, 1000).cid;
    source = memory_blocks_source(&blocks);
    assert_int_equal(ms_walk_open(&walk, &root, &source, NULL), MS_OK);
    do {
        assert_int_equal(ms_walk_next(walk, &event, NULL), MS_OK);
        if (event.kind == MS_WALK_FILE) {
            char expected[40];

            (void)snprintf(expected, sizeof expected, "model-%05u-of-03000.part", files++);
            assert_memory_equal(event.path.data, expected, event.path.size);
        }
    } while (event.kind != MS_WALK_END);
    ms_walk_close(walk);
    assert_int_equal(files, COUNT);
    /* All that was read, but for the root, was announced before: shards once, each file's node
     * once. */
    assert_int_equal(blocks.prefetched, blocks.gets - 1);
    memory_blocks_release(&blocks);
}

static void test_a_walk_can_be_left_anywhere(void **state)
{
    memory_blocks blocks;
    ms_block_source source;
    ms_cid root;

    (void)state;
    memory_blocks_init(&blocks);
    source = memory_blocks_source(&blocks);
    root = tree_of(&blocks, true);
    for (unsigned steps = 0; steps < 40; steps++) {
        ms_walk_event event;
        ms_walk *walk;

        assert_int_equal(ms_walk_open(&walk, &root, &source, NULL), MS_OK);
        for (unsigned i = 0; i < steps; i++)
            assert_int_equal(ms_walk_next(walk, &event, NULL), MS_OK);
        ms_walk_close(walk);
    }
    ms_walk_close(NULL);
    memory_blocks_release(&blocks);
}

/* Build a folder (of names that fold in both ways) and a file below it, and walk it. */
static ms_status build_and_walk(memory_blocks *blocks)
{
    static const char *const names[] = {"d\xc3\xa9", "b", "a", "c"};
    ms_block_source source = memory_blocks_source(blocks);
    ms_walk_event event = {.kind = MS_WALK_NODE};
    ms_cid leaf = memory_blocks_add(blocks, MS_CODEC_RAW, "leaf", 4);
    ms_dag_entry file;
    ms_dag_entry root;
    ms_walk *walk = NULL;
    ms_directory_dag folder;
    ms_file_dag dag;
    ms_status status = MS_OK;

    ms_file_dag_init(&dag, 2, memory_blocks_sink(blocks));
    ms_directory_dag_init(&folder);
    folder.block_size_max = 0;
    for (unsigned i = 0; i < 5 && status == MS_OK; i++)
        status = ms_file_dag_add(&dag, &leaf, 4, NULL);
    if (status == MS_OK)
        status = ms_file_dag_finish(&dag, &file, NULL);
    for (size_t i = 0; i < 4 && status == MS_OK; i++)
        status = ms_directory_dag_add(&folder, ms_span_of(names[i], strlen(names[i])), &file, NULL);
    if (status == MS_OK)
        status = ms_directory_dag_finish(&folder, memory_blocks_sink(blocks), &root, NULL);
    if (status == MS_OK)
        status = ms_walk_open(&walk, &root.cid, &source, NULL);
    while (status == MS_OK && event.kind != MS_WALK_END)
        status = ms_walk_next(walk, &event, NULL);
    ms_walk_close(walk);
    ms_directory_dag_release(&folder);
    ms_file_dag_release(&dag);
    return status;
}

static void test_every_allocation_may_fail(void **state)
{
    size_t fail_at = 0;
    ms_status status;

    (void)state;
    do {
        memory_blocks blocks;
        size_t left;

        memory_blocks_init(&blocks);
        short_memory_begin(++fail_at);
        status = build_and_walk(&blocks);
        left = short_memory_end();
        assert_true(status == MS_OK || status == MS_NO_MEMORY);
        assert_int_equal(left, 0);
        memory_blocks_release(&blocks);
    } while (status != MS_OK);
    assert_true(fail_at > 20);
}

/* The events of a walk that begins at chunk first; reads that fail are tried again. */
static ms_status walk_from(memory_blocks *blocks, const ms_cid *root, uint64_t first, uint64_t chunk_size,
        event_trace *trace, ms_error *err)
{
    ms_block_source source = memory_blocks_source(blocks);
    ms_walk_event event = {.kind = MS_WALK_NODE};
    ms_status status = MS_OK;
    ms_walk *walk;

    *trace = (event_trace){0};
    assert_int_equal(ms_walk_open(&walk, root, &source, NULL), MS_OK);
    ms_walk_begin_at(walk, first, chunk_size);
    while (status == MS_OK && event.kind != MS_WALK_END) {
        status = ms_walk_next(walk, &event, err);
        if (status == MS_NETWORK) {
            trace->failures++;
            status = MS_OK;
            event.kind = MS_WALK_NODE;
        } else if (status == MS_OK) {
            note(trace, &event);
        }
    }
    ms_walk_close(walk);
    return status;
}

/* text without the lines of leaves whose index is below first. */
static void without_leaves_below(char *text, uint64_t first)
{
    char *to = text;

    for (char *line = text; *line != '\0';) {
        size_t size = strcspn(line, "\n") + 1;
        const char *index = memmem(line, size, " c", 2);

        if (strncmp(line, "leaf", 4) != 0 || strtoull(index + 2, NULL, 10) >= first) {
            memmove(to, line, size);
            to += size;
        }
        line += size;
    }
    *to = '\0';
}

static void test_a_walk_that_begins_at_a_chunk_announces_the_same_from_there(void **state)
{
    memory_blocks blocks;

    (void)state;
    memory_blocks_init(&blocks);
    const ms_cid roots[] = {tree_of(&blocks, false), tree_of(&blocks, true), file_of(&blocks, 7, 101).cid,
            file_of(&blocks, 8, 64).cid, file_of(&blocks, 9, 3).cid, file_of(&blocks, 9, 0).cid};

    for (size_t i = 0; i < MS_ARRAY_COUNT(roots); i++) {
        event_trace whole;

        walk_all(&blocks, &roots[i], NULL, &whole);
        for (uint64_t first = 0; first <= 30; first++) {
            event_trace part;
            ms_error err = MS_ERROR_INIT;
            char expected[sizeof whole.text];

            memcpy(expected, whole.text, sizeof expected);
            without_leaves_below(expected, first);
            assert_int_equal(walk_from(&blocks, &roots[i], first, 4, &part, &err), MS_OK);
            assert_string_equal(part.text, expected);
        }
    }
    memory_blocks_release(&blocks);
}

/* 4^5 leaves in 5 levels of nodes: the way to one leaf is one node a level. */
static void test_only_the_way_to_the_first_chunk_is_read(void **state)
{
    memory_blocks blocks;

    (void)state;
    memory_blocks_init(&blocks);
    const ms_cid root = file_of(&blocks, 1, 4096).cid;
    ms_block_source source = memory_blocks_source(&blocks);

    for (uint64_t first = 0; first < 1024; first += 31) {
        ms_walk_event event = {.kind = MS_WALK_NODE};
        ms_walk *walk;

        blocks.gets = 0;
        assert_int_equal(ms_walk_open(&walk, &root, &source, NULL), MS_OK);
        ms_walk_begin_at(walk, first, 4);
        while (event.kind == MS_WALK_NODE || event.kind == MS_WALK_FILE)
            assert_int_equal(ms_walk_next(walk, &event, NULL), MS_OK);
        assert_int_equal(event.kind, MS_WALK_LEAF);
        assert_true(event.chunk_index == first && event.offset == 4 * first);
        assert_int_equal(blocks.gets, 5);
        ms_walk_close(walk);
    }
    memory_blocks_release(&blocks);
}

/* The way to the last leaf is one node in each of the 4 levels below the root; 1, 2, 5 and 17 nodes lead to
 * the last 68 leaves. Each is named once, and no other. */
static void test_what_is_passed_over_is_not_hinted_either(void **state)
{
    memory_blocks blocks;

    (void)state;
    memory_blocks_init(&blocks);
    const ms_cid root = file_of(&blocks, 1, 4096).cid;
    for (unsigned i = 0; i < 2; i++) {
        event_trace trace;
        ms_error err = MS_ERROR_INIT;

        blocks.prefetched = 0;
        assert_int_equal(walk_from(&blocks, &root, i == 0 ? 1023 : 1024 - 68, 4, &trace, &err), MS_OK);
        assert_int_equal(blocks.prefetched, i == 0 ? 4 : 1 + 2 + 5 + 17);
    }
    memory_blocks_release(&blocks);
}

static void test_a_walk_that_begins_at_a_chunk_goes_on_after_a_failed_read(void **state)
{
    memory_blocks blocks;

    (void)state;
    memory_blocks_init(&blocks);
    const ms_cid root = tree_of(&blocks, true);
    event_trace smooth;
    ms_error err = MS_ERROR_INIT;

    assert_int_equal(walk_from(&blocks, &root, 6, 4, &smooth, &err), MS_OK);
    for (size_t reads = 0; reads < smooth.nodes; reads++) {
        event_trace bumpy;

        blocks.fail_after = reads;
        assert_int_equal(walk_from(&blocks, &root, 6, 4, &bumpy, &err), MS_OK);
        assert_int_equal(bumpy.failures, 1);
        assert_string_equal(bumpy.text, smooth.text);
    }
    memory_blocks_release(&blocks);
}

/* The file is cut by 4. A manifest that says another size is found out before any index is wrong. */
static void test_another_cut_than_the_manifest_says_is_refused(void **state)
{
    memory_blocks blocks;

    (void)state;
    memory_blocks_init(&blocks);
    const ms_cid root = file_of(&blocks, 1, 4096).cid;
    static const uint64_t sizes[] = {1, 2, 3, 5, 8, 12, 16, 1024, 8192};

    for (size_t i = 0; i < MS_ARRAY_COUNT(sizes); i++) {
        for (uint64_t first = 0; first < 4; first++) {
            event_trace trace;
            ms_error err = MS_ERROR_INIT;
            ms_status status = walk_from(&blocks, &root, first, sizes[i], &trace, &err);

            assert_int_equal(status, MS_INTEGRITY);
            assert_string_equal(err.reason, "dag_cut");
            assert_null(strstr(trace.text, "leaf"));
        }
    }
    memory_blocks_release(&blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_tree_is_announced_in_the_order_of_name_bytes),
            cmocka_unit_test(test_a_hamt_is_announced_like_a_plain_folder),
            cmocka_unit_test(test_a_read_that_failed_can_be_tried_again_anywhere),
            cmocka_unit_test(test_a_skipped_folder_is_not_read),
            cmocka_unit_test(test_a_skipped_file_has_no_leaves_and_no_end),
            cmocka_unit_test(test_a_skipped_model_of_one_file_ends),
            cmocka_unit_test(test_a_model_of_one_file_has_an_empty_path),
            cmocka_unit_test(test_a_model_of_one_chunk_is_read_only_when_its_size_is_unknown),
            cmocka_unit_test(test_a_model_unlike_its_manifest_is_refused),
            cmocka_unit_test(test_a_large_hamt_is_sorted_and_its_blocks_are_hinted),
            cmocka_unit_test(test_a_walk_can_be_left_anywhere),
            cmocka_unit_test(test_every_allocation_may_fail),
            cmocka_unit_test(test_a_walk_that_begins_at_a_chunk_announces_the_same_from_there),
            cmocka_unit_test(test_only_the_way_to_the_first_chunk_is_read),
            cmocka_unit_test(test_what_is_passed_over_is_not_hinted_either),
            cmocka_unit_test(test_a_walk_that_begins_at_a_chunk_goes_on_after_a_failed_read),
            cmocka_unit_test(test_another_cut_than_the_manifest_says_is_refused),
    };

    return cmocka_run_group_tests_name("unixfs/walk", tests, NULL, NULL);
}
