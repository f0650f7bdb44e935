/* Cursors of lists. Neither a model id nor a number nor an address has an '@', so the text is cut
 * at the last two. */
#include "registry/list_cursor.h"

#include <string.h>

#include "base/bounded.h"
#include "registry/version_number.h"

static const char *last_at(const char *text, size_t size)
{
    while (size > 0) {
        size--;
        if (text[size] == '@')
            return text + size;
    }
    return NULL;
}

static bool parse(ms_list_cursor *cursor, const char *text)
{
    size_t size = strlen(text);
    const char *address = last_at(text, size);
    const char *version = address == NULL ? NULL : last_at(text, (size_t)(address - text));
    size_t id_size;

    if (version == NULL)
        return false;
    id_size = (size_t)(version - text);
    if (ms_model_id_check(text, id_size, NULL) != MS_OK ||
            ms_version_parse(&cursor->version, version + 1, (size_t)(address - version - 1),
                    NULL) != MS_OK ||
            ms_address_parse(&cursor->publisher, address + 1, size - (size_t)(address - text) - 1,
                    NULL) != MS_OK)
        return false;
    memcpy(cursor->model_id, text, id_size);
    cursor->model_id[id_size] = '\0';
    return true;
}

ms_status ms_list_cursor_parse(ms_list_cursor *cursor, const char *text, ms_error *err)
{
    memset(cursor, 0, sizeof(*cursor));
    if (text == NULL || parse(cursor, text))
        return MS_OK;
    memset(cursor, 0, sizeof(*cursor));
    return ms_fail(err, MS_USAGE, "cursor_malformed",
            "This is not a cursor that a list gave out: it ends a page as ID@VERSION@0xPUBLISHER");
}

const char *ms_list_cursor_format(const ms_list_cursor *cursor, ms_arena *arena)
{
    char address[MS_ADDRESS_TEXT_SIZE];

    ms_address_format(address, &cursor->publisher);
    return ms_arena_printf(arena, "%s@%u@%s", cursor->model_id, cursor->version, address);
}

void ms_list_cursor_set(ms_list_cursor *cursor, const ms_record *record)
{
    (void)ms_bounded_copy(cursor->model_id, sizeof(cursor->model_id), record->model_id);
    cursor->publisher = record->publisher;
    cursor->version = record->version;
}
