/* Records of a pax extended header: what they change about the entry that follows. */
#ifndef MS_ARCHIVE_TAR_PAX_H
#define MS_ARCHIVE_TAR_PAX_H

#include "base/buffer.h"

typedef struct ms_tar_pax {
    bool present;  /* a header was read */
    bool path_set; /* path counts, and lives as long as the input */
    bool size_set;
    bool sparse; /* the content is a map of holes, in one of the dialects of GNU or star */
    bool charset_set;
    ms_span path;
    uint64_t size;
} ms_tar_pax;

static inline void ms_tar_pax_clear(ms_tar_pax *pax)
{
    *pax = (ms_tar_pax){0};
}

/** Read a local header into a cleared pax. Keys without meaning for us (times, owners, attributes) are
 *  skipped. MS_MALFORMED "archive_pax": a record that does not follow the form, path, size or
 *  hdrcharset given twice, a size that is no number below 2^63, names in a charset that is not UTF-8. */
MS_MUST_CHECK ms_status ms_tar_pax_read(ms_tar_pax *pax, ms_span content, ms_error *err);
/** A global header must be well formed and change no path, size or charset, else "archive_pax": it
 *  would speak of every entry that follows. */
MS_MUST_CHECK ms_status ms_tar_pax_check_global(ms_span content, ms_error *err);

#endif
