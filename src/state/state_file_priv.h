/* The file of the state: opening it, its schema, what happens when it is damaged. */
#ifndef MS_STATE_STATE_FILE_PRIV_H
#define MS_STATE_STATE_FILE_PRIV_H

#include <sqlite3.h>

#include "base/error.h"

/** For one thread at a time. */
typedef struct ms_state_file {
    char *home;        /* owned */
    char *path;        /* home/state.db, owned */
    sqlite3 *database; /* NULL while closed */
    bool writable;
    uint64_t device; /* of the open file: another file may stand under the name by now */
    uint64_t inode;
} ms_state_file;

MS_MUST_CHECK ms_status ms_state_file_init(ms_state_file *file, const char *home, ms_error *err);
void ms_state_file_release(ms_state_file *file);

/** Open what is there. *usable false: it is missing or damaged, which reads as an empty state. */
MS_MUST_CHECK ms_status ms_state_file_read(ms_state_file *file, bool *usable, ms_error *err);
/** The right to change the file, shared by all who write, so that nobody moves it aside meanwhile: a transaction that begins in one
 *  file and ends beside another would leave its journal there. *lock is ended by ms_lock_release. Makes the home. */
MS_MUST_CHECK ms_status ms_state_file_lock(const ms_state_file *file, int *lock, ms_error *err);
/** Open for writing what stands there, under that lock; make what is missing. MS_INTEGRITY or MS_MALFORMED when it is damaged. */
MS_MUST_CHECK ms_status ms_state_file_write(ms_state_file *file, ms_error *err);
/** Whether the open connection is that of the file under the name. */
bool ms_state_file_is_current(const ms_state_file *file);
/** Whether status is what a damaged file answers. */
bool ms_state_file_is_damage(ms_status status);
/** Close what was found damaged; a read then answers "nothing". */
void ms_state_file_close(ms_state_file *file);
/** Look at the whole file, move it aside if it is damaged, and open for writing what is there then. Waits until nobody holds the
 *  lock above; the caller may not hold it. */
MS_MUST_CHECK ms_status ms_state_file_start_anew(ms_state_file *file, ms_error *err);

#endif
