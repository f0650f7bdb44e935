/* A disk before a power cut: a tree, what was done to it afterwards (the log of recording_sys.h),
 * and the states in which a cut at any point may leave it.
 *
 * The model is the least that POSIX promises, as ext4 without auto_da_alloc and XFS keep it, and a
 * little less where file systems differ:
 *
 *  - fsync of a file makes its bytes, size and mode durable, and no name of it, not even the one it
 *    was just created under: POSIX speaks of the file alone. ext4 and XFS write the name too, btrfs
 *    and others need not.
 *  - fsync of a folder makes durable what happened to names in it before: a rename on both sides,
 *    for it is one transaction in every journal, and what happened to the same names earlier.
 *  - syncfs makes everything durable.
 *  - Without a sync anything may be on the disk or not, independently: names of one folder too,
 *    although journals of today keep their order, for nothing says so (stricter than ext4 and XFS).
 *    Only the changes of one name keep their order, and a rename or exchange is there as a whole.
 *  - Bytes of a file that were not synced are there or not by sectors, of 512 or 4,096 bytes, each
 * as it was at any moment since the last sync; those that are not there are what they were before,
 *    or zero where the file grew (its size may be on the disk before its bytes). A new file may
 * thus be empty, full of zeros, or torn.
 *  - fallocate and a clone are no better than writes; sync_file_range promises nothing; an O_DIRECT
 *    write lies in the drive's cache until a sync.
 *  - What is removed is not wiped: a name that was removed without a sync may come back.
 *  - A sync of a file that fails loses the bytes that it should have written: they are read as if
 *    they were there, as long as they are in the page cache, and no later sync writes them.
 */
#ifndef POWERCUT_DISK_H
#define POWERCUT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk;

/** The tree below folder as it stands, all of it durable. Failures of the tests' own files end the
 *  process: there is nobody to handle them. */
struct disk *disk_new(const char *folder);
/** Add what a log holds. False, with a line on stderr, when it does not fit the tree. */
bool disk_add_log(struct disk *disk, const char *path);
void disk_free(struct disk *disk);

/** Cuts lie before the first event (0) and after each: 0..disk_event_count. */
size_t disk_event_count(const struct disk *disk);
/** The cut after the nth mark with this text (0 = the first), SIZE_MAX when there is none. */
size_t disk_mark(const struct disk *disk, const char *text, size_t nth);
/** How many marks with this text lie before a cut. */
size_t disk_marks_before(const struct disk *disk, const char *text, size_t at);
/** Events of a kind of recording_sys.h before a cut. */
size_t disk_kind_count(const struct disk *disk, unsigned kind, size_t at);

typedef enum disk_loss {
    DISK_KEEPS_NOTHING, /* only what was synced is there */
    DISK_KEEPS_ALL,
    DISK_LOSES_ONE,   /* all is there but unit, and what needs it */
    DISK_KEEPS_ONE,   /* of what was not synced only unit is there, and what it needs */
    DISK_LOSES_BYTES, /* names, not the bytes and sizes */
    DISK_LOSES_DATA,  /* names and sizes, not the bytes */
    DISK_LOSES_NAMES, /* bytes, not the names */
    DISK_TEARS_ONE,   /* all, but of the file unit only the first sectors */
    DISK_KEEPS_ANY,   /* by chance */
    DISK_FORGETS,     /* no cut: all is there but bytes that a failed sync lost */
    DISK_LOSSES
} disk_loss;

typedef struct disk_cut {
    size_t at;
    disk_loss loss;
    size_t unit;   /* of DISK_LOSES_ONE, DISK_KEEPS_ONE and DISK_TEARS_ONE */
    uint64_t seed; /* of DISK_TEARS_ONE and DISK_KEEPS_ANY */
} disk_cut;

/** How many changes of names and unsynced files there are at a cut; units are 0..count-1. */
size_t disk_unit_count(const struct disk *disk, size_t at);
/** One line that tells the cut. Valid until the next call. */
const char *disk_describe(const struct disk *disk, const disk_cut *cut);

/** What a cut leaves. */
typedef struct disk_state disk_state;
disk_state *disk_state_new(const struct disk *disk, const disk_cut *cut);
void disk_state_free(disk_state *state);
/** The same for states that are the same. */
uint64_t disk_state_hash(const disk_state *state);
/** Make the tree below folder, which is made anew. */
void disk_state_write(const disk_state *state, const char *folder);
/** Whether the tree below folder is this one, byte for byte; a difference is told on stderr. */
bool disk_state_matches(const disk_state *state, const char *folder);
/** The bytes of the file at path; NULL when there is none. Valid while the state is. */
const uint8_t *disk_state_file(const disk_state *state, const char *path, size_t *size);

/** Remove a tree. */
void disk_remove_tree(const char *folder);

#endif
