/* Folders: making, listing, removing, syncing. */
#ifndef MS_PLATFORM_FOLDER_H
#define MS_PLATFORM_FOLDER_H

#include "platform/file.h"

/** Make one folder. *made (may be NULL) says whether it was not there before. A name that exists
 *  and is no folder, or a link to one, is MS_IO: what is made here is ours. The parent is not
 *  synced. */
MS_MUST_CHECK ms_status ms_folder_make(
        int dirfd, const char *path, uint32_t mode, bool *made, ms_error *err);
/** Make path with all missing parents, each new one's parent synced, and that of the deepest one that
 *  is there: all of path survives a power cut, also when its maker was killed on the way. Links to
 *  folders are followed. */
MS_MUST_CHECK ms_status ms_folder_make_all(
        int dirfd, const char *path, uint32_t mode, ms_error *err);
/** Whether path is the folder or lies in it, by whatever names and links; of a path that does not exist that counts what does.
 *  False where the system does not let us look. */
bool ms_folder_holds(const ms_file_status *folder, const char *path);
/** fsync the folder at path ("." for dirfd itself). */
MS_MUST_CHECK ms_status ms_folder_sync(int dirfd, const char *path, ms_error *err);
/** fsync the folder that holds the name path, so that its making, renaming or removal lasts. */
MS_MUST_CHECK ms_status ms_folder_sync_parent(int dirfd, const char *path, ms_error *err);
/** Remove an empty folder; one that is not there is success, one that is not empty is MS_IO
 *  ENOTEMPTY. */
MS_MUST_CHECK ms_status ms_folder_remove(int dirfd, const char *path, ms_error *err);
/** Remove path (a file too) and all below it without following links; nothing there is success.
 *  Depth at most MS_FOLDER_DEPTH_MAX, one descriptor each; deeper is MS_LIMIT "folder_too_deep". */
MS_MUST_CHECK ms_status ms_folder_remove_all(int dirfd, const char *path, ms_error *err);

#define MS_FOLDER_DEPTH_MAX 128

/** A folder being listed. Names come in no order; "." and ".." are left out. */
typedef struct ms_folder ms_folder;
MS_MUST_CHECK ms_status ms_folder_open(
        ms_folder **folder, int dirfd, const char *path, ms_error *err);
/** The same for an open descriptor of a folder, which is taken (on failure too): it may have been
 *  opened with any flags of ms_file_open. */
MS_MUST_CHECK ms_status ms_folder_take(ms_folder **folder, int fd, ms_error *err);
/** The next name, valid until the next call; NULL at the end. kind may be NULL; a kind the file
 *  system does not tell is looked up. */
MS_MUST_CHECK ms_status ms_folder_next(
        ms_folder *folder, const char **name, ms_file_kind *kind, ms_error *err);
/** The descriptor of the folder, valid until close. */
int ms_folder_fd(const ms_folder *folder);
void ms_folder_close(ms_folder *folder);

#endif
