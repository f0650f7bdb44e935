/* Paths, one a line: an accepted one has none of the properties that do harm, looked for here in the
 * plainest way; its folded key is the key of itself; and no two names of a folder share a key. */
#include <assert.h>
#include <string.h>

#include "codec/path.h"
#include "codec/path_twins.h"
#include "codec/text.h"
#include "memory_limit.h"

/* The tree of names lies in an arena, which grows by blocks of up to this size, and a name of one byte costs
 * two nodes in it, so that two bytes of input may become 128. */
#define ARENA_BLOCK_SIZE ((size_t)64 * 1024)
#define NODES_FACTOR 64

static void check_accepted(ms_span path)
{
    assert(path.size > 0 && path.size <= MS_PATH_SIZE_MAX);
    assert(ms_utf8_is_valid((const char *)path.data, path.size, NULL));
    assert(path.data[0] != '/' && path.data[path.size - 1] != '/' && path.data[0] != '-');
    for (size_t i = 0; i < path.size; i++) {
        const uint8_t byte = path.data[i];

        assert(byte >= 0x20 && byte != 0x7f && byte != '\\' && byte != ':');
        if (byte == '/')
            assert(path.data[i + 1] != '/' && path.data[i - 1] != '.' && path.data[i - 1] != ' ');
    }
}

static void check_refused(const ms_error *err)
{
    assert(strncmp(err->reason, "path_", 5) == 0);
    for (const char *at = err->message; *at != '\0'; at++)
        assert((unsigned char)*at >= 0x20 && *at != 0x7f);
    assert(strstr(err->message, "\xe2\x80\xae") == NULL);
}

static void check_fold(ms_span text)
{
    ms_buffer once;
    ms_buffer twice;
    ms_status status;

    ms_buffer_init(&once, 1 << 16);
    ms_buffer_init(&twice, 1 << 16);
    status = ms_path_fold(text, &once, NULL);
    assert((status == MS_OK) ==
            (text.size <= MS_PATH_SIZE_MAX &&
                    ms_utf8_is_valid((const char *)text.data, text.size, NULL)));
    if (status == MS_OK && once.size <= MS_PATH_SIZE_MAX) {
        assert(ms_path_fold(ms_buffer_span(&once), &twice, NULL) == MS_OK);
        assert(ms_span_equal(ms_buffer_span(&once), ms_buffer_span(&twice)));
    }
    ms_buffer_release(&once);
    ms_buffer_release(&twice);
}

static void check_line(ms_span line, ms_path_twins *twins)
{
    ms_error err = MS_ERROR_INIT;

    check_fold(line);
    if (ms_path_check(line, &err) == MS_OK)
        check_accepted(line);
    else
        check_refused(&err);
    if (ms_path_check_name(line, NULL) != MS_OK)
        return;
    /* Whether it is new or not, a second time it is there. */
    (void)!ms_path_twins_add(twins, line, NULL);
    assert(ms_path_twins_add(twins, line, &err) == MS_MALFORMED);
}

static void check_input(const uint8_t *data, size_t size)
{
    ms_path_twins twins;

    ms_path_twins_init(&twins);
    for (size_t start = 0, end; start <= size; start = end + 1) {
        for (end = start; end < size && data[end] != '\n';)
            end++;
        if (end > start)
            check_line(ms_span_of(data + start, end - start), &twins);
    }
    ms_path_twins_release(&twins);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, ARENA_BLOCK_SIZE + NODES_FACTOR * size);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
