/* One entry of a foreign archive: the two spellings of every packer that path rules need not know. */
#include "archive/archive_entry.h"

bool ms_archive_entry_trim(ms_archive_entry *entry)
{
    ms_span *path = &entry->path;
    /* "tar -C folder -cf x.tar ." is how most archives are made: every name starts with "./". */
    if (path->size >= 2 && path->data[0] == '.' && path->data[1] == '/')
        *path = ms_span_of(path->data + 2, path->size - 2);
    else if (path->size == 1 && path->data[0] == '.' && entry->is_folder)
        *path = ms_span_of(path->data + 1, 0);
    else if (path->size == 0)
        return false;
    if (path->size == 0)
        return entry->is_folder;
    if (entry->is_folder && path->size > 1 && path->data[path->size - 1] == '/')
        path->size--;
    return false;
}
