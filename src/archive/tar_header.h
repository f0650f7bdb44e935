/* Header blocks of the tar archives we write: ustar where it can say it, a pax header where not.
 * They depend on path, kind and size alone, so the same tree gives the same bytes everywhere. */
#ifndef MS_ARCHIVE_TAR_HEADER_H
#define MS_ARCHIVE_TAR_HEADER_H

#include "base/buffer.h"

/** Greatest size that the ustar field holds: 11 octal digits. */
#define MS_TAR_USTAR_SIZE_MAX UINT64_C(077777777777)
/** Bytes of all blocks before the content of one entry, for a path of at most 1,025 bytes. */
#define MS_TAR_HEADER_SIZE_MAX 4096

/** Append the header blocks of one entry: one block, or three and more when a pax header is needed.
 *  in  path       UTF-8, relative, checked by the caller; a folder's without a trailing slash
 *  in  size       bytes of content; 0 for a folder
 *  Mode 0644 or 0755, time 0, owner and group 0 and without names.
 *  Returns MS_OK, MS_LIMIT or MS_NO_MEMORY of the buffer. */
MS_MUST_CHECK ms_status ms_tar_header_append(
        ms_buffer *out, ms_span path, bool is_folder, uint64_t size, ms_error *err);

#endif
