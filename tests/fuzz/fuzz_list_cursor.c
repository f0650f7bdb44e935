/* Texts that name records: cursor of a list, model id, address and version number. What is accepted is
 * written again as a text that means the same, and of cursors, versions and addresses as that text. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory_limit.h"
#include "registry/list_cursor.h"
#include "registry/version_number.h"

static void check_version(const char *text, size_t size)
{
    uint32_t version;
    ms_error err = MS_ERROR_INIT;
    char again[16];

    if (ms_version_parse(&version, text, size, &err) != MS_OK) {
        assert(version == 0 && err.offset >= 0 && (size_t)err.offset <= size);
        return;
    }
    (void)snprintf(again, sizeof(again), "%u", version);
    assert(version >= 1 && strlen(again) == size && memcmp(again, text, size) == 0);
}

static void check_address(const char *text, size_t size)
{
    ms_address address;
    ms_address same;
    char again[MS_ADDRESS_TEXT_SIZE];
    bool lower = true;
    bool upper = true;

    if (ms_address_parse(&address, text, size, NULL) != MS_OK) {
        assert(ms_address_is_zero(&address));
        return;
    }
    ms_address_format(again, &address);
    assert(size == MS_ADDRESS_TEXT_SIZE - 1);
    assert(ms_address_parse(&same, again, size, NULL) == MS_OK);
    assert(ms_address_equal(&address, &same));
    for (size_t i = 2; i < size; i++) {
        lower = lower && !(text[i] >= 'A' && text[i] <= 'F');
        upper = upper && !(text[i] >= 'a' && text[i] <= 'f');
    }
    /* A text of mixed case is the one that has the checksum. */
    assert(lower || upper || memcmp(again, text, size) == 0);
}

static void check_model_id(const char *text, size_t size)
{
    ms_error err = MS_ERROR_INIT;

    if (ms_model_id_check(text, size, &err) != MS_OK) {
        assert(strncmp(err.reason, "model_id_", 9) == 0);
        return;
    }
    assert(size >= 1 && size <= MS_MODEL_ID_SIZE_MAX && memchr(text, '@', size) == NULL);
    assert(text[0] != '/' && text[size - 1] != '/');
}

static void check_cursor(const char *text)
{
    ms_list_cursor cursor;
    ms_list_cursor again;
    ms_arena arena;
    const char *written;

    if (ms_list_cursor_parse(&cursor, text, NULL) != MS_OK) {
        assert(cursor.model_id[0] == '\0' && cursor.version == 0);
        return;
    }
    ms_arena_init(&arena, 4096);
    written = ms_list_cursor_format(&cursor, &arena);
    assert(written != NULL && ms_list_cursor_parse(&again, written, NULL) == MS_OK);
    assert(strcmp(again.model_id, cursor.model_id) == 0 && again.version == cursor.version);
    assert(ms_address_equal(&again.publisher, &cursor.publisher));
    /* But for the case of the address it is that text. */
    assert(strlen(written) == strlen(text));
    assert(memcmp(written, text, strlen(text) - (MS_ADDRESS_TEXT_SIZE - 1)) == 0);
    ms_arena_release(&arena);
}

static void check_input(const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + 1);

    assert(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    check_version(text, size);
    check_address(text, size);
    check_model_id(text, size);
    check_cursor(text);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
