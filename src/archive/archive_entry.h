/* One entry of a foreign archive, as the tar reader and the zip reader both report it. */
#ifndef MS_ARCHIVE_ARCHIVE_ENTRY_H
#define MS_ARCHIVE_ARCHIVE_ENTRY_H

#include "base/buffer.h"

/** Lives until the next call on its reader. */
typedef struct ms_archive_entry {
    ms_span path;    /* as found, less a leading "./" and the trailing slash of a folder: not checked */
    bool is_folder;  /* everything else that is reported is a plain file */
    bool size_known; /* a zip made as a stream tells sizes only behind the content */
    uint64_t size;   /* bytes of content when known */
} ms_archive_entry;

/** Take the "./" before a path and the slash behind a folder's away. Whether what is left is the root
 *  of the archive itself, which names nothing. */
bool ms_archive_entry_trim(ms_archive_entry *entry);

#endif
