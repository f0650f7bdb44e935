/* Rules for names and relative paths inside a model: what passes here is harmless on every system.
 * Used wherever a path comes from outside: folders on disk, UnixFS, manifests, archives.
 * The rules are strings only; opening beneath a folder is the job of platform/folder.h. */
#ifndef MS_CODEC_PATH_H
#define MS_CODEC_PATH_H

#include "base/buffer.h"

#define MS_PATH_NAME_SIZE_MAX 255 /* bytes of one name */
#define MS_PATH_SIZE_MAX 1024     /* bytes of a whole path */
#define MS_PATH_DEPTH_MAX 32      /* names in a path */

/** Our own unfinished files start with a dot and end with this; no model may hold such a name. */
#define MS_PATH_PARTIAL_SUFFIX ".model-storage-partial"

/** One name: MS_OK, MS_LIMIT "path_name_long", or MS_MALFORMED with the offset of the first bad
 *  byte and one of these reasons (the first that applies, in this order):
 *    path_empty_part  no bytes               path_dot, path_dotdot  exactly "." or ".."
 *    path_nul         a NUL byte             path_slash             "/" inside the name
 *    path_utf8        no well-formed UTF-8   path_control           C0, C1 or DEL
 *    path_bidi        U+202A-E, U+2066-9     path_backslash         "\"
 *    path_drive       a letter and ":" first path_stream            ":" elsewhere
 *    path_trailing    "." or space at the end
 *    path_reserved    a device of Windows, whatever its case and suffix: con, nul.txt, COM1, lpt9
 *    path_git         ".git" in any case
 *    path_own         a name of our own partial files (MS_PATH_PARTIAL_SUFFIX)
 *  The message quotes the name with everything unprintable escaped. */
MS_MUST_CHECK ms_status ms_path_check_name(ms_span name, ms_error *err);

/** A whole relative path, parts divided by "/": the rules above for each part (offsets count from
 *  the start of the path), and
 *    path_long (MS_LIMIT), path_deep (MS_LIMIT)
 *    path_absolute    "/" first              path_empty_part        "", "a//b", "a/"
 *    path_tilde       the first part is "~"  path_dash              the path starts with "-" */
MS_MUST_CHECK ms_status ms_path_check(ms_span path, ms_error *err);

/** Append the key under which names (or paths) are equal that differ only in case or in composed
 *  and decomposed spelling: NFC of the full case folding of NFD. text is well-formed UTF-8, at most
 *  MS_PATH_SIZE_MAX bytes (else MS_MALFORMED "path_utf8", MS_LIMIT "path_long").
 *  Source: The Unicode Standard, section 3.13, D145 canonical caseless match. */
MS_MUST_CHECK ms_status ms_path_fold(ms_span text, ms_buffer *out, ms_error *err);

#endif
