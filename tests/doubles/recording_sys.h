/* platform/sys.h for tests: linked instead of sys_posix.o it does what sys_posix.c does and writes
 * down, in order, every call that changes what a disk holds, and every sync. Several processes may
 * write into one log. A log is read with powercut/disk.h. */
#ifndef DOUBLES_RECORDING_SYS_H
#define DOUBLES_RECORDING_SYS_H

#include <stdint.h>

typedef enum record_kind {
    RECORD_CREATE, /* folder/name is a new, empty file; mode */
    RECORD_MKDIR,  /* folder/name is a new folder (file says which); mode */
    RECORD_LINK,   /* other_folder/other_name is another name of folder/name */
    RECORD_RENAME, /* folder/name is now called other_folder/other_name; what stood there is gone */
    RECORD_EXCHANGE, /* the two names were swapped */
    RECORD_UNLINK,   /* folder/name is gone, file or empty folder */
    RECORD_WRITE,    /* data at offset of file */
    RECORD_TRUNCATE, /* file has size bytes */
    RECORD_ALLOCATE, /* file has at least size bytes, new ones are zero */
    RECORD_CLONE,    /* file has the content of other_folder, which is a file here */
    RECORD_CLONE_RANGE, /* data at offset of file, which it shares with another */
    RECORD_MODE,     /* file has mode */
    RECORD_SYNC_FILE,
    RECORD_SYNC_FOLDER, /* folder */
    RECORD_SYNC_ALL,
    RECORD_SYNC_FAILED, /* the unsynced bytes of file, or of all when it is 0, look clean from now on
                           and are on no disk */
    RECORD_FORGET,      /* of these bytes of file the system gives what the disk has */
    RECORD_MARK, /* name: something the test said */
    RECORD_KINDS
} record_kind;

/* What stands in the log, followed by name and other_name (each with its NUL, or of size 0) and
 * data. Files and folders are named by inode, which may be used again after a removal. */
typedef struct record_head {
    uint32_t kind;
    uint32_t mode;
    uint64_t file;
    uint64_t folder;
    uint64_t other_folder;
    uint64_t offset;
    uint64_t size;
    uint32_t name_size;
    uint32_t other_name_size;
    uint64_t data_size;
} record_head;

/** Append to the log at path what this process does from now on to the file system of folder. After
 *  a fork each process starts for itself. A failure ends the process. */
void recording_start(const char *path, const char *folder);
/** Write a line into the log: what was acknowledged by now. */
void recording_mark(const char *text);
/** Send this process a signal before its nth recorded call from now (1 = the next): SIGKILL or
 *  SIGSTOP. */
void recording_signal(unsigned nth, int number);
/** Let the nth sync of this process from now fail once, as Linux does it: the pages look clean
 * afterwards, are on no disk, and the next sync succeeds. With number another signal is sent to the
 * process then; 0 = none. */
void recording_fail_sync(unsigned nth, int number);
/** Where a run before this one had such a failure: what is read around the page cache, or after the
 * cache was told to forget a file, comes from the tree below disk, which is what folder (of
 * recording_start) would be without those pages. */
void recording_read_disk(const char *folder, const char *disk);

#endif
