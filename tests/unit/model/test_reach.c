/* Sets of digests, and what a root reaches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "crypto/sha256.h"
#include "doubles/memory_store.h"
#include "doubles/short_memory.h"
#include "manifest/manifest_ext.h"
#include "manifest/manifest_info.h"
#include "model/opened_model_priv.h"
#include "model/reach_priv.h"
#include "unixfs/directory_dag.h"
#include "unixfs/file_dag.h"

#define CHUNKS 9
#define BLOCKS_MAX 64

/* ---- sets of digests ---- */

/* Numbers that all start alike, so that they compete for one slot. */
static void make_alike(uint8_t digest[32], uint32_t number)
{
    memset(digest, 0, 32);
    memcpy(digest + 28, &number, sizeof(number));
}

static void make_uniform(uint8_t digest[32], uint32_t number)
{
    ms_sha256(digest, &number, sizeof(number));
}

static void fill_and_look(void (*make)(uint8_t digest[32], uint32_t number), uint32_t count)
{
    ms_digest_set set = {0};
    uint8_t digest[32];
    bool is_new = false;

    for (uint32_t i = 0; i < count; i++) {
        make(digest, i);
        assert_null(ms_digest_set_find(&set, digest));
        assert_int_equal(ms_digest_set_add(&set, digest, &is_new, NULL), MS_OK);
        assert_true(is_new);
        *ms_digest_set_find(&set, digest) = (uint8_t)(i % 251);
        assert_int_equal(ms_digest_set_add(&set, digest, &is_new, NULL), MS_OK);
        assert_false(is_new);
    }
    assert_int_equal(set.count, count);
    for (uint32_t i = 0; i < count; i++) {
        make(digest, i);
        assert_memory_equal(set.digests[i], digest, 32); /* in the order they came */
        assert_int_equal(*ms_digest_set_find(&set, digest), i % 251);
    }
    make(digest, count);
    assert_null(ms_digest_set_find(&set, digest));
    ms_digest_set_release(&set);
}

static void test_each_digest_is_found_with_its_mark(void **state)
{
    (void)state;
    fill_and_look(make_uniform, 10000);
}

static void test_digests_that_start_alike_are_told_apart(void **state)
{
    (void)state;
    fill_and_look(make_alike, 3000);
}

static void test_the_empty_set_has_nothing(void **state)
{
    const uint8_t digest[32] = {0};
    ms_digest_set set = {0};
    (void)state;
    assert_null(ms_digest_set_find(&set, digest));
    ms_digest_set_release(&set);
}

static void add_until_full(ms_digest_set *set, uint32_t count)
{
    uint8_t digest[32];
    for (uint32_t i = 0; i < count; i++) {
        make_uniform(digest, i);
        assert_int_equal(ms_digest_set_add(set, digest, NULL, NULL), MS_OK);
    }
}

/* Every allocation of one growth fails once; the set stays what it was and grows later. */
static void test_a_set_that_cannot_grow_stays_whole(void **state)
{
    uint8_t digest[32];
    (void)state;
    for (size_t fail_at = 1; fail_at <= 3; fail_at++) {
        ms_digest_set set = {0};
        add_until_full(&set, 1024);
        make_uniform(digest, 1024);
        short_memory_begin(fail_at);
        assert_int_equal(ms_digest_set_add(&set, digest, NULL, NULL), MS_NO_MEMORY);
        (void)short_memory_end();
        assert_int_equal(set.count, 1024);
        assert_null(ms_digest_set_find(&set, digest));
        for (uint32_t i = 0; i < 1024; i++) {
            make_uniform(digest, i);
            assert_non_null(ms_digest_set_find(&set, digest));
        }
        make_uniform(digest, 1024);
        assert_int_equal(ms_digest_set_add(&set, digest, NULL, NULL), MS_OK);
        assert_non_null(ms_digest_set_find(&set, digest));
        ms_digest_set_release(&set);
    }
}

/* ---- what a root reaches ---- */

typedef struct scene {
    memory_disk *disk;
    ms_store *store;
    ms_cid manifest;
    ms_cid root;
    ms_cid info;
    ms_cid ext;
    ms_cid file; /* an inner node */
    ms_cid leaf;
    uint8_t head[MS_MANIFEST_HEAD_SIZE_MAX];
    size_t head_size;
    /* seen */
    ms_cid visited[BLOCKS_MAX];
    size_t visit_count;
    uint64_t leaf_bytes;
    ms_cid unreadable[4];
    ms_status unreadable_status[4];
    size_t unreadable_count;
} scene;

static ms_cid put(ms_store_session *session, uint32_t codec, const void *data, size_t size)
{
    ms_cid cid;
    bool present;
    assert_int_equal(
            ms_store_put(session, &cid, codec, ms_span_of(data, size), &present, NULL), MS_OK);
    return cid;
}

static ms_dag_entry put_file(scene *here, ms_store_session *session)
{
    ms_file_dag dag;
    ms_dag_entry file;
    ms_file_dag_init(&dag, 3, ms_store_session_sink(session));
    for (uint32_t i = 0; i < CHUNKS; i++) {
        char chunk[16];
        const int size = snprintf(chunk, sizeof(chunk), "chunk %u", (unsigned)i);
        here->leaf = put(session, MS_CODEC_RAW, chunk, (size_t)size);
        here->leaf_bytes += (uint64_t)size;
        assert_int_equal(ms_file_dag_add(&dag, &here->leaf, (uint64_t)size, NULL), MS_OK);
    }
    assert_int_equal(ms_file_dag_finish(&dag, &file, NULL), MS_OK);
    ms_file_dag_release(&dag);
    return file;
}

static void put_content(scene *here, ms_store_session *session)
{
    const ms_dag_entry file = put_file(here, session);
    const ms_dag_entry small = {
            .cid = put(session, MS_CODEC_RAW, "small", 5), .content_size = 5, .cumulative_size = 5};
    ms_directory_dag folder;
    ms_dag_entry root;
    here->file = file.cid;
    here->leaf_bytes += small.content_size;
    ms_directory_dag_init(&folder);
    assert_int_equal(ms_directory_dag_add(&folder, ms_span_of("file", 4), &file, NULL), MS_OK);
    assert_int_equal(ms_directory_dag_add(&folder, ms_span_of("small", 5), &small, NULL), MS_OK);
    assert_int_equal(
            ms_directory_dag_finish(&folder, ms_store_session_sink(session), &root, NULL), MS_OK);
    ms_directory_dag_release(&folder);
    here->root = root.cid;
}

static void put_ext(scene *here, ms_store_session *session)
{
    const uint8_t digest[32] = {1};
    ms_manifest_ext_writer *writer = malloc(sizeof(*writer));
    assert_non_null(writer);
    ms_manifest_ext_writer_init(writer, ms_store_session_sink(session));
    for (int i = 0; i < 2; i++)
        assert_int_equal(ms_manifest_ext_writer_add(writer, digest, NULL), MS_OK);
    assert_int_equal(ms_manifest_ext_writer_finish(writer, &here->ext, NULL), MS_OK);
    ms_manifest_ext_writer_release(writer);
    free(writer);
}

static void put_manifest(scene *here, ms_store_session *session)
{
    const ms_manifest_info info = {.name = ms_span_of("m", 1),
            .chunker = ms_span_of("size-7", 6),
            .stored_name = ms_span_of("m", 1)};
    ms_buffer block;
    ms_buffer_init(&block, MS_MANIFEST_INFO_SIZE_MAX);
    assert_int_equal(ms_manifest_info_encode(&info, &block, NULL), MS_OK);
    here->info = put(session, MS_CODEC_DAG_CBOR, block.data, block.size);
    ms_buffer_clear(&block);
    const ms_manifest_head head = {.info = here->info,
            .root = here->root,
            .size = here->leaf_bytes,
            .count = CHUNKS + 1,
            .has_ext = true,
            .ext = here->ext};
    assert_int_equal(ms_manifest_head_encode(&head, &block, NULL), MS_OK);
    here->manifest = put(session, MS_CODEC_DAG_CBOR, block.data, block.size);
    memcpy(here->head, block.data, block.size);
    here->head_size = block.size;
    ms_buffer_release(&block);
}

static int set_up(void **state)
{
    static scene here;
    ms_store_session *session = NULL;
    here = (scene){.disk = memory_disk_new()};
    assert_int_equal(memory_store_open(&here.store, here.disk, NULL), MS_OK);
    assert_int_equal(ms_store_begin(here.store, &session, NULL, NULL), MS_OK);
    put_content(&here, session);
    put_ext(&here, session);
    put_manifest(&here, session);
    assert_int_equal(ms_store_commit(&session, NULL), MS_OK);
    *state = &here;
    return 0;
}

static int tear_down(void **state)
{
    scene *here = *state;
    ms_store_close(here->store);
    memory_disk_free(here->disk);
    return 0;
}

static ms_status on_visit(void *payload, const ms_cid *cid, ms_error *err)
{
    scene *here = payload;
    (void)err;
    assert_true(here->visit_count < BLOCKS_MAX);
    here->visited[here->visit_count++] = *cid;
    return MS_OK;
}

static ms_status on_unreadable(
        void *payload, const ms_cid *cid, ms_status status, const ms_error *why, ms_error *err)
{
    scene *here = payload;
    (void)err;
    assert_int_equal(why->status, status);
    assert_true(here->unreadable_count < 4);
    here->unreadable[here->unreadable_count] = *cid;
    here->unreadable_status[here->unreadable_count++] = status;
    return MS_OK;
}

static ms_reach reach_of(scene *here, bool goes_on)
{
    here->visit_count = 0;
    here->unreadable_count = 0;
    return (ms_reach){.store = here->store,
            .visit = on_visit,
            .unreadable = goes_on ? on_unreadable : NULL,
            .payload = here};
}

/* Index of the first visit of the same block, whatever the codec; SIZE_MAX: none. */
static size_t visit_of(const scene *here, const ms_cid *cid)
{
    for (size_t i = 0; i < here->visit_count; i++)
        if (memcmp(here->visited[i].digest, cid->digest, 32) == 0)
            return i;
    return SIZE_MAX;
}

static bool is_visited(const scene *here, const ms_cid *cid)
{
    return visit_of(here, cid) != SIZE_MAX;
}

typedef struct listing {
    const scene *here;
    size_t count;
} listing;

static ms_status on_stored(void *payload, const ms_cid *cid, uint64_t size, ms_error *err)
{
    listing *list = payload;
    (void)size;
    (void)err;
    assert_true(is_visited(list->here, cid));
    list->count++;
    return MS_OK;
}

static void assert_all_visited(const scene *here)
{
    listing list = {.here = here};
    assert_int_equal(ms_store_each(here->store, on_stored, &list, NULL), MS_OK);
    assert_true(
            list.count >=
            CHUNKS +
                    8); /* chunks, nodes of three levels, folder, ext and its digests, info, head */
}

static void lose(scene *here, const ms_cid *cid)
{
    void *lock = NULL;
    ms_store_removed removed;
    assert_int_equal(ms_store_prune_begin(here->store, false, 0, NULL, &lock, NULL), MS_OK);
    assert_int_equal(ms_store_remove_many(here->store, cid, 1, &removed, NULL), MS_OK);
    ms_store_prune_end(here->store, lock);
    assert_int_equal(removed.blocks, 1);
}

static void test_a_manifest_reaches_every_block_of_its_model(void **state)
{
    scene *here = *state;
    const ms_span none = {0};
    const ms_reach reach = reach_of(here, false);
    assert_int_equal(ms_reach_root(&reach, &here->manifest, none, NULL), MS_OK);
    assert_all_visited(here);
}

static void test_parents_come_before_their_children(void **state)
{
    scene *here = *state;
    const ms_span none = {0};
    const ms_reach reach = reach_of(here, false);
    assert_int_equal(ms_reach_root(&reach, &here->manifest, none, NULL), MS_OK);
    assert_int_equal(visit_of(here, &here->manifest), 0);
    assert_true(visit_of(here, &here->root) < visit_of(here, &here->file));
    assert_true(visit_of(here, &here->file) < visit_of(here, &here->leaf));
}

static void test_plain_content_reaches_itself_only(void **state)
{
    scene *here = *state;
    const ms_span none = {0};
    ms_reach reach = reach_of(here, false);
    assert_int_equal(ms_reach_root(&reach, &here->root, none, NULL), MS_OK);
    assert_true(is_visited(here, &here->leaf));
    assert_false(is_visited(here, &here->info));
    assert_false(is_visited(here, &here->manifest));
    reach = reach_of(here, false);
    assert_int_equal(ms_reach_root(&reach, &here->leaf, none, NULL), MS_OK);
    assert_int_equal(here->visit_count, 1);
}

static void test_leaves_are_not_read(void **state)
{
    scene *here = *state;
    const ms_span none = {0};
    const ms_reach reach = reach_of(here, false);
    assert_true(memory_disk_damage(here->disk, &here->leaf));
    assert_int_equal(ms_reach_root(&reach, &here->manifest, none, NULL), MS_OK);
    lose(here, &here->leaf);
    assert_int_equal(ms_reach_root(&reach, &here->manifest, none, NULL), MS_OK);
}

static void test_a_block_that_cannot_be_read_is_a_failure_or_told(void **state)
{
    scene *here = *state;
    const ms_span none = {0};
    const ms_cid *parts[] = {&here->root, &here->file, &here->info, &here->ext, &here->manifest};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        void *fresh = here;
        ms_reach reach = reach_of(here, false);
        assert_true(memory_disk_damage(here->disk, parts[i]));
        assert_int_equal(ms_reach_root(&reach, &here->manifest, none, NULL), MS_INTEGRITY);
        reach = reach_of(here, true);
        assert_int_equal(ms_reach_root(&reach, &here->manifest, none, NULL), MS_OK);
        assert_int_equal(here->unreadable_count, 1);
        assert_true(ms_cid_equal(&here->unreadable[0], parts[i]));
        assert_int_equal(here->unreadable_status[0], MS_INTEGRITY);
        assert_int_equal(tear_down(&fresh), 0);
        assert_int_equal(set_up(&fresh), 0);
    }
}

static void test_what_is_beside_a_lost_block_is_reached(void **state)
{
    scene *here = *state;
    const ms_span none = {0};
    const ms_reach reach = reach_of(here, true);
    lose(here, &here->root);
    assert_int_equal(ms_reach_root(&reach, &here->manifest, none, NULL), MS_OK);
    assert_int_equal(here->unreadable_count, 1);
    assert_int_equal(here->unreadable_status[0], MS_NOT_FOUND);
    assert_true(is_visited(here, &here->info) && is_visited(here, &here->ext));
    assert_false(is_visited(here, &here->leaf));
}

static void test_a_lost_manifest_is_taken_from_the_record(void **state)
{
    scene *here = *state;
    const ms_span none = {0};
    ms_reach reach = reach_of(here, false);
    lose(here, &here->manifest);
    assert_int_equal(ms_reach_root(&reach, &here->manifest, none, NULL), MS_NOT_FOUND);
    reach = reach_of(here, false);
    assert_int_equal(
            ms_reach_root(&reach, &here->manifest, ms_span_of(here->head, here->head_size), NULL),
            MS_OK);
    assert_all_visited(here);
    assert_true(is_visited(here, &here->manifest));
}

static void test_a_damaged_manifest_is_told_before_the_record_leads_on(void **state)
{
    scene *here = *state;
    const ms_span head = ms_span_of(here->head, here->head_size);
    ms_reach reach = reach_of(here, false);
    assert_true(memory_disk_damage(here->disk, &here->manifest));
    assert_int_equal(ms_reach_root(&reach, &here->manifest, head, NULL), MS_INTEGRITY);
    reach = reach_of(here, true);
    assert_int_equal(ms_reach_root(&reach, &here->manifest, head, NULL), MS_OK);
    assert_int_equal(here->unreadable_count, 1);
    assert_all_visited(here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_each_digest_is_found_with_its_mark),
            cmocka_unit_test(test_digests_that_start_alike_are_told_apart),
            cmocka_unit_test(test_the_empty_set_has_nothing),
            cmocka_unit_test(test_a_set_that_cannot_grow_stays_whole),
            cmocka_unit_test_setup_teardown(
                    test_a_manifest_reaches_every_block_of_its_model, set_up, tear_down),
            cmocka_unit_test_setup_teardown(
                    test_parents_come_before_their_children, set_up, tear_down),
            cmocka_unit_test_setup_teardown(
                    test_plain_content_reaches_itself_only, set_up, tear_down),
            cmocka_unit_test_setup_teardown(test_leaves_are_not_read, set_up, tear_down),
            cmocka_unit_test_setup_teardown(
                    test_a_block_that_cannot_be_read_is_a_failure_or_told, set_up, tear_down),
            cmocka_unit_test_setup_teardown(
                    test_what_is_beside_a_lost_block_is_reached, set_up, tear_down),
            cmocka_unit_test_setup_teardown(
                    test_a_lost_manifest_is_taken_from_the_record, set_up, tear_down),
            cmocka_unit_test_setup_teardown(
                    test_a_damaged_manifest_is_told_before_the_record_leads_on, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
