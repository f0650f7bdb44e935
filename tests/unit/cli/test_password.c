/* Where passwords come from: private files, descriptors, and a person at a terminal of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doubles/temporary_folder.h"
#include "password.h"

#define SIZE_MAX_HERE 8

typedef struct answer {
    ms_status status;
    char password[SIZE_MAX_HERE + 1];
    size_t size;
    ms_error err;
} answer;

static answer read_file(const temporary_folder *folder, const char *name)
{
    const cli_password_source source = {.file = temporary_path(folder, name)};
    answer found = {.err = MS_ERROR_INIT, .size = 99};

    found.status = cli_password_read(&source, false, found.password, SIZE_MAX_HERE, &found.size, &found.err);
    return found;
}

static void test_one_newline_at_the_end_is_no_part_of_a_password(void **state)
{
    const temporary_folder *folder = *state;
    static const struct {
        const char *content, *password;
    } rows[] = {
            {"secret", "secret"},
            {"secret\n", "secret"},
            {"secret\r\n", "secret"},
            {"secret\n\n", "secret\n"},
            {" s t ", " s t "},
            {"a\nb\n", "a\nb"},
            {"\n", ""},
            {"", ""},
            {"12345678", "12345678"},   /* all that fits */
            {"12345678\n", "12345678"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        temporary_write(folder, "password", rows[i].content, strlen(rows[i].content));
        assert_int_equal(chmod(temporary_path(folder, "password"), 0600), 0);
        answer found = read_file(folder, "password");
        assert_int_equal(found.status, MS_OK);
        assert_int_equal(found.size, strlen(rows[i].password));
        assert_memory_equal(found.password, rows[i].password, found.size);
    }
}

static void test_a_password_that_does_not_fit_is_refused(void **state)
{
    const temporary_folder *folder = *state;

    temporary_write(folder, "password", "123456789", 9);
    assert_int_equal(chmod(temporary_path(folder, "password"), 0600), 0);
    answer found = read_file(folder, "password");
    assert_int_equal(found.status, MS_USAGE);
    assert_string_equal(found.err.reason, "password_size");
    assert_int_equal(found.password[SIZE_MAX_HERE], 0);
}

static void expect_refused(const temporary_folder *folder, const char *name, const char *what)
{
    answer found = read_file(folder, name);

    assert_int_equal(found.status, MS_KEY);
    assert_string_equal(found.err.reason, "password_file");
    assert_non_null(strstr(found.err.message, what));
    assert_string_equal(found.err.path, temporary_path(folder, name));
    assert_int_equal(found.size, 0);
}

static void test_a_password_file_is_ours_private_and_regular(void **state)
{
    const temporary_folder *folder = *state;
    static const mode_t loose[] = {0640, 0604, 0620, 0610, 0601};

    expect_refused(folder, "none", "No such file");
    assert_int_equal(mkdir(temporary_path(folder, "folder"), 0700), 0);
    expect_refused(folder, "folder", "is no regular file");
    assert_int_equal(mkfifo(temporary_path(folder, "pipe"), 0600), 0);
    expect_refused(folder, "pipe", "is no regular file"); /* and nobody waits for a writer */
    temporary_write(folder, "password", "secret", 6);
    for (size_t i = 0; i < sizeof(loose) / sizeof(loose[0]); i++) {
        assert_int_equal(chmod(temporary_path(folder, "password"), loose[i]), 0);
        expect_refused(folder, "password", "can be read by others");
    }
    assert_int_equal(chmod(temporary_path(folder, "password"), 0400), 0);
    assert_int_equal(read_file(folder, "password").status, MS_OK);
}

static void test_somebody_elses_password_file_is_refused(void **state)
{
    const temporary_folder *folder = *state;

    if (geteuid() != 0)
        skip(); /* only root can give a file away */
    temporary_write(folder, "password", "secret", 6);
    assert_int_equal(chmod(temporary_path(folder, "password"), 0600), 0);
    assert_int_equal(chown(temporary_path(folder, "password"), 12345, (gid_t)-1), 0);
    expect_refused(folder, "password", "belongs to someone else");
}

static answer read_descriptor(int number, bool was_open, bool is_new)
{
    const cli_password_source source = {.fd = {.is_set = true, .was_open = was_open, .number = number}};
    answer found = {.err = MS_ERROR_INIT};

    assert_true(cli_password_is_named(&source));
    found.status = cli_password_read(&source, is_new, found.password, SIZE_MAX_HERE, &found.size, &found.err);
    return found;
}

static void test_a_descriptor_is_read_to_its_end_and_left_open(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "sec", 3), 3);
    assert_int_equal(write(ends[1], "ret\n", 4), 4);
    close(ends[1]);
    answer found = read_descriptor(ends[0], true, true);
    assert_int_equal(found.status, MS_OK);
    assert_int_equal(found.size, 6);
    assert_memory_equal(found.password, "secret", 6);
    assert_int_equal(close(ends[0]), 0);

    found = read_descriptor(ends[0], true, false); /* closed by now */
    assert_int_equal(found.status, MS_IO);
    assert_int_equal(found.err.os_errno, EBADF);
    assert_string_equal(found.err.reason, "password_read");
    assert_false(cli_password_is_named(&(cli_password_source){0}));
}

static void test_a_descriptor_that_was_closed_at_the_start_is_not_read(void **state)
{
    int ends[2]; /* one of ours has the number by now */
    char byte;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    answer found = read_descriptor(ends[0], false, true);
    assert_int_equal(found.status, MS_IO);
    assert_string_equal(found.err.reason, "password_read");
    assert_int_equal(found.err.os_errno, EBADF);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
}

/* What came to nothing is no wish for a key without a password. */
static void test_a_new_password_from_a_file_or_descriptor_is_not_empty(void **state)
{
    const temporary_folder *folder = *state;
    static const char *const contents[] = {"", "\n", "\r\n"};
    const cli_password_source source = {.file = temporary_path(folder, "password")};
    int ends[2];

    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        answer found = {.err = MS_ERROR_INIT};

        temporary_write(folder, "password", contents[i], strlen(contents[i]));
        assert_int_equal(chmod(source.file, 0600), 0);
        found.status = cli_password_read(&source, true, found.password, SIZE_MAX_HERE, &found.size, &found.err);
        assert_int_equal(found.status, MS_KEY);
        assert_string_equal(found.err.reason, "password_empty");
        assert_string_equal(found.err.path, source.file);
        assert_non_null(strstr(found.err.hint, "--no-password"));
    }
    assert_int_equal(pipe(ends), 0);
    close(ends[1]);
    answer found = read_descriptor(ends[0], true, true);
    assert_int_equal(found.status, MS_KEY);
    assert_string_equal(found.err.reason, "password_empty");
    close(ends[0]);
}

/* A person: what is typed at each prompt, and a process whose terminal the test holds. */
typedef struct person {
    const char *lines[3]; /* typed when the next ": " is shown; NULL = none */
    bool is_new;
    bool has_terminal;
} person;

static void ask_in_child(const person *who, const char *terminal, int report)
{
    answer found = {.err = MS_ERROR_INIT};

    (void)setsid();
    if (who->has_terminal) {
        int fd = open(terminal, O_RDWR);
        (void)ioctl(fd, TIOCSCTTY, 0);
    }
    found.status = cli_password_ask("the \x1b key", who->is_new, found.password, SIZE_MAX_HERE, &found.size, &found.err);
    _exit(write(report, &found, sizeof(found)) == (ssize_t)sizeof(found) ? 0 : 1);
}

/* What the terminal shows goes to shown. */
static void type(int master, const person *who, char *shown, size_t shown_max)
{
    size_t size = 0;
    size_t asked = 0;

    for (;;) {
        struct pollfd ready = {.fd = master, .events = POLLIN};
        ssize_t got;

        assert_int_equal(poll(&ready, 1, 10000), 1);
        got = read(master, shown + size, shown_max - 1 - size);
        if (got <= 0)
            break; /* nobody has the terminal open any more */
        size += (size_t)got;
        shown[size] = '\0';
        if (size >= 2 && strcmp(shown + size - 2, ": ") == 0 && who->lines[asked] != NULL) {
            const char *line = who->lines[asked++];
            assert_int_equal(write(master, line, strlen(line)), strlen(line));
        }
    }
}

static answer ask(const person *who, char *shown, size_t shown_max)
{
    answer found = {.status = MS_INTERNAL};
    int ends[2];
    int ended = 0;
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    shown[0] = '\0';
    assert_int_equal(pipe(ends), 0);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        ask_in_child(who, ptsname(master), ends[1]);
    close(ends[1]);
    if (who->has_terminal)
        type(master, who, shown, shown_max);
    assert_int_equal(read(ends[0], &found, sizeof(found)), sizeof(found));
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
    close(ends[0]);
    close(master);
    return found;
}

static void test_a_person_is_asked_without_showing_what_is_typed(void **state)
{
    const person who = {.lines = {"secret\n"}, .has_terminal = true};
    char shown[512];
    answer found = ask(&who, shown, sizeof(shown));

    (void)state;
    assert_int_equal(found.status, MS_OK);
    assert_int_equal(found.size, 6);
    assert_memory_equal(found.password, "secret", 6);
    assert_string_equal(shown, "Password for the \\x1b key: \r\n");
}

static void test_a_new_password_is_typed_twice_alike(void **state)
{
    static const struct {
        person who;
        ms_status status;
        const char *reason;
        size_t size;
    } rows[] = {
            {{.lines = {"secret\n", "secret\n"}, .is_new = true}, MS_OK, "", 6},
            {{.lines = {"secret\n", "secreT\n"}, .is_new = true}, MS_KEY, "password_differs", 6},
            {{.lines = {"secret\n", "secre\n"}, .is_new = true}, MS_KEY, "password_differs", 6},
            {{.lines = {"secret\n", "secrets\n"}, .is_new = true}, MS_KEY, "password_differs", 6},
            {{.lines = {"\n"}, .is_new = true}, MS_OK, "", 0}, /* none is wanted: not asked again */
            {{.lines = {"12345678\n", "12345678\n"}, .is_new = true}, MS_OK, "", 8},
            {{.lines = {"123456789\n"}, .is_new = true}, MS_USAGE, "password_size", 8},
            {{.lines = {"\004"}, .is_new = false}, MS_INTERRUPTED, "interrupted", 0}, /* end of input */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        person who = rows[i].who;
        char shown[512];

        who.has_terminal = true;
        answer found = ask(&who, shown, sizeof(shown));
        if (found.status != rows[i].status || strcmp(found.err.reason, rows[i].reason) != 0)
            fail_msg("row %zu: %d %s (%s)", i, (int)found.status, found.err.message, shown);
        assert_int_equal(found.size, rows[i].size);
    }
}

static void test_without_a_terminal_the_other_ways_are_named(void **state)
{
    const person who = {.has_terminal = false};
    char shown[8];
    answer found = ask(&who, shown, sizeof(shown));

    (void)state;
    assert_int_equal(found.status, MS_KEY);
    assert_string_equal(found.err.reason, "password_needed");
    assert_non_null(strstr(found.err.hint, "--password-file"));
}

static void test_wiping_leaves_nothing(void **state)
{
    char password[SIZE_MAX_HERE] = "secret";
    const char nothing[SIZE_MAX_HERE] = {0};

    (void)state;
    cli_password_wipe(password, sizeof(password));
    assert_memory_equal(password, nothing, sizeof(nothing));
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, temporary_folder_setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            IN_FOLDER(test_one_newline_at_the_end_is_no_part_of_a_password),
            IN_FOLDER(test_a_password_that_does_not_fit_is_refused),
            IN_FOLDER(test_a_password_file_is_ours_private_and_regular),
            IN_FOLDER(test_somebody_elses_password_file_is_refused),
            IN_FOLDER(test_a_descriptor_is_read_to_its_end_and_left_open),
            IN_FOLDER(test_a_descriptor_that_was_closed_at_the_start_is_not_read),
            IN_FOLDER(test_a_new_password_from_a_file_or_descriptor_is_not_empty),
            IN_FOLDER(test_a_person_is_asked_without_showing_what_is_typed),
            IN_FOLDER(test_a_new_password_is_typed_twice_alike),
            IN_FOLDER(test_without_a_terminal_the_other_ways_are_named),
            IN_FOLDER(test_wiping_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
