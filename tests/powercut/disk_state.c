/* What a power cut leaves: choosing among what was not synced, and making the tree. */
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

#define SECTOR_SMALL 512
#define SECTOR_LARGE 4096
#define DEPTH_MAX 32

/* What of a file's unsynced content is there. */
typedef enum bytes_kept {
    BYTES_NONE,
    BYTES_ALL,
    BYTES_SIZES,
    BYTES_PREFIX,
    BYTES_ANY,
    BYTES_UNLOST /* all, but of what a sync has lost the sizes alone */
} bytes_kept;

/* What is durable at a cut. */
struct durable {
    size_t at;
    bool *names;     /* by event */
    size_t *content; /* by object: events before this one are synced */
};

typedef struct state_node {
    char path[PATH_MAX / 4];
    size_t object;
    uint8_t *data;
    size_t size;
    uint32_t mode;
} state_node;

struct disk_state {
    const struct disk *disk;
    state_node *nodes; /* folders before what is in them */
    size_t node_count;
};

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a ^ (b + UINT64_C(0x9e3779b97f4a7c15) + (a << 6) + (a >> 2)));
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static bool is_content(const disk_event *event)
{
    return event->kind == RECORD_WRITE || event->kind == RECORD_TRUNCATE ||
           event->kind == RECORD_ALLOCATE || event->kind == RECORD_CLONE ||
           event->kind == RECORD_CLONE_RANGE || event->kind == RECORD_MODE;
}

/* Whether bytes come to a place in a file; a clone of a range is no better than a write. */
static bool is_write(const disk_event *event)
{
    return event->kind == RECORD_WRITE || event->kind == RECORD_CLONE_RANGE;
}

/* Whether an event is one of the content of the object that no sync has brought to the disk; events
 * before synced were in one. */
static bool is_unsynced(const disk_event *event, size_t object, size_t index, size_t synced)
{
    return is_content(event) && event->object == object && (index >= synced || event->lost);
}

/* ---- what was synced ---- */

/* An event and all that happened to the same names before. */
static void mark_with_needs(const struct disk *disk, bool *marked, size_t index)
{
    const disk_event *event = &disk->events[index];
    if (marked[index])
        return;
    marked[index] = true;
    for (size_t i = 0; i < event->entry_count; i++)
        if (event->needs[i] != DISK_NONE)
            mark_with_needs(disk, marked, event->needs[i]);
}

static bool touches(const struct disk *disk, const disk_event *event, size_t folder)
{
    for (size_t i = 0; i < event->entry_count; i++)
        if (disk->entries[event->entry[i]].folder == folder)
            return true;
    return false;
}

static void sync_names(
        const struct disk *disk, struct durable *durable, size_t before, size_t folder)
{
    for (size_t i = 0; i < before; i++) {
        const disk_event *event = &disk->events[i];
        if (event->entry_count > 0 && (folder == DISK_NONE || touches(disk, event, folder)))
            mark_with_needs(disk, durable->names, i);
    }
}

static struct durable durable_at(const struct disk *disk, size_t at)
{
    struct durable found = {.at = at,
            .names = disk_alloc(disk->event_count * sizeof(bool)),
            .content = disk_alloc(disk->object_count * sizeof(size_t))};
    for (size_t i = 0; i < at; i++) {
        const disk_event *event = &disk->events[i];
        if (event->kind == RECORD_SYNC_FILE)
            found.content[event->object] = i;
        else if (event->kind == RECORD_SYNC_FOLDER)
            sync_names(disk, &found, i, event->object);
        if (event->kind != RECORD_SYNC_ALL)
            continue;
        sync_names(disk, &found, i, DISK_NONE);
        for (size_t object = 0; object < disk->object_count; object++)
            found.content[object] = i;
    }
    return found;
}

static void durable_release(struct durable *durable)
{
    free(durable->names);
    free(durable->content);
}

/* ---- units ---- */

struct units {
    size_t *items; /* an event of names, or event_count + an object with unsynced struct content */
    size_t count;
};

static bool has_unsynced_content(
        const struct disk *disk, const struct durable *durable, size_t object)
{
    for (size_t i = 0; i < durable->at; i++)
        if (is_unsynced(&disk->events[i], object, i, durable->content[object]))
            return true;
    return false;
}

static struct units find_units(const struct disk *disk, const struct durable *durable)
{
    struct units found = {.items = disk_alloc((durable->at + disk->object_count) * sizeof(size_t))};
    for (size_t i = 0; i < durable->at; i++)
        if (disk->events[i].entry_count > 0 && !durable->names[i])
            found.items[found.count++] = i;
    for (size_t object = 0; object < disk->object_count; object++)
        if (has_unsynced_content(disk, durable, object))
            found.items[found.count++] = disk->event_count + object;
    return found;
}

size_t disk_unit_count(const struct disk *disk, size_t at)
{
    struct durable durable = durable_at(disk, at);
    struct units units = find_units(disk, &durable);
    free(units.items);
    durable_release(&durable);
    return units.count;
}

/* ---- choosing ---- */

/* What is kept of the names: durable events, and those that are chosen and whose needs are kept. */
static void keep_names(const struct disk *disk, const disk_cut *cut, const struct durable *durable,
        size_t unit, bool *kept)
{
    for (size_t i = 0; i < cut->at; i++) {
        const disk_event *event = &disk->events[i];
        bool chosen = false;
        if (event->entry_count == 0)
            continue;
        switch (cut->loss) {
        case DISK_KEEPS_ALL:
        case DISK_LOSES_BYTES:
        case DISK_LOSES_DATA:
        case DISK_TEARS_ONE:
        case DISK_FORGETS:
            chosen = true;
            break;
        case DISK_LOSES_ONE:
            chosen = i != unit;
            break;
        case DISK_KEEPS_ANY:
            /* Some cuts lose little, some nearly all. */
            chosen = mix(cut->seed, i) % 10 < 1 + mix(cut->seed, UINT64_MAX) % 9;
            break;
        case DISK_KEEPS_NOTHING:
        case DISK_KEEPS_ONE:
        case DISK_LOSES_NAMES:
        case DISK_LOSSES:
        default:
            break;
        }
        for (size_t j = 0; j < event->entry_count; j++)
            chosen = chosen && (event->needs[j] == DISK_NONE || kept[event->needs[j]]);
        kept[i] = chosen || durable->names[i];
    }
    if (cut->loss == DISK_KEEPS_ONE && unit < disk->event_count)
        mark_with_needs(disk, kept, unit);
}

static bytes_kept keep_bytes(
        const struct disk *disk, const disk_cut *cut, size_t unit, size_t object)
{
    bool is_unit = unit == disk->event_count + object;
    switch (cut->loss) {
    case DISK_KEEPS_ALL:
    case DISK_LOSES_NAMES:
        return BYTES_ALL;
    case DISK_FORGETS:
        return BYTES_UNLOST;
    case DISK_LOSES_ONE:
        return is_unit ? BYTES_NONE : BYTES_ALL;
    case DISK_KEEPS_ONE:
        return is_unit ? BYTES_ALL : BYTES_NONE;
    case DISK_LOSES_DATA:
        return BYTES_SIZES;
    case DISK_TEARS_ONE:
        return is_unit ? BYTES_PREFIX : BYTES_ALL;
    case DISK_KEEPS_ANY:
        return (bytes_kept)(mix(cut->seed, object + (UINT64_C(1) << 32)) % (BYTES_ANY + 1));
    case DISK_KEEPS_NOTHING:
    case DISK_LOSES_BYTES:
    case DISK_LOSSES:
    default:
        return BYTES_NONE;
    }
}

/* ---- content ---- */

struct content {
    const struct disk *disk;
    size_t object;
    uint8_t *data; /* size_max of the object; zero beyond size */
    size_t size;
    uint32_t mode;
    /* For what was not synced. */
    bytes_kept kept;
    uint64_t seed;
    size_t sector;
    size_t unsynced_count;
    uint64_t prefix_left; /* bytes of BYTES_PREFIX that are still there */
};

/* The last of the unsynced events that a sector has seen, 0..unsynced_count. */
static size_t sector_moment(const struct content *content, size_t sector)
{
    return (size_t)(mix(content->seed, mix(content->object, sector)) %
                    (content->unsynced_count + 1));
}

/* Copy data to offset, as far as it is kept; nth is the number of the unsynced event, 0 = synced.
 */
static void apply_data(struct content *content, size_t nth, bool is_gone, size_t offset,
        const uint8_t *data, size_t size)
{
    while (size > 0) {
        size_t part = content->sector - offset % content->sector;
        bool there = true;
        part = part < size ? part : size;
        if (nth > 0 && (content->kept == BYTES_SIZES || is_gone))
            there = false;
        if (nth > 0 && content->kept == BYTES_ANY)
            there = nth <= sector_moment(content, offset / content->sector);
        if (nth > 0 && content->kept == BYTES_PREFIX) {
            there = content->prefix_left >= part;
            content->prefix_left = there ? content->prefix_left - part : 0;
        }
        if (there && data == NULL)
            memset(content->data + offset, 0, part);
        else if (there)
            memcpy(content->data + offset, data, part);
        data = data == NULL ? NULL : data + part;
        offset += part;
        size -= part;
    }
}

static void apply(struct content *content, size_t nth, bool is_gone, const disk_event *event)
{
    /* The size is a sector of its own. */
    bool sized = nth == 0 || content->kept != BYTES_ANY || nth <= sector_moment(content, SIZE_MAX);
    size_t end = (size_t)(is_write(event) ? event->offset + event->data_size : event->size);
    if (event->kind == RECORD_MODE) {
        content->mode = event->mode;
        return;
    }
    if (event->kind == RECORD_CLONE)
        end = event->data_size;
    if (is_write(event) || event->kind == RECORD_CLONE)
        apply_data(content, nth, is_gone, (size_t)event->offset, event->data, event->data_size);
    else if (event->kind == RECORD_TRUNCATE && end < content->size)
        apply_data(content, nth, false, end, NULL, content->disk->objects[content->object].size_max - end);
    if (sized &&
            (end > content->size || event->kind == RECORD_TRUNCATE || event->kind == RECORD_CLONE))
        content->size = end;
}

static void make_content(struct content *content, size_t synced, size_t at)
{
    const struct disk *disk = content->disk;
    const disk_object *object = &disk->objects[content->object];
    size_t nth = 0;

    content->data = disk_alloc(object->size_max);
    if (object->base_size > 0)
        memcpy(content->data, object->base, object->base_size);
    content->size = object->base_size;
    content->mode = object->mode;
    for (size_t i = 0; i < at; i++)
        content->unsynced_count += is_unsynced(&disk->events[i], content->object, i, synced);
    for (size_t i = 0; i < at; i++) {
        const disk_event *event = &disk->events[i];
        bool unsynced = is_unsynced(event, content->object, i, synced);
        if (!is_content(event) || event->object != content->object)
            continue;
        nth += unsynced;
        /* The size of bytes that were lost is durable with the next sync. */
        if (!unsynced || content->kept != BYTES_NONE || i < synced)
            apply(content, unsynced ? nth : 0,
                    event->forgotten || (event->lost && (content->kept == BYTES_UNLOST ||
                                                                content->kept == BYTES_NONE)),
                    event);
    }
    /* Bytes beyond the size are not there, whatever sectors were written. */
    memset(content->data + content->size, 0, object->size_max - content->size);
}

uint8_t *disk_content(const struct disk *disk, size_t object, size_t at, size_t *size)
{
    struct content content = {
            .disk = disk, .object = object, .kept = BYTES_ALL, .sector = SECTOR_LARGE};
    make_content(&content, at, at);
    *size = content.size;
    return content.data;
}

static uint64_t unsynced_bytes(const struct disk *disk, size_t object, size_t synced, size_t at)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < at; i++)
        if (is_unsynced(&disk->events[i], object, i, synced))
            bytes += disk->events[i].data_size;
    return bytes;
}

/* ---- the tree ---- */

struct choice {
    const struct disk *disk;
    const disk_cut *cut;
    struct durable durable;
    size_t unit;
    size_t *targets; /* by entry */
};

static void add_file(disk_state *state, state_node *node, const struct choice *choice)
{
    size_t synced = choice->durable.content[node->object];
    uint64_t chance = mix(choice->cut->seed, node->object + (UINT64_C(1) << 33));
    struct content content = {.disk = choice->disk,
            .object = node->object,
            .kept = keep_bytes(choice->disk, choice->cut, choice->unit, node->object),
            .seed = choice->cut->seed,
            .sector = chance % 2 == 0 ? SECTOR_SMALL : SECTOR_LARGE};
    uint64_t bytes = unsynced_bytes(choice->disk, node->object, synced, choice->cut->at);
    content.prefix_left = bytes == 0 ? 0 : mix(chance, 1) % bytes / content.sector * content.sector;
    make_content(&content, synced, choice->cut->at);
    node->data = content.data;
    node->size = content.size;
    node->mode = content.mode;
    (void)state;
}

static int by_name(const void *a, const void *b)
{
    const disk_entry *const *left = a;
    const disk_entry *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

static void add_folder(disk_state *state, const struct choice *choice, size_t folder,
        const char *path, unsigned depth)
{
    const struct disk *disk = choice->disk;
    const disk_entry **names = disk_alloc((disk->entry_count + 1) * sizeof(*names));
    size_t count = 0;

    if (depth > DEPTH_MAX) /* folders moved into each other by halves: unreachable on a disk too */
        disk_fail("a folder holds itself", path);
    for (size_t i = 0; i < disk->entry_count; i++)
        if (disk->entries[i].folder == folder && choice->targets[i] != DISK_NONE)
            names[count++] = &disk->entries[i];
    qsort(names, count, sizeof(*names), by_name);
    for (size_t i = 0; i < count; i++) {
        state_node node = {.object = choice->targets[names[i] - disk->entries]};
        node.mode = disk->objects[node.object].mode;
        if ((size_t)snprintf(node.path, sizeof(node.path), "%s%s%s", path,
                    path[0] == '\0' ? "" : "/", names[i]->name) >= sizeof(node.path))
            disk_fail("too long", path);
        if (!disk->objects[node.object].is_folder)
            add_file(state, &node, choice);
        state->nodes = disk_grow(state->nodes, state->node_count, sizeof(*state->nodes));
        state->nodes[state->node_count++] = node;
        if (disk->objects[node.object].is_folder)
            add_folder(state, choice, node.object, node.path, depth + 1);
    }
    free(names);
}

disk_state *disk_state_new(const struct disk *disk, const disk_cut *cut)
{
    disk_state *state = disk_alloc(sizeof(*state));
    struct choice choice = {.disk = disk, .cut = cut, .durable = durable_at(disk, cut->at)};
    struct units units = find_units(disk, &choice.durable);
    bool *kept = disk_alloc(disk->event_count * sizeof(bool));

    state->disk = disk;
    choice.unit = cut->unit < units.count ? units.items[cut->unit] : DISK_NONE;
    choice.targets = disk_alloc(disk->entry_count * sizeof(size_t));
    for (size_t i = 0; i < disk->entry_count; i++)
        choice.targets[i] = disk->entries[i].base;
    keep_names(disk, cut, &choice.durable, choice.unit, kept);
    for (size_t i = 0; i < cut->at; i++)
        for (size_t j = 0; kept[i] && j < disk->events[i].entry_count; j++)
            choice.targets[disk->events[i].entry[j]] = disk->events[i].target[j];
    add_folder(state, &choice, 0, "", 0);
    free(kept);
    free(units.items);
    free(choice.targets);
    durable_release(&choice.durable);
    return state;
}

void disk_state_free(disk_state *state)
{
    if (state == NULL)
        return;
    for (size_t i = 0; i < state->node_count; i++)
        free(state->nodes[i].data);
    free(state->nodes);
    free(state);
}

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (; size >= 8; size -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof(word));
        hash = mix(hash, word);
    }
    for (; size > 0; size--)
        hash = mix(hash, *bytes++);
    return hash;
}

uint64_t disk_state_hash(const disk_state *state)
{
    uint64_t hash = state->node_count;
    for (size_t i = 0; i < state->node_count; i++) {
        const state_node *node = &state->nodes[i];
        hash = hash_bytes(hash, node->path, strlen(node->path));
        hash = mix(hash, mix(node->mode, node->size));
        hash = hash_bytes(hash, node->data, node->data == NULL ? 0 : node->size);
    }
    return hash;
}

const uint8_t *disk_state_file(const disk_state *state, const char *path, size_t *size)
{
    for (size_t i = 0; i < state->node_count; i++)
        if (state->nodes[i].data != NULL && strcmp(state->nodes[i].path, path) == 0) {
            *size = state->nodes[i].size;
            return state->nodes[i].data;
        }
    return NULL;
}

/* ---- on a real disk ---- */

void disk_remove_tree(const char *folder)
{
    char path[PATH_MAX];
    struct dirent *entry;
    DIR *dir = opendir(folder);

    if (dir == NULL) {
        if (unlink(folder) != 0 && errno != ENOENT)
            disk_fail("remove", folder);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (unlinkat(dirfd(dir), entry->d_name, 0) != 0)
            disk_remove_tree(path);
    }
    (void)closedir(dir);
    if (rmdir(folder) != 0)
        disk_fail("remove", folder);
}

static void write_file(const char *path, const state_node *node)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t done = 0;

    if (fd < 0)
        disk_fail("make", path);
    while (done < node->size) {
        ssize_t count = write(fd, node->data + done, node->size - done);
        if (count <= 0)
            disk_fail("write", path);
        done += (size_t)count;
    }
    if (fchmod(fd, node->mode) != 0 || close(fd) != 0)
        disk_fail("write", path);
}

/* The path of an earlier name of the same file, for a second one. */
static const state_node *first_name(const disk_state *state, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (state->nodes[i].object == state->nodes[index].object)
            return &state->nodes[i];
    return NULL;
}

void disk_state_write(const disk_state *state, const char *folder)
{
    char path[PATH_MAX];
    char other[PATH_MAX];

    disk_remove_tree(folder);
    if (mkdir(folder, state->disk->objects[0].mode) != 0)
        disk_fail("make", folder);
    for (size_t i = 0; i < state->node_count; i++) {
        const state_node *node = &state->nodes[i];
        const state_node *first = first_name(state, i);
        (void)snprintf(path, sizeof(path), "%s/%s", folder, node->path);
        if (state->disk->objects[node->object].is_folder) {
            if (mkdir(path, node->mode) != 0 || chmod(path, node->mode) != 0)
                disk_fail("make", path);
        } else if (first != NULL) {
            (void)snprintf(other, sizeof(other), "%s/%s", folder, first->path);
            if (link(other, path) != 0)
                disk_fail("link", path);
        } else {
            write_file(path, node);
        }
    }
}

static bool differs(const char *path, const char *how)
{
    (void)fprintf(stderr, "disk: %s %s\n", path, how);
    return false;
}

bool disk_state_matches(const disk_state *state, const char *folder)
{
    struct disk *real = disk_new(folder);
    disk_cut all = {.loss = DISK_KEEPS_ALL};
    disk_state *found = disk_state_new(real, &all);
    bool same = true;

    for (size_t i = 0; i < state->node_count && same; i++) {
        const state_node *node = &state->nodes[i];
        if (i >= found->node_count || strcmp(node->path, found->nodes[i].path) != 0)
            same = differs(node->path, "is on one side only");
        else if (node->mode != found->nodes[i].mode || node->size != found->nodes[i].size)
            same = differs(node->path, "has another mode or size");
        else if (node->data != NULL && memcmp(node->data, found->nodes[i].data, node->size) != 0)
            same = differs(node->path, "has other bytes");
    }
    if (same && found->node_count != state->node_count)
        same = differs(folder, "has more than was recorded");
    disk_state_free(found);
    disk_free(real);
    return same;
}

/* ---- telling ---- */

const char *disk_describe(const struct disk *disk, const disk_cut *cut)
{
    static const char *const losses[DISK_LOSSES] = {"keeps nothing", "keeps all", "loses only",
            "keeps only", "loses bytes and sizes", "loses bytes", "loses names", "tears",
            "keeps any", "forgets"};
    static const char *const kinds[RECORD_KINDS] = {"create", "mkdir", "link", "rename", "exchange",
            "unlink", "write", "truncate", "allocate", "clone", "clone of a range", "mode",
            "sync of a file", "sync of a folder", "syncfs", "failed sync", "forgetting", "mark"};
    static char text[3 * PATH_MAX];
    struct durable durable = durable_at(disk, cut->at);
    struct units units = find_units(disk, &durable);
    const disk_event *last = cut->at > 0 ? &disk->events[cut->at - 1] : NULL;
    char what[PATH_MAX] = "";

    if (cut->unit < units.count && units.items[cut->unit] < disk->event_count) {
        const disk_event *event = &disk->events[units.items[cut->unit]];
        (void)snprintf(what, sizeof(what), " the %s of %.1000s", kinds[event->kind],
                disk_entry_path(disk, event->entry[0]));
    } else if (cut->unit < units.count) {
        size_t object = units.items[cut->unit] - disk->event_count;
        for (size_t i = 0; i < disk->entry_count; i++)
            if (disk->entries[i].now == object || disk->entries[i].base == object)
                (void)snprintf(
                        what, sizeof(what), " the content of %.1000s", disk_entry_path(disk, i));
    }
    (void)snprintf(text, sizeof(text), "cut %zu of %zu (after %s%s%.1000s) %s%s, seed %llu",
            cut->at, disk->event_count, last == NULL ? "nothing" : kinds[last->kind],
            last != NULL && last->entry_count > 0 ? " of " : "",
            last != NULL && last->entry_count > 0 ? disk_entry_path(disk, last->entry[0]) : "",
            losses[cut->loss], what, (unsigned long long)cut->seed);
    free(units.items);
    durable_release(&durable);
    return text;
}
