/* What stands at an output is replaced by the model or stays, whatever others do meanwhile, whatever fails, and however little
 * the file system can do with names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "model_storage.h"
#include "unit/model/home.h"

#define PARTIAL(name) "out/." name ".model-storage-partial"
#define FILE_SIZE 100000
#define WHOLE "weights/whole.bin"
#define CHANGED "weights/changed.bin"

/* Files of the model, each of one byte over and over. */
static const struct {
    const char *name;
    char byte;
} model_files[] = {{"config.json", 'c'}, {CHANGED, 'n'}, {WHOLE, 'w'}};

static void write_filled(const temporary_folder *folder, const char *name, char byte)
{
    char content[FILE_SIZE];
    memset(content, byte, sizeof(content));
    temporary_write(folder, name, content, sizeof(content));
}

static bool is_filled(const temporary_folder *folder, const char *name, char byte)
{
    char content[FILE_SIZE + 1];
    if (temporary_read(folder, name, content, sizeof(content)) != FILE_SIZE)
        return false;
    for (size_t i = 0; i < FILE_SIZE; i++)
        if (content[i] != byte)
            return false;
    return true;
}

static ms_status store(const temporary_folder *folder, ms_storage *storage, const char *name, const char *model_id)
{
    ms_store_options options = MS_STORE_OPTIONS_INIT;
    ms_operation *operation = NULL;
    options.path = temporary_path(folder, name);
    options.model_id = model_id;
    const ms_status status = ms_model_store(&operation, storage, &options, NULL, NULL);
    ms_operation_free(operation);
    return status;
}

static ms_storage *begin(const temporary_folder *folder)
{
    char name[64];
    ms_storage *storage = open_home(folder);
    assert_int_equal(mkdirat(folder->fd, "model", 0755), 0);
    assert_int_equal(mkdirat(folder->fd, "model/weights", 0755), 0);
    assert_int_equal(mkdirat(folder->fd, "out", 0755), 0);
    for (size_t i = 0; i < MS_ARRAY_COUNT(model_files); i++) {
        snprintf(name, sizeof(name), "model/%s", model_files[i].name);
        write_filled(folder, name, model_files[i].byte);
    }
    assert_int_equal(store(folder, storage, "model", "m"), MS_OK);
    faulty_reset();
    return storage;
}

static void expect_model(const temporary_folder *folder, const char *output)
{
    char name[64];
    for (size_t i = 0; i < MS_ARRAY_COUNT(model_files); i++) {
        snprintf(name, sizeof(name), "%s/%s", output, model_files[i].name);
        if (!is_filled(folder, name, model_files[i].byte))
            fail_msg("%s is not what it is in the model", name);
    }
}

static ms_operation *start_retrieve(const temporary_folder *folder, ms_storage *storage, const char *output, bool force)
{
    ms_retrieve_options options = MS_RETRIEVE_OPTIONS_INIT;
    ms_operation_options how = MS_OPERATION_OPTIONS_INIT;
    ms_operation *operation = NULL;
    how.jobs = 1;
    options.ref = "m";
    options.output = temporary_path(folder, output);
    options.force = force;
    assert_int_equal(ms_model_retrieve_start(&operation, storage, &options, &how, NULL), MS_OK);
    return operation;
}

static ms_status retrieve(
        const temporary_folder *folder, ms_storage *storage, const char *output, bool force, ms_error *err)
{
    ms_operation *operation = start_retrieve(folder, storage, output, force);
    const ms_status status = ms_operation_finish(operation, err);
    ms_operation_free(operation);
    return status;
}

static void cannot_share(void)
{
    faulty_fail_always(FAULTY_clone, EOPNOTSUPP);
    faulty_fail_always(FAULTY_clone_range, EOPNOTSUPP);
}

/* An older copy of which one file differs; the other two get a second name. */
static ms_storage *begin_over_a_copy(const temporary_folder *folder)
{
    ms_storage *storage = begin(folder);
    assert_int_equal(retrieve(folder, storage, "out/m", false, NULL), MS_OK);
    write_filled(folder, "out/m/" CHANGED, 'o');
    faulty_reset();
    cannot_share();
    return storage;
}

static void end(ms_storage *storage)
{
    faulty_reset();
    ms_storage_close(storage);
}

static int setup(void **state)
{
    faulty_reset();
    return temporary_folder_setup(state);
}

/* A new folder for the next round of a test. */
static temporary_folder *renew(void **state)
{
    assert_int_equal(temporary_folder_teardown(state), 0);
    assert_int_equal(setup(state), 0);
    return *state;
}

/* Others at work in the older copy. */

static void write_in_place(void *payload)
{
    const temporary_folder *folder = payload;
    const int fd = openat(folder->fd, "out/m/" WHOLE, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "evil", 4, 1000), 4);
    close(fd);
}

static void rename_over(void *payload)
{
    const temporary_folder *folder = payload;
    write_filled(folder, "evil", 'e');
    assert_int_equal(renameat(folder->fd, "evil", folder->fd, "out/m/" WHOLE), 0);
}

/* A folder on the way becomes a link to another one. */
static void lead_astray(void *payload)
{
    const temporary_folder *folder = payload;
    assert_int_equal(mkdirat(folder->fd, "evil", 0755), 0);
    write_filled(folder, "evil/whole.bin", 'e');
    assert_int_equal(renameat(folder->fd, "out/m/weights", folder->fd, "aside"), 0);
    assert_int_equal(symlinkat("../../evil", folder->fd, "out/m/weights"), 0);
}

static void test_a_whole_file_gets_a_second_name(void **state)
{
    temporary_folder *folder = *state;
    ms_storage *storage = begin_over_a_copy(folder);
    assert_int_equal(retrieve(folder, storage, "out/m", true, NULL), MS_OK);
    assert_int_equal(faulty_count(FAULTY_linkat), 2);
    expect_model(folder, "out/m");
    end(storage);
}

/* Second names are given in the order of the model: config.json, weights/whole.bin. */
static void test_a_file_that_takes_the_place_of_a_whole_one_gets_no_second_name(void **state)
{
    static void (*const acts[])(void *payload) = {rename_over, lead_astray, write_in_place};
    temporary_folder *folder = *state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(acts); i++) {
        ms_storage *storage = begin_over_a_copy(folder);
        faulty_interfere(FAULTY_linkat, 2, acts[i], folder);
        assert_int_equal(retrieve(folder, storage, "out/m", true, NULL), MS_OK);
        assert_int_equal(faulty_count(FAULTY_linkat), 2);
        expect_model(folder, "out/m");
        end(storage);
        folder = renew(state);
    }
}

/* A name that should not have been given and cannot be taken away again: nothing is written through it. */
static void test_a_second_name_that_cannot_be_taken_away_is_not_written_to(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    ms_storage *storage = begin_over_a_copy(folder);
    faulty_interfere(FAULTY_linkat, 2, rename_over, folder);
    /* Each of the two whole files: what an earlier run may have left, and what was made for the clone. */
    faulty_fail(FAULTY_unlinkat, 5, EIO);
    assert_int_equal(retrieve(folder, storage, "out/m", true, &error), MS_IO);
    assert_true(faulty_fired());
    assert_string_equal(error.reason, "remove_failed");
    assert_true(is_filled(folder, "out/m/" WHOLE, 'e'));
    end(storage);
}

/* Up to the last look nothing is replaced; after the names were exchanged it is told. */
static void test_a_whole_file_that_changes_later_is_never_a_success(void **state)
{
    static const faulty_call moments[] = {FAULTY_syncfs, FAULTY_renameat2};
    temporary_folder *folder = *state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(moments); i++) {
        ms_error error = MS_ERROR_INIT;
        ms_storage *storage = begin_over_a_copy(folder);
        faulty_interfere(moments[i], 1, write_in_place, folder);
        assert_int_equal(retrieve(folder, storage, "out/m", true, &error), MS_INTEGRITY);
        assert_string_equal(error.reason, "output_changed");
        assert_non_null(strstr(error.path, WHOLE));
        assert_true(is_filled(folder, "out/m/" CHANGED, moments[i] == FAULTY_syncfs ? 'o' : 'n'));
        faulty_reset();
        cannot_share();
        assert_int_equal(retrieve(folder, storage, "out/m", true, &error), MS_OK);
        expect_model(folder, "out/m");
        assert_int_equal(temporary_count(folder, "out"), 1);
        end(storage);
        folder = renew(state);
    }
}

/* Replacing in two steps. */

/* The call itself is made. */
static void fail_renames_from_here_on(void *payload)
{
    (void)payload;
    faulty_fail_always(FAULTY_renameat, EIO);
}

static void expect_kept_aside(temporary_folder *folder, const char *output, const char *replaced)
{
    char mine[64];
    ms_error error = MS_ERROR_INIT;
    ms_storage *storage = begin(folder);
    snprintf(mine, sizeof(mine), "%s/mine", output);
    assert_int_equal(mkdirat(folder->fd, output, 0755), 0);
    write_filled(folder, mine, 'm');
    faulty_fail_always(FAULTY_renameat2, EINVAL);
    faulty_interfere(FAULTY_renameat, 2, fail_renames_from_here_on, NULL);
    assert_int_equal(retrieve(folder, storage, output, true, &error), MS_IO);
    assert_non_null(strstr(error.hint, "/replaced"));
    snprintf(mine, sizeof(mine), "%s/mine", replaced);
    assert_true(is_filled(folder, mine, 'm'));
    faulty_reset();
    /* The next run puts it back. */
    assert_int_equal(retrieve(folder, storage, output, false, &error), MS_USAGE);
    assert_string_equal(error.reason, "output_exists");
    snprintf(mine, sizeof(mine), "%s/mine", output);
    assert_true(is_filled(folder, mine, 'm'));
    assert_int_equal(retrieve(folder, storage, output, true, NULL), MS_OK);
    assert_int_equal(temporary_count(folder, "out"), 1);
    end(storage);
}

static void test_what_a_tree_could_not_replace_stays_aside(void **state)
{
    expect_kept_aside(*state, "out/m", PARTIAL("m") "/replaced");
}

static void test_what_an_archive_could_not_replace_stays_aside(void **state)
{
    expect_kept_aside(*state, "out/m.tar", PARTIAL("m.tar") "/replaced");
}

/* As of a folder that a file system is mounted at. */
static void test_what_cannot_be_moved_aside_is_named_and_stays(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    ms_storage *storage = begin(folder);
    assert_int_equal(mkdirat(folder->fd, "out/m", 0755), 0);
    write_filled(folder, "out/m/mine", 'm');
    faulty_fail_always(FAULTY_renameat2, EBUSY);
    faulty_fail(FAULTY_renameat, 2, EBUSY);
    assert_int_equal(retrieve(folder, storage, "out/m", true, &error), MS_IO);
    assert_string_equal(error.reason, "output_kept");
    assert_non_null(strstr(error.message, "out/m cannot be replaced"));
    assert_true(is_filled(folder, "out/m/mine", 'm'));
    end(storage);
}

static void kill_self(void *payload)
{
    (void)payload;
    raise(SIGKILL);
}

/* How little the file system can do: no exchange of names, no rename that keeps, no hard links either. */
typedef enum names { NAMES_NO_EXCHANGE, NAMES_NO_FLAGS, NAMES_NO_LINKS, NAMES_COUNT } names;

static void refuse(names lacking)
{
    cannot_share();
    if (lacking != NAMES_NO_EXCHANGE)
        faulty_fail_always(FAULTY_renameat2, EINVAL);
    if (lacking == NAMES_NO_LINKS)
        faulty_fail_always(FAULTY_linkat, EPERM);
}

typedef struct killed {
    const temporary_folder *folder;
    names lacking;
} killed;

static int replace_half(void *payload)
{
    const killed *run = payload;
    ms_storage *storage = open_home(run->folder);
    faulty_reset();
    refuse(run->lacking);
    if (run->lacking == NAMES_NO_EXCHANGE)
        faulty_fail(FAULTY_renameat2, 1, EINVAL);
    /* Content is made ready, the old copy is moved aside, and now content would get its name. */
    faulty_interfere(FAULTY_renameat, 3, kill_self, NULL);
    (void)!retrieve(run->folder, storage, "out/m", true, NULL);
    return 0;
}

static void test_a_replacement_killed_half_way_goes_on(void **state)
{
    temporary_folder *folder = *state;
    for (names lacking = 0; lacking < NAMES_COUNT; lacking++) {
        ms_error error = MS_ERROR_INIT;
        killed run = {.lacking = lacking};
        ms_storage *storage = begin_over_a_copy(folder);
        run.folder = folder;
        assert_int_equal(child_run(replace_half, &run), 256 + SIGKILL);
        assert_int_equal(faccessat(folder->fd, "out/m", F_OK, 0), -1);
        faulty_reset();
        refuse(lacking);
        if (retrieve(folder, storage, "out/m", true, &error) != MS_OK)
            fail_msg("%d: %s (%s)", (int)lacking, error.message, error.reason);
        expect_model(folder, "out/m");
        assert_int_equal(temporary_count(folder, "out"), 1);
        end(storage);
        folder = renew(state);
    }
}

static void kill_at_next_call(void *payload)
{
    (void)payload;
    faulty_kill(1);
}

static int replace_and_no_more(void *payload)
{
    const temporary_folder *folder = payload;
    ms_storage *storage = open_home(folder);
    faulty_reset();
    faulty_interfere(FAULTY_renameat2, 1, kill_at_next_call, NULL);
    (void)!retrieve(folder, storage, "out/m", true, NULL);
    return 0;
}

/* Killed once the names were exchanged: what stood there is no beginning of what comes next. */
static void test_what_was_replaced_is_never_gone_on_with(void **state)
{
    temporary_folder *folder = *state;
    ms_storage *storage = begin_over_a_copy(folder);
    write_filled(folder, "out/m/mine", 'm');
    assert_int_equal(child_run(replace_and_no_more, folder), 256 + SIGKILL);
    expect_model(folder, "out/m");
    write_filled(folder, "out/m/" CHANGED, 'o');
    assert_int_equal(retrieve(folder, storage, "out/m", true, NULL), MS_OK);
    expect_model(folder, "out/m");
    assert_int_equal(temporary_count(folder, "out/m"), 2);
    assert_int_equal(temporary_count(folder, "out"), 1);
    end(storage);
}

/* Without --force it is put back and compared: it may be what is wanted. */
static void test_what_a_killed_replacement_moved_aside_is_compared(void **state)
{
    temporary_folder *folder = *state;
    ms_storage *storage = begin(folder);
    assert_int_equal(retrieve(folder, storage, "out/m", false, NULL), MS_OK);
    assert_int_equal(mkdirat(folder->fd, PARTIAL("m"), 0700), 0);
    assert_int_equal(renameat(folder->fd, "out/m", folder->fd, PARTIAL("m") "/replaced"), 0);
    assert_int_equal(retrieve(folder, storage, "out/m", false, NULL), MS_OK);
    expect_model(folder, "out/m");
    assert_int_equal(temporary_count(folder, "out"), 1);
    end(storage);
}

static void test_names_that_the_file_system_can_hardly_give(void **state)
{
    temporary_folder *folder = *state;
    for (names lacking = 0; lacking < NAMES_COUNT; lacking++) {
        ms_error error = MS_ERROR_INIT;
        ms_storage *storage = begin(folder);
        refuse(lacking);
        assert_int_equal(store(folder, storage, "model/config.json", "file"), MS_OK);
        write_filled(folder, "model/more", 'x');
        assert_int_equal(store(folder, storage, "model", "more"), MS_OK);
        if (retrieve(folder, storage, "out/m", false, &error) != MS_OK)
            fail_msg("%d: %s (%s)", (int)lacking, error.message, error.reason);
        expect_model(folder, "out/m");
        assert_int_equal(retrieve(folder, storage, "out/m.tar", false, &error), MS_OK);
        write_filled(folder, "out/m/" CHANGED, 'o');
        assert_int_equal(retrieve(folder, storage, "out/m", true, &error), MS_OK);
        expect_model(folder, "out/m");
        assert_int_equal(temporary_count(folder, "out"), 2);
        end(storage);
        folder = renew(state);
    }
}

static void make_folder(void *payload)
{
    const temporary_folder *folder = payload;
    assert_int_equal(mkdirat(folder->fd, "out/m", 0755), 0);
    write_filled(folder, "out/m/mine", 'm');
}

static void make_archive(void *payload)
{
    write_filled(payload, "out/m.tar", 'm');
}

static void expect_kept(temporary_folder *folder, ms_storage *storage, const char *output, void (*make)(void *payload))
{
    ms_error error = MS_ERROR_INIT;
    faulty_interfere(FAULTY_renameat2, 1, make, folder);
    assert_int_equal(retrieve(folder, storage, output, false, &error), MS_USAGE);
    assert_string_equal(error.reason, "output_exists");
}

static void test_an_output_that_appears_is_kept(void **state)
{
    temporary_folder *folder = *state;
    for (int refuses = 0; refuses < 2; refuses++) {
        ms_storage *storage = begin(folder);
        if (refuses)
            refuse(NAMES_NO_LINKS);
        expect_kept(folder, storage, "out/m", make_folder);
        assert_true(is_filled(folder, "out/m/mine", 'm'));
        assert_int_equal(temporary_count(folder, "out/m"), 1);
        expect_kept(folder, storage, "out/m.tar", make_archive);
        assert_true(is_filled(folder, "out/m.tar", 'm'));
        end(storage);
        folder = renew(state);
    }
}

/* Going on. */

static int retrieve_until_sync(void *payload)
{
    const temporary_folder *folder = payload;
    ms_storage *storage = open_home(folder);
    faulty_reset();
    faulty_interfere(FAULTY_syncfs, 1, kill_self, NULL);
    (void)!retrieve(folder, storage, "out/m", false, NULL);
    return 0;
}

static void cancel(void *payload)
{
    ms_operation *operation;
    while ((operation = atomic_load((_Atomic(ms_operation *) *)payload)) == NULL)
        continue;
    ms_operation_cancel(operation);
}

/* Stopped once the unfinished output was opened, and before anything in it was looked at. */
static void test_a_run_that_is_stopped_at_once_throws_nothing_away(void **state)
{
    temporary_folder *folder = *state;
    _Atomic(ms_operation *) stopped = NULL;
    ms_storage *storage = begin(folder);
    assert_int_equal(child_run(retrieve_until_sync, folder), 256 + SIGKILL);
    cannot_share();
    faulty_interfere(FAULTY_fstatvfs, 1, cancel, &stopped);
    ms_operation *operation = start_retrieve(folder, storage, "out/m", false);
    atomic_store(&stopped, operation);
    assert_int_equal(ms_operation_finish(operation, NULL), MS_INTERRUPTED);
    ms_operation_free(operation);
    faulty_reset();
    operation = start_retrieve(folder, storage, "out/m", false);
    assert_int_equal(ms_operation_finish(operation, NULL), MS_OK);
    assert_int_equal(ms_operation_retrieve_result(operation)->fetched_bytes, 0);
    ms_operation_free(operation);
    expect_model(folder, "out/m");
    end(storage);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_a_whole_file_gets_a_second_name),
            TEST(test_a_file_that_takes_the_place_of_a_whole_one_gets_no_second_name),
            TEST(test_a_second_name_that_cannot_be_taken_away_is_not_written_to),
            TEST(test_a_whole_file_that_changes_later_is_never_a_success),
            TEST(test_what_a_tree_could_not_replace_stays_aside),
            TEST(test_what_an_archive_could_not_replace_stays_aside),
            TEST(test_what_cannot_be_moved_aside_is_named_and_stays),
            TEST(test_a_replacement_killed_half_way_goes_on),
            TEST(test_what_was_replaced_is_never_gone_on_with),
            TEST(test_what_a_killed_replacement_moved_aside_is_compared),
            TEST(test_names_that_the_file_system_can_hardly_give),
            TEST(test_an_output_that_appears_is_kept),
            TEST(test_a_run_that_is_stopped_at_once_throws_nothing_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
