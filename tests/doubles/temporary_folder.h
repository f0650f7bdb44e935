/* A folder of its own for each test, and children that run part of a test. The teardown fails when
 * the test left a descriptor open. */
#ifndef DOUBLES_TEMPORARY_FOLDER_H
#define DOUBLES_TEMPORARY_FOLDER_H

#include <stdint.h>
#include <stddef.h>

typedef struct temporary_folder {
    char path[128]; /* absolute */
    int fd;
    unsigned descriptors_before;
} temporary_folder;

/** For cmocka_unit_test_setup_teardown; *state is a temporary_folder. */
int temporary_folder_setup(void **state);
int temporary_folder_teardown(void **state);

/** "<folder>/<name>" in memory that the next eight calls leave alone. */
const char *temporary_path(const temporary_folder *folder, const char *name);
/** Make or replace a file without any function that is under test. */
void temporary_write(
        const temporary_folder *folder, const char *name, const void *data, size_t size);
/** The content of a file (at most size bytes); its size, or -1 when there is no such file. */
long temporary_read(const temporary_folder *folder, const char *name, void *data, size_t size);
/** Number of names in the folder (sub is "." or a folder in it). */
unsigned temporary_count(const temporary_folder *folder, const char *sub);

/** Run in a child: its exit code, or 256 + the signal that ended it. */
int child_run(int (*run)(void *payload), void *payload);
/** The same as an unprivileged user, so that permissions count when the tests run as root. */
int child_run_unprivileged(int (*run)(void *payload), void *payload);

#endif
