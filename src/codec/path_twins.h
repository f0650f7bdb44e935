/* The names of one folder, and whether two of them are one on systems that ignore case or spelling.
 * A crit-bit tree over folded names: no hash that a stranger could aim at, memory as the names. */
#ifndef MS_CODEC_PATH_TWINS_H
#define MS_CODEC_PATH_TWINS_H

#include "base/arena.h"
#include "codec/path.h"

/** Names in one folder. */
#define MS_PATH_TWINS_NAMES_MAX 200000

typedef struct ms_path_twins_node ms_path_twins_node;

/** Owned by whoever initialised it; for one thread. Use a fresh one (or clear) for each folder. */
typedef struct ms_path_twins {
    ms_path_twins_node *root;
    size_t count;
    ms_arena arena;
    ms_buffer key;
} ms_path_twins;

void ms_path_twins_init(ms_path_twins *twins);
void ms_path_twins_release(ms_path_twins *twins);
/** Add a name that passed ms_path_check_name; it is copied. MS_MALFORMED "path_twins" naming both
 *  when a name with the same ms_path_fold is there, "path_repeated" when it is the very same name;
 *  MS_LIMIT "folder_names". The set is unchanged on failure. */
MS_MUST_CHECK ms_status ms_path_twins_add(ms_path_twins *twins, ms_span name, ms_error *err);

#endif
