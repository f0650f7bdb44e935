/* The history of a disk: reading the tree at its beginning, and logs of what came after. */
#include "powercut/disk_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void disk_fail(const char *what, const char *path)
{
    (void)fprintf(stderr, "disk: %s: %s: %s\n", path, what, strerror(errno));
    abort();
}

void *disk_alloc(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);
    if (memory == NULL)
        disk_fail("no memory", "");
    return memory;
}

/* Room for one more: arrays double when their count is a power of two. */
void *disk_grow(void *array, size_t count, size_t element_size)
{
    if (count != 0 && (count & (count - 1)) != 0)
        return array;
    array = realloc(array, (count == 0 ? 1 : 2 * count) * element_size);
    if (array == NULL)
        disk_fail("no memory", "");
    return array;
}

static void keep(struct disk *disk, void *memory)
{
    disk->kept = disk_grow(disk->kept, disk->kept_count, sizeof(*disk->kept));
    disk->kept[disk->kept_count++] = memory;
}

static size_t add_object(struct disk *disk, const disk_object *object)
{
    disk->objects = disk_grow(disk->objects, disk->object_count, sizeof(*disk->objects));
    disk->objects[disk->object_count] = *object;
    return disk->object_count++;
}

/* The newest object of the inode: numbers are used again. */
static size_t find_object(const struct disk *disk, uint64_t inode)
{
    for (size_t i = disk->object_count; i > 0; i--)
        if (disk->objects[i - 1].inode == inode)
            return i - 1;
    return DISK_NONE;
}

static size_t entry_of(struct disk *disk, size_t folder, const char *name)
{
    for (size_t i = 0; i < disk->entry_count; i++)
        if (disk->entries[i].folder == folder && strcmp(disk->entries[i].name, name) == 0)
            return i;
    disk->entries = disk_grow(disk->entries, disk->entry_count, sizeof(*disk->entries));
    disk->entries[disk->entry_count] = (disk_entry){.folder = folder,
            .name = strdup(name),
            .base = DISK_NONE,
            .now = DISK_NONE,
            .last = DISK_NONE};
    if (disk->entries[disk->entry_count].name == NULL)
        disk_fail("no memory", name);
    return disk->entry_count++;
}

const char *disk_entry_path(const struct disk *disk, size_t entry)
{
    static char path[PATH_MAX];
    char shorter[PATH_MAX];
    size_t folder = disk->entries[entry].folder;

    (void)snprintf(path, sizeof(path), "%s", disk->entries[entry].name);
    for (unsigned depth = 0; folder != 0 && depth < 64; depth++) {
        size_t i = 0;
        while (i < disk->entry_count && disk->entries[i].base != folder &&
                disk->entries[i].now != folder)
            i++;
        (void)memcpy(shorter, path, sizeof(path));
        (void)snprintf(path, sizeof(path), "%.255s/%.3800s",
                i < disk->entry_count ? disk->entries[i].name : "?", shorter);
        if (i == disk->entry_count)
            break;
        folder = disk->entries[i].folder;
    }
    return path;
}

/* ---- the beginning ---- */

static uint8_t *read_whole(int dirfd, const char *name, size_t *size)
{
    int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    uint8_t *data;
    size_t got = 0;

    if (fd < 0 || fstat(fd, &status) != 0)
        disk_fail("open", name);
    data = disk_alloc((size_t)status.st_size);
    while (got < (size_t)status.st_size) {
        ssize_t count = read(fd, data + got, (size_t)status.st_size - got);
        if (count <= 0)
            disk_fail("read", name);
        got += (size_t)count;
    }
    (void)close(fd);
    *size = got;
    return data;
}

static void read_folder(struct disk *disk, size_t folder, int fd);

static void read_entry(struct disk *disk, size_t folder, int fd, const char *name)
{
    struct stat status;
    size_t object;
    size_t entry;

    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        disk_fail("stat", name);
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        disk_fail("neither file nor folder", name);
    object = find_object(disk, status.st_ino);
    if (object == DISK_NONE) {
        disk_object found = {.inode = status.st_ino,
                .is_folder = S_ISDIR(status.st_mode),
                .mode = status.st_mode & 07777U};
        if (!found.is_folder)
            found.base = read_whole(fd, name, &found.base_size);
        found.size_max = found.base_size;
        object = add_object(disk, &found);
    }
    entry = entry_of(disk, folder, name);
    disk->entries[entry].base = object;
    disk->entries[entry].now = object;
    if (S_ISDIR(status.st_mode))
        read_folder(disk, object, openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static void read_folder(struct disk *disk, size_t folder, int fd)
{
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (dir == NULL)
        disk_fail("list", "a folder");
    while ((entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            read_entry(disk, folder, fd, entry->d_name);
    (void)closedir(dir);
}

struct disk *disk_new(const char *folder)
{
    struct disk *made = disk_alloc(sizeof(*made));
    struct stat status;

    if (stat(folder, &status) != 0)
        disk_fail("stat", folder);
    (void)add_object(made,
            &(disk_object){
                    .inode = status.st_ino, .is_folder = true, .mode = status.st_mode & 07777U});
    read_folder(made, 0, open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return made;
}

void disk_free(struct disk *disk)
{
    if (disk == NULL)
        return;
    for (size_t i = 0; i < disk->object_count; i++)
        free(disk->objects[i].base);
    for (size_t i = 0; i < disk->entry_count; i++)
        free(disk->entries[i].name);
    for (size_t i = 0; i < disk->kept_count; i++)
        free(disk->kept[i]);
    free(disk->objects);
    free(disk->entries);
    free(disk->events);
    free(disk->kept);
    free(disk);
}

/* ---- logs ---- */

static size_t add_event(struct disk *disk, const disk_event *event)
{
    disk->events = disk_grow(disk->events, disk->event_count, sizeof(*disk->events));
    disk->events[disk->event_count] = *event;
    return disk->event_count++;
}

/* From now on an entry leads to another object. */
static void turn(struct disk *disk, disk_event *event, size_t entry, size_t target)
{
    event->entry[event->entry_count] = entry;
    event->target[event->entry_count] = target;
    event->needs[event->entry_count] = disk->entries[entry].last;
    event->entry_count++;
}

static void add_name_event(struct disk *disk, const disk_event *event)
{
    size_t index = add_event(disk, event);
    for (size_t i = 0; i < event->entry_count; i++) {
        disk->entries[event->entry[i]].now = event->target[i];
        disk->entries[event->entry[i]].last = index;
    }
}

static bool misfit(const record_head *head, const char *name)
{
    (void)fprintf(stderr,
            "disk: a log speaks of what is not there: kind %u, file %llu, folder %llu, '%s'\n",
            head->kind, (unsigned long long)head->file, (unsigned long long)head->folder, name);
    return false;
}

static bool add_names(
        struct disk *disk, const record_head *head, const char *name, const char *other_name)
{
    size_t folder = find_object(disk, head->folder);
    size_t other_folder = find_object(disk, head->other_folder);
    disk_event event = {.kind = (record_kind)head->kind, .object = DISK_NONE};
    bool has_other = head->kind == RECORD_LINK || head->kind == RECORD_RENAME ||
                     head->kind == RECORD_EXCHANGE;
    bool is_birth = head->kind == RECORD_CREATE || head->kind == RECORD_MKDIR;
    size_t from;
    size_t to;

    if (folder == DISK_NONE || (has_other && other_folder == DISK_NONE))
        return misfit(head, name);
    from = entry_of(disk, folder, name);
    if ((disk->entries[from].now == DISK_NONE) != is_birth)
        return misfit(head, name);
    if (is_birth) {
        turn(disk, &event, from,
                add_object(disk, &(disk_object){.inode = head->file,
                                         .is_folder = head->kind == RECORD_MKDIR,
                                         .is_new = true,
                                         .mode = head->mode}));
    } else if (head->kind == RECORD_UNLINK) {
        turn(disk, &event, from, DISK_NONE);
    } else {
        to = entry_of(disk, other_folder, other_name);
        if (head->kind == RECORD_EXCHANGE && disk->entries[to].now == DISK_NONE)
            return misfit(head, other_name);
        turn(disk, &event, to, disk->entries[from].now);
        if (head->kind != RECORD_LINK)
            turn(disk, &event, from,
                    head->kind == RECORD_EXCHANGE ? disk->entries[to].now : DISK_NONE);
    }
    add_name_event(disk, &event);
    return true;
}

static bool add_content(struct disk *disk, const record_head *head, const uint8_t *data)
{
    disk_event event = {.kind = (record_kind)head->kind,
            .object = find_object(disk, head->file),
            .offset = head->offset,
            .size = head->size,
            .mode = head->mode,
            .data = data,
            .data_size = (size_t)head->data_size};
    size_t end = (size_t)(head->data_size > 0 ? head->offset + head->data_size : head->size);

    if (event.object == DISK_NONE)
        return misfit(head, "");
    if (head->kind == RECORD_CLONE) {
        size_t source = find_object(disk, head->other_folder);
        if (source == DISK_NONE)
            return misfit(head, "");
        event.data = disk_content(disk, source, disk->event_count, &event.data_size);
        keep(disk, (void *)(uintptr_t)event.data);
        end = event.data_size;
    }
    if (end > disk->objects[event.object].size_max)
        disk->objects[event.object].size_max = end;
    (void)add_event(disk, &event);
    return true;
}

/* A sync of what lies outside the tree says nothing about it. */
static bool add_sync(struct disk *disk, const record_head *head)
{
    disk_event event = {.kind = (record_kind)head->kind, .object = 0};
    if (head->kind != RECORD_SYNC_ALL)
        event.object =
                find_object(disk, head->kind == RECORD_SYNC_FILE ? head->file : head->folder);
    if (event.object != DISK_NONE)
        (void)add_event(disk, &event);
    return true;
}

/* What one file, or with DISK_NONE each, has written since it was synced. Sizes are not bytes: they
 * come back with the next sync. */
static void lose(struct disk *disk, size_t object)
{
    for (size_t one = 0; one < disk->object_count; one++) {
        if (object != DISK_NONE && one != object)
            continue;
        for (size_t i = disk->event_count; i > 0; i--) {
            disk_event *event = &disk->events[i - 1];
            if (event->kind == RECORD_SYNC_ALL ||
                    (event->kind == RECORD_SYNC_FILE && event->object == one))
                break;
            if (event->object == one && (event->kind == RECORD_WRITE || event->kind == RECORD_CLONE ||
                                                event->kind == RECORD_CLONE_RANGE))
                event->lost = true;
        }
    }
}

static void forget(struct disk *disk, size_t object)
{
    for (size_t i = 0; i < disk->event_count; i++)
        if (disk->events[i].object == object && disk->events[i].lost)
            disk->events[i].forgotten = true;
}

/* Both speak of what lies in the tree, or of nothing. */
static bool add_loss(struct disk *disk, const record_head *head)
{
    size_t object = head->file == 0 ? DISK_NONE : find_object(disk, head->file);
    disk_event event = {.kind = (record_kind)head->kind, .object = object};
    if (head->file != 0 && object == DISK_NONE)
        return true;
    if (head->kind == RECORD_SYNC_FAILED)
        lose(disk, object);
    else
        forget(disk, object);
    (void)add_event(disk, &event);
    return true;
}

static bool add_record(struct disk *disk, const record_head *head, const uint8_t *rest)
{
    const char *name = (const char *)rest;
    switch ((record_kind)head->kind) {
    case RECORD_CREATE:
    case RECORD_MKDIR:
    case RECORD_LINK:
    case RECORD_RENAME:
    case RECORD_EXCHANGE:
    case RECORD_UNLINK:
        return add_names(disk, head, name, name + head->name_size);
    case RECORD_WRITE:
    case RECORD_TRUNCATE:
    case RECORD_ALLOCATE:
    case RECORD_CLONE:
    case RECORD_CLONE_RANGE:
    case RECORD_MODE:
        return add_content(disk, head, rest + head->name_size + head->other_name_size);
    case RECORD_SYNC_FILE:
    case RECORD_SYNC_FOLDER:
    case RECORD_SYNC_ALL:
        return add_sync(disk, head);
    case RECORD_SYNC_FAILED:
    case RECORD_FORGET:
        return add_loss(disk, head);
    case RECORD_MARK:
        (void)add_event(
                disk, &(disk_event){.kind = RECORD_MARK, .object = DISK_NONE, .text = name});
        return true;
    case RECORD_KINDS:
    default:
        return misfit(head, "");
    }
}

bool disk_add_log(struct disk *disk, const char *path)
{
    size_t size;
    uint8_t *log = read_whole(AT_FDCWD, path, &size);
    size_t at = 0;

    keep(disk, log);
    while (at < size) {
        record_head head;
        uint64_t rest;
        if (size - at < sizeof(head))
            break; /* a process was killed while it wrote */
        memcpy(&head, log + at, sizeof(head));
        rest = (uint64_t)head.name_size + head.other_name_size + head.data_size;
        if (rest > size - at - sizeof(head))
            break;
        if (!add_record(disk, &head, log + at + sizeof(head)))
            return false;
        at += sizeof(head) + (size_t)rest;
    }
    return true;
}

/* ---- what there is ---- */

size_t disk_event_count(const struct disk *disk)
{
    return disk->event_count;
}

static bool is_mark(const disk_event *event, const char *text)
{
    return event->kind == RECORD_MARK && strcmp(event->text, text) == 0;
}

size_t disk_mark(const struct disk *disk, const char *text, size_t nth)
{
    for (size_t i = 0; i < disk->event_count; i++)
        if (is_mark(&disk->events[i], text) && nth-- == 0)
            return i + 1;
    return SIZE_MAX;
}

size_t disk_marks_before(const struct disk *disk, const char *text, size_t at)
{
    size_t count = 0;
    for (size_t i = 0; i < at; i++)
        count += is_mark(&disk->events[i], text);
    return count;
}

size_t disk_kind_count(const struct disk *disk, unsigned kind, size_t at)
{
    size_t count = 0;
    for (size_t i = 0; i < at; i++)
        count += disk->events[i].kind == kind;
    return count;
}
