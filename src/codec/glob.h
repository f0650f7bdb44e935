/* Patterns that choose files by their relative path, as users know them from gitignore and rsync.
 */
#ifndef MS_CODEC_GLOB_H
#define MS_CODEC_GLOB_H

#include "base/error.h"

#define MS_GLOB_SIZE_MAX 1024 /* bytes of a pattern */

/** A compiled pattern; immutable, so any number of threads may match with it.
 *
 *   *        any characters but '/'
 *   **       any characters; as a whole component followed by '/', any number of folders, also none
 *   ?        one character but '/'
 *   [a-z_]   one of these characters; [!a] and [^a] any other; never '/'
 *   \x       x itself
 *
 *  A pattern without '/' is compared with the last component of the path, one with '/' with the
 *  whole path, from its beginning; a '/' at the beginning only says that. A '/' at the end: folders
 *  only. What matches a folder covers everything below it. Characters are those of UTF-8; case
 *  counts. A leading dot is a character like any other. */
typedef struct ms_glob ms_glob;

/** MS_USAGE "glob_empty", "glob_bracket" (not closed, or a class such as [:alpha:]),
 *  "glob_backslash" (nothing follows it); MS_LIMIT "glob_too_long"; MS_NO_MEMORY. */
MS_MUST_CHECK ms_status ms_glob_new(ms_glob **glob, const char *pattern, ms_error *err);
void ms_glob_free(ms_glob *glob);

/** Whether the pattern matches path or one of the folders above it. path is relative, its
 * components separated by single slashes; is_folder says what its last component is. Time is at
 * most the product of both lengths, whatever the pattern. */
bool ms_glob_match(const ms_glob *glob, const char *path, bool is_folder);

#endif
