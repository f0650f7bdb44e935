/* The disk that power cuts are taken from: what each sync makes durable, and that a sync which is
 * missing is seen. Programs are small sequences of calls of platform/, recorded as they happen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doubles/recording_sys.h"
#include "doubles/temporary_folder.h"
#include "platform/file.h"
#include "platform/folder.h"
#include "platform/sqlite_vfs.h"
#include "platform/sys.h"
#include "powercut/disk.h"

#define RANDOM_CUTS 200

/* The tree and the log beside it. */
struct taken {
    char tree[512];
    char log[512];
    struct disk *disk;
};

static void start(struct taken *taken, const temporary_folder *folder)
{
    (void)snprintf(taken->tree, sizeof(taken->tree), "%s/tree", folder->path);
    (void)snprintf(taken->log, sizeof(taken->log), "%s/log", folder->path);
    if (access(taken->tree, F_OK) != 0)
        assert_int_equal(mkdir(taken->tree, 0755), 0);
    taken->disk = disk_new(taken->tree);
}

/* Run the program in a process of its own and read what it did. */
static void take(struct taken *taken, const temporary_folder *folder, int (*program)(void *payload))
{
    start(taken, folder);
    assert_int_equal(child_run(program, taken), 0);
    assert_true(disk_add_log(taken->disk, taken->log));
    disk_cut all = {.at = disk_event_count(taken->disk), .loss = DISK_KEEPS_ALL};
    disk_state *state = disk_state_new(taken->disk, &all);
    assert_true(disk_state_matches(state, taken->tree));
    disk_state_free(state);
}

static int begin(const struct taken *taken)
{
    int fd = open(taken->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    recording_start(taken->log, taken->tree);
    return fd;
}

static int make_file(int dirfd, const char *name)
{
    return ms_sys_openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
}

/* The content of a file in the state of a cut as text; "-" when it is not there. */
static const char *content(const struct taken *taken, const disk_cut *cut, const char *path)
{
    static char text[64];
    disk_state *state = disk_state_new(taken->disk, cut);
    size_t size = 0;
    const uint8_t *data = disk_state_file(state, path, &size);
    (void)snprintf(text, sizeof(text), "%.*s", data == NULL ? 1 : (int)size,
            data == NULL ? "-" : (const char *)data);
    disk_state_free(state);
    return text;
}

static const char *content_of(const struct taken *taken, disk_loss loss, const char *path)
{
    disk_cut cut = {.at = disk_event_count(taken->disk), .loss = loss};
    return content(taken, &cut, path);
}

/* Whether a cut of any kind at the end leaves something else than text under the name. */
static bool is_lost_by_some_cut(const struct taken *taken, const char *path, const char *text)
{
    disk_cut cut = {.at = disk_event_count(taken->disk)};
    size_t units = disk_unit_count(taken->disk, cut.at);
    for (int loss = 0; loss < DISK_LOSSES; loss++) {
        cut.loss = (disk_loss)loss;
        for (cut.unit = 0; cut.unit < units + 1; cut.unit++)
            if (strcmp(content(taken, &cut, path), text) != 0)
                return true;
    }
    cut.loss = DISK_KEEPS_ANY;
    for (cut.seed = 1; cut.seed <= RANDOM_CUTS; cut.seed++)
        if (strcmp(content(taken, &cut, path), text) != 0)
            return true;
    return false;
}

static void release(struct taken *taken)
{
    disk_free(taken->disk);
}

/* ---- the right order, and what is missing from it ---- */

typedef struct replacing {
    bool file_sync;
    bool folder_sync;
} replacing;

static int replace_with(const struct taken *taken, replacing how)
{
    int folder = begin(taken);
    int fd = make_file(folder, "temporary");
    if (ms_sys_write(fd, "new", 3) != 3 || (how.file_sync && ms_sys_fsync(fd) != 0) ||
            ms_sys_close(fd) != 0 || ms_sys_renameat(folder, "temporary", folder, "file") != 0)
        return 1;
    return how.folder_sync && ms_sys_fsync(folder) != 0;
}

static int replace_well(void *payload)
{
    return replace_with(payload, (replacing){.file_sync = true, .folder_sync = true});
}

static int replace_without_file_sync(void *payload)
{
    return replace_with(payload, (replacing){.folder_sync = true});
}

static int replace_without_folder_sync(void *payload)
{
    return replace_with(payload, (replacing){.file_sync = true});
}

static void test_file_that_was_written_synced_renamed_and_synced_survives_every_cut(void **state)
{
    struct taken taken;
    take(&taken, *state, replace_well);
    assert_false(is_lost_by_some_cut(&taken, "file", "new"));
    assert_int_equal(disk_unit_count(taken.disk, disk_event_count(taken.disk)), 0);
    release(&taken);
}

static void test_missing_sync_of_a_file_leaves_an_empty_file_under_a_durable_name(void **state)
{
    struct taken taken;
    take(&taken, *state, replace_without_file_sync);
    assert_string_equal(content_of(&taken, DISK_KEEPS_NOTHING, "file"), "");
    assert_string_equal(content_of(&taken, DISK_LOSES_BYTES, "file"), "");
    assert_true(is_lost_by_some_cut(&taken, "file", "new"));
    release(&taken);
}

static void test_missing_sync_of_a_folder_leaves_the_old_name(void **state)
{
    struct taken taken;
    temporary_folder *folder = *state;
    (void)mkdir(temporary_path(folder, "tree"), 0755);
    temporary_write(folder, "tree/file", "old", 3);
    take(&taken, folder, replace_without_folder_sync);
    assert_string_equal(content_of(&taken, DISK_KEEPS_NOTHING, "file"), "old");
    assert_string_equal(content_of(&taken, DISK_LOSES_NAMES, "file"), "old");
    assert_string_equal(content_of(&taken, DISK_KEEPS_ALL, "file"), "new");
    assert_true(is_lost_by_some_cut(&taken, "file", "new"));
    release(&taken);
}

static void test_every_cut_within_a_replacement_leaves_the_old_or_the_new_file(void **state)
{
    struct taken taken;
    temporary_folder *folder = *state;
    disk_cut cut = {0};
    (void)mkdir(temporary_path(folder, "tree"), 0755);
    temporary_write(folder, "tree/file", "old", 3);
    take(&taken, folder, replace_well);
    for (cut.at = 0; cut.at <= disk_event_count(taken.disk); cut.at++) {
        for (cut.seed = 0; cut.seed < RANDOM_CUTS; cut.seed++) {
            cut.loss = (disk_loss)(cut.seed % DISK_LOSSES);
            const char *found = content(&taken, &cut, "file");
            if (strcmp(found, "old") != 0 && strcmp(found, "new") != 0)
                fail_msg("%s: '%s'", disk_describe(taken.disk, &cut), found);
        }
    }
    release(&taken);
}

static int make_in_new_folder(void *payload)
{
    int top = begin(payload);
    if (ms_sys_mkdirat(top, "folder", 0755) != 0)
        return 1;
    int folder = ms_sys_openat(top, "folder", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    int fd = make_file(folder, "file");
    return ms_sys_write(fd, "new", 3) != 3 || ms_sys_fsync(fd) != 0 || ms_sys_fsync(folder) != 0;
}

static void test_file_in_a_folder_whose_own_name_was_not_synced_is_lost(void **state)
{
    struct taken taken;
    take(&taken, *state, make_in_new_folder);
    assert_string_equal(content_of(&taken, DISK_KEEPS_NOTHING, "folder/file"), "-");
    assert_string_equal(content_of(&taken, DISK_KEEPS_ALL, "folder/file"), "new");
    release(&taken);
}

static int create_and_sync_alone(void *payload)
{
    int folder = begin(payload);
    int fd = make_file(folder, "file");
    return ms_sys_write(fd, "new", 3) != 3 || ms_sys_fsync(fd) != 0;
}

static void test_sync_of_a_file_does_not_make_its_name_durable(void **state)
{
    struct taken taken;
    take(&taken, *state, create_and_sync_alone);
    assert_string_equal(content_of(&taken, DISK_KEEPS_NOTHING, "file"), "-");
    release(&taken);
}

static int sync_all_before_rename(void *payload)
{
    int folder = begin(payload);
    int fd = make_file(folder, "synced");
    if (ms_sys_write(fd, "new", 3) != 3 || ms_sys_syncfs(folder) != 0)
        return 1;
    return ms_sys_renameat(folder, "synced", folder, "renamed");
}

static void test_syncfs_covers_what_was_before_it_and_nothing_after(void **state)
{
    struct taken taken;
    take(&taken, *state, sync_all_before_rename);
    assert_string_equal(content_of(&taken, DISK_KEEPS_NOTHING, "synced"), "new");
    assert_string_equal(content_of(&taken, DISK_KEEPS_NOTHING, "renamed"), "-");
    assert_string_equal(content_of(&taken, DISK_KEEPS_ALL, "renamed"), "new");
    release(&taken);
}

/* ---- names ---- */

static int swap_and_remove(void *payload)
{
    int folder = begin(payload);
    if (ms_sys_mkdirat(folder, "aside", 0755) != 0)
        return 1;
    int fd = make_file(folder, "aside/new");
    if (ms_sys_write(fd, "new", 3) != 3 || ms_sys_syncfs(folder) != 0)
        return 1;
    if (ms_sys_renameat2(folder, "aside/new", folder, "file", MS_SYS_RENAME_EXCHANGE) != 0)
        return 1;
    return ms_sys_unlinkat(folder, "aside/new", 0);
}

/* The second sync succeeds, and brings "tail" to the disk alone. */
static int write_over_a_failed_sync(void *payload)
{
    int folder = begin(payload);
    int fd = make_file(folder, "file");
    recording_fail_sync(1, 0);
    if (ms_sys_write(fd, "lost", 4) != 4 || ms_sys_fsync(fd) == 0 || errno != EIO)
        return 1;
    return ms_sys_write(fd, "tail", 4) != 4 || ms_sys_fsync(fd) != 0 || ms_sys_fsync(folder) != 0;
}

static void test_bytes_that_a_sync_has_lost_are_on_no_disk_whatever_is_synced_later(void **state)
{
    struct taken taken;
    take(&taken, *state, write_over_a_failed_sync);
    const disk_cut end = {.at = disk_event_count(taken.disk), .loss = DISK_KEEPS_NOTHING};
    disk_state *after = disk_state_new(taken.disk, &end);
    size_t size = 0;
    const uint8_t *bytes = disk_state_file(after, "file", &size);
    assert_int_equal(size, 8);
    assert_memory_equal(bytes, "\0\0\0\0tail", 8);
    disk_state_free(after);
    assert_string_equal(content_of(&taken, DISK_KEEPS_ALL, "file"), "losttail");
    assert_string_equal(content_of(&taken, DISK_FORGETS, "file"), "");
    release(&taken);
}

/* All of the file system, of which one file is written again. */
static int write_again_what_was_lost(void *payload)
{
    int folder = begin(payload);
    int again = make_file(folder, "again");
    int lost = make_file(folder, "lost");
    recording_fail_sync(1, 0);
    if (ms_sys_write(again, "text", 4) != 4 || ms_sys_write(lost, "text", 4) != 4 ||
            ms_sys_syncfs(folder) == 0)
        return 1;
    return ms_sys_pwrite(again, "text", 4, 0) != 4 || ms_sys_syncfs(folder) != 0;
}

static void test_bytes_that_are_written_again_after_a_failed_sync_are_there(void **state)
{
    struct taken taken;
    take(&taken, *state, write_again_what_was_lost);
    assert_false(is_lost_by_some_cut(&taken, "again", "text"));
    assert_true(is_lost_by_some_cut(&taken, "lost", "text"));
    release(&taken);
}

/* The next process reads around the page cache, or has it forgotten. */
static int read_after_a_failed_sync(void *payload)
{
    const struct taken *taken = payload;
    char disk[600];
    char bytes[4];
    (void)snprintf(disk, sizeof(disk), "%s-disk", taken->tree);
    int folder = begin(taken);
    recording_read_disk(taken->tree, disk);
    int fd = ms_sys_openat(folder, "file", O_RDWR | O_CLOEXEC, 0);
    if (ms_sys_pread(fd, bytes, 4, 0) != 4 || memcmp(bytes, "lost", 4) != 0)
        return 1;
    if (ms_sys_fcntl_setfl(fd, O_DIRECT) != 0 || ms_sys_pread(fd, bytes, 4, 0) != 4 ||
            memcmp(bytes, "\0\0\0\0", 4) != 0)
        return 2;
    if (ms_sys_fcntl_setfl(fd, 0) != 0 || ms_sys_posix_fadvise(fd, 0, 0, MS_SYS_ADVICE_DROP) != 0)
        return 3;
    return ms_sys_pread(fd, bytes, 4, 0) != 4 || memcmp(bytes, "\0\0\0\0", 4) != 0 ? 4 : 0;
}

static void test_what_a_sync_has_lost_is_seen_around_the_cache_and_once_it_is_forgotten(void **state)
{
    temporary_folder *folder = *state;
    struct taken taken;
    char disk[600];
    take(&taken, folder, write_over_a_failed_sync);
    const disk_cut now = {.at = disk_event_count(taken.disk), .loss = DISK_FORGETS};
    disk_state *lost = disk_state_new(taken.disk, &now);
    (void)snprintf(disk, sizeof(disk), "%s-disk", taken.tree);
    disk_state_write(lost, disk);
    disk_state_free(lost);
    assert_int_equal(unlink(taken.log), 0);
    assert_int_equal(child_run(read_after_a_failed_sync, &taken), 0);
    assert_true(disk_add_log(taken.disk, taken.log));
    const disk_cut all = {.at = disk_event_count(taken.disk), .loss = DISK_KEEPS_ALL};
    disk_state *state_now = disk_state_new(taken.disk, &all);
    assert_true(disk_state_matches(state_now, taken.tree));
    disk_state_free(state_now);
    release(&taken);
}

static void test_exchange_is_there_as_a_whole_or_not_at_all(void **state)
{
    struct taken taken;
    temporary_folder *folder = *state;
    (void)mkdir(temporary_path(folder, "tree"), 0755);
    temporary_write(folder, "tree/file", "old", 3);
    take(&taken, folder, swap_and_remove);
    disk_cut cut = {.at = disk_event_count(taken.disk), .loss = DISK_KEEPS_ANY};
    bool seen_old = false;
    bool seen_new = false;
    for (cut.seed = 0; cut.seed < RANDOM_CUTS; cut.seed++) {
        bool is_new = strcmp(content(&taken, &cut, "file"), "new") == 0;
        const char *aside = content(&taken, &cut, "aside/new");
        /* The removal needs the exchange: without it the name still leads to the new file. */
        assert_true(is_new ? strcmp(aside, "new") != 0 : strcmp(aside, "new") == 0);
        seen_old = seen_old || !is_new;
        seen_new = seen_new || is_new;
    }
    assert_true(seen_old && seen_new);
    release(&taken);
}

static int move_between_folders(void *payload)
{
    int folder = begin(payload);
    if (ms_sys_renameat(folder, "from/file", folder, "to/file") != 0)
        return 1;
    int to = ms_sys_openat(folder, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    return ms_sys_fsync(to);
}

static void test_sync_of_the_target_folder_makes_both_sides_of_a_rename_durable(void **state)
{
    struct taken taken;
    temporary_folder *folder = *state;
    (void)mkdir(temporary_path(folder, "tree"), 0755);
    (void)mkdir(temporary_path(folder, "tree/from"), 0755);
    (void)mkdir(temporary_path(folder, "tree/to"), 0755);
    temporary_write(folder, "tree/from/file", "text", 4);
    take(&taken, folder, move_between_folders);
    assert_string_equal(content_of(&taken, DISK_KEEPS_NOTHING, "to/file"), "text");
    assert_string_equal(content_of(&taken, DISK_KEEPS_NOTHING, "from/file"), "-");
    release(&taken);
}

static int link_and_remove(void *payload)
{
    int folder = begin(payload);
    return ms_sys_linkat(folder, "file", folder, "second", 0) != 0 ||
           ms_sys_unlinkat(folder, "file", 0) != 0;
}

static void test_removed_name_may_come_back_and_a_new_link_may_be_missing(void **state)
{
    struct taken taken;
    temporary_folder *folder = *state;
    (void)mkdir(temporary_path(folder, "tree"), 0755);
    temporary_write(folder, "tree/file", "text", 4);
    take(&taken, folder, link_and_remove);
    assert_string_equal(content_of(&taken, DISK_KEEPS_NOTHING, "file"), "text");
    disk_cut cut = {.at = disk_event_count(taken.disk), .loss = DISK_LOSES_ONE, .unit = 0};
    assert_string_equal(content(&taken, &cut, "second"), "-");
    assert_string_equal(content(&taken, &cut, "file"), "-"); /* both of them, so nothing is left */
    release(&taken);
}

/* ---- bytes ---- */

static int write_sectors(void *payload)
{
    static char data[4 * 4096];
    int folder = begin(payload);
    int fd = make_file(folder, "file");
    memset(data, 'a', sizeof(data));
    if (ms_sys_pwrite(fd, data, sizeof(data), 0) != sizeof(data) || ms_sys_fsync(fd) != 0 ||
            ms_sys_fsync(folder) != 0)
        return 1;
    memset(data, 'b', sizeof(data));
    if (ms_sys_pwrite(fd, data, sizeof(data), 0) != sizeof(data))
        return 1;
    return ms_sys_pwrite(fd, data, sizeof(data), 2 * sizeof(data)) != sizeof(data);
}

static void test_unsynced_bytes_tear_between_sectors_only(void **state)
{
    struct taken taken;
    bool torn = false;
    take(&taken, *state, write_sectors);
    disk_cut cut = {.at = disk_event_count(taken.disk), .loss = DISK_KEEPS_ANY};
    for (cut.seed = 0; cut.seed < RANDOM_CUTS; cut.seed++) {
        disk_state *left = disk_state_new(taken.disk, &cut);
        size_t size = 0;
        const uint8_t *data = disk_state_file(left, "file", &size);
        assert_non_null(data);
        assert_true(size >= 4 * 4096 && size <= 12 * 4096);
        for (size_t i = 1; i < size; i++) {
            bool in_old = i < 4 * 4096;
            assert_true(data[i] == 'b' || data[i] == (in_old ? 'a' : 0));
            torn = torn || (in_old && data[i] != data[i - 1]);
            if (i % 512 != 0)
                assert_int_equal(data[i], data[i - 1]);
        }
        disk_state_free(left);
    }
    assert_true(torn);
    release(&taken);
}

static void test_size_may_be_there_before_the_bytes(void **state)
{
    struct taken taken;
    take(&taken, *state, write_sectors);
    disk_cut cut = {.at = disk_event_count(taken.disk), .loss = DISK_LOSES_DATA};
    disk_state *left = disk_state_new(taken.disk, &cut);
    size_t size = 0;
    const uint8_t *data = disk_state_file(left, "file", &size);
    assert_int_equal(size, 12 * 4096);
    assert_int_equal(data[0], 'a');
    assert_int_equal(data[4 * 4096], 0);
    assert_int_equal(data[size - 1], 0);
    disk_state_free(left);
    release(&taken);
}

static int change_sizes(void *payload)
{
    int folder = begin(payload);
    int fd = ms_sys_openat(folder, "file", O_RDWR | O_CLOEXEC, 0);
    int added = ms_sys_openat(folder, "added", O_WRONLY | O_APPEND | O_CLOEXEC, 0);
    int cut = ms_sys_openat(folder, "cut", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    return fd < 0 || cut < 0 || ms_sys_ftruncate(fd, 2) != 0 ||
           ms_sys_fallocate(fd, 0, 0, 6) != 0 || ms_sys_write(added, "+", 1) != 1 ||
           ms_sys_fchmod(fd, 0600) != 0;
}

static void test_truncation_allocation_appending_and_modes_are_recorded(void **state)
{
    struct taken taken;
    temporary_folder *folder = *state;
    (void)mkdir(temporary_path(folder, "tree"), 0755);
    temporary_write(folder, "tree/file", "text", 4);
    temporary_write(folder, "tree/added", "text", 4);
    temporary_write(folder, "tree/cut", "text", 4);
    take(&taken, folder, change_sizes); /* which compares with the real folder */
    assert_string_equal(content_of(&taken, DISK_KEEPS_ALL, "added"), "text+");
    assert_string_equal(content_of(&taken, DISK_KEEPS_ALL, "cut"), "");
    assert_string_equal(content_of(&taken, DISK_KEEPS_NOTHING, "cut"), "text");
    release(&taken);
}

static void test_written_state_is_the_state(void **state)
{
    struct taken taken;
    temporary_folder *folder = *state;
    take(&taken, folder, make_in_new_folder);
    disk_cut cut = {.at = disk_event_count(taken.disk), .loss = DISK_KEEPS_ALL};
    disk_state *left = disk_state_new(taken.disk, &cut);
    disk_state_write(left, temporary_path(folder, "written"));
    assert_true(disk_state_matches(left, temporary_path(folder, "written")));
    temporary_write(folder, "written/folder/file", "neu", 3);
    assert_false(disk_state_matches(left, temporary_path(folder, "written")));
    disk_state_free(left);
    release(&taken);
}

/* ---- what is built on it ---- */

static int replace_small_file(void *payload)
{
    int folder = begin(payload);
    return ms_file_replace(folder, "file", ms_span_of("new", 3), 0644, NULL) != MS_OK;
}

static void test_replaced_small_file_survives_every_cut(void **state)
{
    struct taken taken;
    take(&taken, *state, replace_small_file);
    assert_false(is_lost_by_some_cut(&taken, "file", "new"));
    release(&taken);
}

static int make_folders(void *payload)
{
    int folder = begin(payload);
    return ms_folder_make_all(folder, "a/b", 0755, NULL) != MS_OK ||
           ms_file_replace(folder, "a/b/file", ms_span_of("new", 3), 0644, NULL) != MS_OK;
}

static unsigned killed_before;

static int make_folders_and_die(void *payload)
{
    recording_signal(killed_before, SIGKILL);
    return make_folders(payload);
}

static void test_folders_made_by_a_process_that_was_killed_survive_once_they_are_used(void **state)
{
    temporary_folder *folder = *state;
    for (killed_before = 1; killed_before <= 5; killed_before++) {
        struct taken taken;
        start(&taken, folder);
        assert_int_equal(child_run(make_folders_and_die, &taken), 256 + SIGKILL);
        assert_int_equal(child_run(make_folders, &taken), 0);
        assert_true(disk_add_log(taken.disk, taken.log));
        assert_false(is_lost_by_some_cut(&taken, "a/b/file", "new"));
        release(&taken);
        disk_remove_tree(taken.tree);
        assert_int_equal(unlink(taken.log), 0);
    }
}

#define ROWS 20

static int commit_rows(void *payload)
{
    const struct taken *taken = payload;
    char path[600];
    sqlite3 *database = NULL;
    (void)close(begin(taken));
    (void)snprintf(path, sizeof(path), "%s/rows.db", taken->tree);
    if (ms_sqlite_open(&database, path, true, false, 1000, NULL) != MS_OK ||
            sqlite3_exec(database, "CREATE TABLE row (id INTEGER PRIMARY KEY, text BLOB)", NULL,
                    NULL, NULL) != SQLITE_OK)
        return 1;
    for (int i = 0; i < ROWS; i++) {
        if (sqlite3_exec(database, "INSERT INTO row (text) VALUES (randomblob(3000))", NULL, NULL,
                    NULL) != SQLITE_OK)
            return 1;
        recording_mark("row");
    }
    ms_sqlite_close(database);
    return 0;
}

/* Rows in the database that a cut leaves, -1 when it is damaged. */
static int count_rows(void *payload)
{
    const char *path = payload;
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    int count = 255;
    if (ms_sqlite_open(&database, path, false, false, 1000, NULL) != MS_OK)
        return 0;
    if (sqlite3_prepare_v2(database, "SELECT count(*) FROM row", -1, &statement, NULL) ==
                    SQLITE_OK &&
            sqlite3_step(statement) == SQLITE_ROW)
        count = sqlite3_column_int(statement, 0);
    else if (strstr(sqlite3_errmsg(database), "no such table") != NULL)
        count = 0;
    sqlite3_finalize(statement);
    statement = NULL;
    if (count > 0 && count != 255 &&
            (sqlite3_prepare_v2(database, "PRAGMA integrity_check", -1, &statement, NULL) !=
                            SQLITE_OK ||
                    sqlite3_step(statement) != SQLITE_ROW ||
                    strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0))
        count = 255;
    sqlite3_finalize(statement);
    ms_sqlite_close(database);
    return count;
}

static void test_committed_rows_of_a_database_survive_every_cut(void **state)
{
    struct taken taken;
    temporary_folder *folder = *state;
    char path[600];
    take(&taken, folder, commit_rows);
    (void)snprintf(path, sizeof(path), "%s/cut/rows.db", folder->path);
    for (uint64_t seed = 0; seed < RANDOM_CUTS; seed++) {
        disk_cut cut = {.at = (size_t)(seed * 7919 % (disk_event_count(taken.disk) + 1)),
                .loss = (disk_loss)(seed % DISK_LOSSES),
                .unit = (size_t)seed % 5,
                .seed = seed};
        size_t committed = disk_marks_before(taken.disk, "row", cut.at);
        disk_state *left = disk_state_new(taken.disk, &cut);
        disk_state_write(left, temporary_path(folder, "cut"));
        disk_state_free(left);
        int found = child_run(count_rows, path);
        if (found < (int)committed || found > (int)committed + 1)
            fail_msg("%zu rows were committed and %d are there: %s", committed, found,
                    disk_describe(taken.disk, &cut));
    }
    release(&taken);
}

/* ---- two processes, and a process that is killed ---- */

static int write_twice_and_die(void *payload)
{
    int folder = begin(payload);
    recording_signal(4, SIGKILL); /* create, write, create */
    for (int i = 0; i < 3; i++) {
        char name[8];
        (void)snprintf(name, sizeof(name), "%d", i);
        int fd = make_file(folder, name);
        (void)ms_sys_write(fd, name, 1);
    }
    return 0;
}

static void test_process_is_killed_before_the_call_that_was_named(void **state)
{
    struct taken taken;
    temporary_folder *folder = *state;
    start(&taken, folder);
    assert_int_equal(child_run(write_twice_and_die, &taken), 256 + SIGKILL);
    assert_true(disk_add_log(taken.disk, taken.log));
    assert_int_equal(disk_event_count(taken.disk), 3);
    assert_string_equal(content_of(&taken, DISK_KEEPS_ALL, "0"), "0");
    assert_string_equal(content_of(&taken, DISK_KEEPS_ALL, "1"), "");
    release(&taken);
}

static int go_on(void *payload)
{
    int folder = begin(payload);
    recording_mark("second");
    return ms_sys_unlinkat(folder, "1", 0);
}

static void test_log_is_that_of_all_processes_in_their_order(void **state)
{
    struct taken taken;
    temporary_folder *folder = *state;
    start(&taken, folder);
    assert_int_equal(child_run(write_twice_and_die, &taken), 256 + SIGKILL);
    assert_int_equal(child_run(go_on, &taken), 0);
    assert_true(disk_add_log(taken.disk, taken.log));
    assert_int_equal(disk_mark(taken.disk, "second", 0), 4);
    assert_int_equal(disk_marks_before(taken.disk, "second", 4), 1);
    assert_string_equal(content_of(&taken, DISK_KEEPS_ALL, "1"), "-");
    assert_string_equal(content_of(&taken, DISK_KEEPS_ALL, "0"), "0");
    release(&taken);
}

static int map_for_writing(void *payload)
{
    int folder = begin(payload);
    int fd = ms_sys_openat(folder, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (freopen("/dev/null", "w", stderr) == NULL)
        return 1;
    (void)ms_sys_mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0);
    return 0;
}

static void test_writing_through_a_mapping_is_refused(void **state)
{
    struct taken taken;
    temporary_folder *folder = *state;
    start(&taken, folder);
    assert_int_equal(child_run(map_for_writing, &taken), 256 + SIGABRT);
    release(&taken);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, temporary_folder_setup, temporary_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_file_that_was_written_synced_renamed_and_synced_survives_every_cut),
            TEST(test_missing_sync_of_a_file_leaves_an_empty_file_under_a_durable_name),
            TEST(test_missing_sync_of_a_folder_leaves_the_old_name),
            TEST(test_every_cut_within_a_replacement_leaves_the_old_or_the_new_file),
            TEST(test_file_in_a_folder_whose_own_name_was_not_synced_is_lost),
            TEST(test_sync_of_a_file_does_not_make_its_name_durable),
            TEST(test_syncfs_covers_what_was_before_it_and_nothing_after),
            TEST(test_bytes_that_a_sync_has_lost_are_on_no_disk_whatever_is_synced_later),
            TEST(test_bytes_that_are_written_again_after_a_failed_sync_are_there),
            TEST(test_what_a_sync_has_lost_is_seen_around_the_cache_and_once_it_is_forgotten),
            TEST(test_exchange_is_there_as_a_whole_or_not_at_all),
            TEST(test_sync_of_the_target_folder_makes_both_sides_of_a_rename_durable),
            TEST(test_removed_name_may_come_back_and_a_new_link_may_be_missing),
            TEST(test_unsynced_bytes_tear_between_sectors_only),
            TEST(test_size_may_be_there_before_the_bytes),
            TEST(test_truncation_allocation_appending_and_modes_are_recorded),
            TEST(test_written_state_is_the_state),
            TEST(test_replaced_small_file_survives_every_cut),
            TEST(test_folders_made_by_a_process_that_was_killed_survive_once_they_are_used),
            TEST(test_committed_rows_of_a_database_survive_every_cut),
            TEST(test_process_is_killed_before_the_call_that_was_named),
            TEST(test_log_is_that_of_all_processes_in_their_order),
            TEST(test_writing_through_a_mapping_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
