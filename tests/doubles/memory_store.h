/* A store in memory, for tests of what stands above the store: the same table as the real ones, and a
 * "disk" that outlives the handle, so that reopening can be tested. */
#ifndef DOUBLES_MEMORY_STORE_H
#define DOUBLES_MEMORY_STORE_H

#include "store/store.h"

/** What was committed. Threads: many. */
typedef struct memory_disk memory_disk;

memory_disk *memory_disk_new(void);
void memory_disk_free(memory_disk *disk);

/** Open; several stores may stand on one disk, as several processes would. */
MS_MUST_CHECK ms_status memory_store_open(ms_store **store, memory_disk *disk, ms_error *err);

/** Flip one bit of a block at rest, or make an empty one longer; false when it is not there. */
bool memory_disk_damage(memory_disk *disk, const ms_cid *cid);
/** Blocks that were moved aside. */
size_t memory_disk_quarantined(memory_disk *disk);
/** Times a commit or flush was asked to make something durable. */
size_t memory_disk_syncs(memory_disk *disk);

#endif
