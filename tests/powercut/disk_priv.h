/* What a disk consists of: objects, names of them, and the events that change both. */
#ifndef POWERCUT_DISK_PRIV_H
#define POWERCUT_DISK_PRIV_H

#include "doubles/recording_sys.h"
#include "powercut/disk.h"

#define DISK_NONE SIZE_MAX

typedef struct disk_object { /* a file or folder; the first one is the root */
    uint64_t inode;
    bool is_folder;
    bool is_new; /* not of the base: then its name at birth is an event */
    uint32_t mode;
    uint8_t *base; /* content at the beginning */
    size_t base_size;
    size_t size_max; /* over all its events */
} disk_object;

typedef struct disk_entry { /* a name in a folder, whatever it leads to */
    size_t folder;
    char *name;
    size_t base; /* object at the beginning, or DISK_NONE */
    size_t now;  /* object after the events read so far */
    size_t last; /* event that changed it last, or DISK_NONE */
} disk_entry;

typedef struct disk_event {
    record_kind kind;
    size_t object; /* whose content changes, or what is synced */
    uint64_t offset;
    uint64_t size;
    uint32_t mode;
    const uint8_t *data; /* in a log, or a copy of a clone's source */
    size_t data_size;
    bool lost;        /* bytes that a sync did not bring to the disk: no later one does it either */
    bool forgotten;   /* and which the page cache has no longer */
    const char *text; /* of a mark */
    /* Changes of names: entry[i] leads to target[i] from now on. */
    size_t entry_count;
    size_t entry[2];
    size_t target[2];
    size_t needs[2]; /* the events before it on the same names */
} disk_event;

struct disk {
    disk_object *objects;
    size_t object_count;
    disk_entry *entries;
    size_t entry_count;
    disk_event *events;
    size_t event_count;
    void **kept; /* memory that events point into */
    size_t kept_count;
};

/** Content of an object after the events before at: calloc'ed, *size bytes. */
uint8_t *disk_content(const struct disk *disk, size_t object, size_t at, size_t *size);
/** Memory or the end of the process. */
void *disk_alloc(size_t size);
void *disk_grow(void *array, size_t count, size_t element_size);
void disk_fail(const char *what, const char *path);
/** "a/b/name" of an entry by its names at the beginning or birth; valid until the next call. */
const char *disk_entry_path(const struct disk *disk, size_t entry);

#endif
