/* The names of tests/vectors/names/names.txt in memory, for every test that sends names somewhere.
 * Header only; asserts through cmocka, which must be included before. */
#ifndef MS_DOUBLES_HOSTILE_NAMES_H
#define MS_DOUBLES_HOSTILE_NAMES_H

#include <stdbool.h>

#include "doubles/written_bytes.h"

#define HOSTILE_NAMES_MAX 1000

typedef struct hostile_name {
    const char *text; /* NUL terminated behind size bytes; may hold NUL */
    size_t size;
    const char *reason; /* of ms_path_check; NULL: accepted */
} hostile_name;

typedef struct hostile_names {
    hostile_name rows[HOSTILE_NAMES_MAX];
    size_t count;
} hostile_names;

static inline void hostile_names_load(hostile_names *names)
{
    written_table table;

    names->count = 0;
    written_open(&table, MS_TEST_VECTORS "/names/names.txt");
    while (written_next(&table)) {
        const char *reason = written_word(&table);
        written_bytes bytes;

        assert_true(names->count < HOSTILE_NAMES_MAX);
        written_read(&table, &bytes);
        written_append(&bytes, "", 1);
        names->rows[names->count++] = (hostile_name){
                .text = (const char *)bytes.data,
                .size = bytes.size - 1,
                .reason = strcmp(reason, "ok") == 0 ? NULL : strdup(reason),
        };
    }
    written_close(&table);
    assert_true(names->count >= 350);
}

static inline void hostile_names_release(hostile_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free((char *)(uintptr_t)names->rows[i].text);
        free((char *)(uintptr_t)names->rows[i].reason);
    }
    names->count = 0;
}

#endif
