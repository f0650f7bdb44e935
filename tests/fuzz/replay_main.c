/* Runs a fuzz target once on every file named, and on every file below every folder named, without
 * a fuzzing engine. Prints TAP: one test case, which fails when there was nothing to run. */
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory_limit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long executions;
static char current[4096]; /* the file that runs now */

/* A failed oracle aborts; the report then names the file. */
static void on_abort(int number)
{
    static const char text[] = "not ok 1 - fuzz " FUZZ_NAME ": ";

    (void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
    (void)!write(STDOUT_FILENO, current, strlen(current));
    (void)!write(STDOUT_FILENO, "\n", 1);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static int give_up(const char *what, const char *path)
{
    printf("not ok 1 - fuzz " FUZZ_NAME ": cannot %s %s\n", what, path);
    return 1;
}

/* The input gets memory of exactly its size, so that a sanitizer sees the first byte too far. */
static int run_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size > 0 ? size : 1);
    size_t got = 0;

    if (file != NULL && data != NULL)
        got = fread(data, 1, size, file);
    if (file != NULL)
        (void)fclose(file);
    if (file == NULL || data == NULL || got != size) {
        free(data);
        return give_up("read", path);
    }
    (void)snprintf(current, sizeof(current), "%s", path);
    (void)LLVMFuzzerTestOneInput(data, size);
    executions++;
    free(data);
    return 0;
}

static int run_path(const char *path)
{
    struct dirent **entries;
    struct stat info;
    int failed = 0;
    int count;

    if (stat(path, &info) != 0)
        return give_up("find", path);
    if (!S_ISDIR(info.st_mode))
        return run_file(path, (size_t)info.st_size);
    count = scandir(path, &entries, NULL, alphasort);
    if (count < 0)
        return give_up("list", path);
    for (int i = 0; i < count; i++) {
        char child[4096];

        if (!failed && entries[i]->d_name[0] != '.') {
            int length = snprintf(child, sizeof(child), "%s/%s", path, entries[i]->d_name);

            failed = length < 0 || (size_t)length >= sizeof(child) ? give_up("name", path)
                                                                   : run_path(child);
        }
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;

    (void)signal(SIGABRT, on_abort);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    printf("1..1\n");
    if (argc < 2)
        failed = run_path(FUZZ_CORPUS);
    for (int i = 1; i < argc && !failed; i++)
        failed = run_path(argv[i]);
    if (failed)
        return 1;
    /* A target that does not measure its memory, or nothing to run at all, is a failure. */
    failed = executions == 0 || memory_limit_ends() != executions;
    printf("%sok 1 - fuzz " FUZZ_NAME ": %lu executions\n", failed ? "not " : "", executions);
    return failed;
}
