/* SQLite's virtual file system over platform: rollback journals only, no shared memory.
 * The lock protocol is that of SQLite's own os_unix.c on the same byte ranges, but with locks of
 * the open file description, so two connections of one process exclude each other without
 * bookkeeping. Source: https://www.sqlite.org/c3ref/io_methods.html,
 * https://www.sqlite.org/lockingv3.html */
#include "platform/sqlite_vfs.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/folder.h"
#include "platform/lock.h"
#include "platform/random.h"
#include "platform/sqlite_sum.h"
#include "platform/sqlite_file.h"
#include "platform/sys.h"

/* lockingv3, "Locking and concurrency": where the locks lie, beyond what databases hold there. */
#define PENDING_BYTE UINT64_C(0x40000000)
#define RESERVED_BYTE (PENDING_BYTE + 1)
#define SHARED_FIRST (PENDING_BYTE + 2)
#define SHARED_SIZE UINT64_C(510)
#define SECTOR_SIZE 4096
/* fileformat2, "The database header": its size, and where the bytes left alone in a page are told.
 */
#define HEADER_SIZE 100
#define HEADER_RESERVED 20
/* Milliseconds from noon of 4714-11-24 BC, the start of the Julian day number, to 1970. */
#define JULIAN_EPOCH_MS INT64_C(210866760000000)

typedef struct vfs_file {
    sqlite3_file base;
    const char *path; /* SQLite keeps it until xClose */
    int fd;
    int level;        /* SQLITE_LOCK_* */
    bool sync_folder; /* the name is new: the first sync covers the folder too */
    bool remove_on_close;
    bool has_sums;  /* a database whose pages have checksums */
    int last_errno; /* of the last failed call; kept over xClose, see ms_sqlite_file_errno */
} vfs_file;

/* Calls without a file: SQLite asks xGetLastError for what errno was. */
static int fail_with(int code, const ms_error *error)
{
    errno = error->os_errno;
    return code;
}

/* Calls of a file keep it besides, because SQLite may ask only after it has rolled back. */
static int fail_file(vfs_file *file, int code, const ms_error *error)
{
    file->last_errno = error->os_errno;
    return fail_with(code, error);
}

int ms_sqlite_file_errno(sqlite3_file *base)
{
    return ((vfs_file *)base)->last_errno;
}

static int vfs_close(sqlite3_file *base)
{
    vfs_file *file = (vfs_file *)base;
    ms_error error = MS_ERROR_INIT;
    int result = SQLITE_OK;

    if (ms_file_close_checked(file->fd, &error) != MS_OK)
        result = fail_file(file, SQLITE_IOERR_CLOSE, &error);
    file->fd = -1;
    if (file->remove_on_close)
        (void)ms_sys_unlinkat(MS_DIR_CURRENT, file->path, 0);
    return result;
}

/* SQLite reads whole pages, or pieces of the header before it knows their size; what the header
 * says counts only once the whole first page was read. */
static bool sums_are_good(const uint8_t *data, int size, sqlite3_int64 offset)
{
    if (size != MS_SQLITE_PAGE_SIZE)
        return offset + size <= HEADER_SIZE;
    return offset % MS_SQLITE_PAGE_SIZE == 0 &&
           ms_sqlite_sum_is_good(data, (uint64_t)(offset / MS_SQLITE_PAGE_SIZE));
}

static int vfs_read(sqlite3_file *base, void *data, int size, sqlite3_int64 offset)
{
    vfs_file *file = (vfs_file *)base;
    ms_error error = MS_ERROR_INIT;
    size_t got;

    if (ms_file_read_at(file->fd, data, (size_t)size, (uint64_t)offset, &got, &error) != MS_OK)
        return fail_file(file, SQLITE_IOERR_READ, &error);
    if (file->has_sums && got > 0 && (got == (size_t)size || size == MS_SQLITE_PAGE_SIZE)) {
        if (got < (size_t)size || !sums_are_good(data, size, offset))
            return SQLITE_IOERR_DATA;
    }
    if (got == (size_t)size)
        return SQLITE_OK;
    memset((uint8_t *)data + got, 0, (size_t)size - got); /* required of xRead */
    return SQLITE_IOERR_SHORT_READ;
}

static int vfs_write(sqlite3_file *base, const void *data, int size, sqlite3_int64 offset)
{
    vfs_file *file = (vfs_file *)base;
    ms_error error = MS_ERROR_INIT;
    uint8_t page[MS_SQLITE_PAGE_SIZE];

    if (file->has_sums) {
        /* A database that uses the place of the sums was not made for them. */
        if (size != MS_SQLITE_PAGE_SIZE || offset % MS_SQLITE_PAGE_SIZE != 0 ||
                (offset == 0 && ((const uint8_t *)data)[HEADER_RESERVED] != MS_SQLITE_SUM_SIZE))
            return SQLITE_IOERR_DATA;
        memcpy(page, data, sizeof(page));
        ms_sqlite_sum_set(page, (uint64_t)(offset / MS_SQLITE_PAGE_SIZE));
        data = page;
    }
    if (ms_file_write_at(file->fd, data, (size_t)size, (uint64_t)offset, &error) == MS_OK)
        return SQLITE_OK;
    return fail_file(file, error.os_errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE, &error);
}

static int vfs_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    vfs_file *file = (vfs_file *)base;
    ms_error error = MS_ERROR_INIT;

    if (ms_file_truncate(file->fd, (uint64_t)size, &error) != MS_OK)
        return fail_file(file, SQLITE_IOERR_TRUNCATE, &error);
    return SQLITE_OK;
}

static int vfs_sync(sqlite3_file *base, int flags)
{
    vfs_file *file = (vfs_file *)base;
    ms_error error = MS_ERROR_INIT;

    (void)flags; /* a sync of the data alone would save little and trusts more */
    if (ms_file_sync(file->fd, &error) != MS_OK)
        return fail_file(file, SQLITE_IOERR_FSYNC, &error);
    if (!file->sync_folder)
        return SQLITE_OK;
    if (ms_folder_sync_parent(MS_DIR_CURRENT, file->path, &error) != MS_OK)
        return fail_file(file, SQLITE_IOERR_DIR_FSYNC, &error);
    file->sync_folder = false;
    return SQLITE_OK;
}

static int vfs_size(sqlite3_file *base, sqlite3_int64 *size)
{
    vfs_file *file = (vfs_file *)base;
    ms_error error = MS_ERROR_INIT;
    ms_file_status status;

    *size = 0;
    if (ms_file_status_of(file->fd, &status, &error) != MS_OK)
        return fail_file(file, SQLITE_IOERR_FSTAT, &error);
    *size = (sqlite3_int64)status.size;
    return SQLITE_OK;
}

/* The answer to a lock that was not had: held elsewhere, or failed. */
static int lock_refused(vfs_file *file, int failure)
{
    if (errno == EAGAIN || errno == EACCES)
        return SQLITE_BUSY;
    file->last_errno = errno;
    return failure;
}

/* A reader passes the PENDING byte, so that no new one starts while a writer waits there. */
static int take_shared(vfs_file *file)
{
    int result = SQLITE_OK;

    if (!ms_lock_range(file->fd, F_RDLCK, PENDING_BYTE, 1))
        return lock_refused(file, SQLITE_IOERR_RDLOCK);
    if (!ms_lock_range(file->fd, F_RDLCK, SHARED_FIRST, SHARED_SIZE))
        result = lock_refused(file, SQLITE_IOERR_RDLOCK);
    if (!ms_lock_range(file->fd, F_UNLCK, PENDING_BYTE, 1))
        result = SQLITE_IOERR_UNLOCK;
    if (result == SQLITE_OK)
        file->level = SQLITE_LOCK_SHARED;
    else
        (void)ms_lock_range(file->fd, F_UNLCK, 0, 0);
    return result;
}

/* PENDING is kept when readers remain: they finish, no new ones start, and the next try succeeds.
 */
static int take_exclusive(vfs_file *file)
{
    if (file->level < SQLITE_LOCK_PENDING) {
        if (!ms_lock_range(file->fd, F_WRLCK, PENDING_BYTE, 1))
            return lock_refused(file, SQLITE_IOERR_LOCK);
        file->level = SQLITE_LOCK_PENDING;
    }
    if (!ms_lock_range(file->fd, F_WRLCK, SHARED_FIRST, SHARED_SIZE))
        return lock_refused(file, SQLITE_IOERR_LOCK);
    file->level = SQLITE_LOCK_EXCLUSIVE;
    return SQLITE_OK;
}

static int vfs_lock(sqlite3_file *base, int level)
{
    vfs_file *file = (vfs_file *)base;

    if (file->level >= level)
        return SQLITE_OK;
    if (level == SQLITE_LOCK_SHARED) {
        file->last_errno = 0; /* a transaction begins */
        return take_shared(file);
    }
    if (level == SQLITE_LOCK_EXCLUSIVE)
        return take_exclusive(file);
    if (!ms_lock_range(file->fd, F_WRLCK, RESERVED_BYTE, 1))
        return lock_refused(file, SQLITE_IOERR_LOCK);
    file->level = SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
}

static int vfs_unlock(sqlite3_file *base, int level)
{
    vfs_file *file = (vfs_file *)base;

    if (file->level <= level)
        return SQLITE_OK;
    if (level == SQLITE_LOCK_NONE) {
        if (!ms_lock_range(file->fd, F_UNLCK, 0, 0))
            return SQLITE_IOERR_UNLOCK;
    } else {
        /* First down to reading, which never waits, then let others reserve. */
        if (!ms_lock_range(file->fd, F_RDLCK, SHARED_FIRST, SHARED_SIZE))
            return SQLITE_IOERR_RDLOCK;
        if (!ms_lock_range(file->fd, F_UNLCK, PENDING_BYTE, 2))
            return SQLITE_IOERR_UNLOCK;
    }
    file->level = level;
    return SQLITE_OK;
}

static int vfs_check_reserved(sqlite3_file *base, int *reserved)
{
    vfs_file *file = (vfs_file *)base;
    bool held = file->level > SQLITE_LOCK_SHARED;

    *reserved = 0;
    if (!held && !ms_lock_range_is_held(file->fd, RESERVED_BYTE, 1, &held))
        return SQLITE_IOERR_CHECKRESERVEDLOCK;
    *reserved = held ? 1 : 0;
    return SQLITE_OK;
}

/* Whether the name no longer leads to the open file: a journal beside it would then be for another.
 */
static bool has_moved(const vfs_file *file)
{
    ms_file_status by_name;
    ms_file_status by_fd;

    if (ms_file_status_at(MS_DIR_CURRENT, file->path, false, &by_name, NULL) != MS_OK)
        return true;
    if (ms_file_status_of(file->fd, &by_fd, NULL) != MS_OK)
        return true;
    return by_name.device != by_fd.device || by_name.inode != by_fd.inode;
}

static int vfs_control(sqlite3_file *base, int operation, void *argument)
{
    vfs_file *file = (vfs_file *)base;

    switch (operation) {
    case SQLITE_FCNTL_LOCKSTATE:
        *(int *)argument = file->level;
        return SQLITE_OK;
    case SQLITE_FCNTL_HAS_MOVED:
        *(int *)argument = has_moved(file) ? 1 : 0;
        return SQLITE_OK;
    case SQLITE_FCNTL_VFSNAME:
        *(char **)argument = sqlite3_mprintf("%s", MS_SQLITE_VFS_NAME);
        return SQLITE_OK;
    default:
        return SQLITE_NOTFOUND;
    }
}

static int vfs_sector_size(sqlite3_file *base)
{
    (void)base;
    return SECTOR_SIZE;
}

/* Nothing is promised about the device: SQLite then assumes torn and reordered writes. */
static int vfs_device(sqlite3_file *base)
{
    (void)base;
    return 0;
}

static const sqlite3_io_methods file_methods = {
        .iVersion = 1, /* no shared memory, hence no WAL */
        .xClose = vfs_close,
        .xRead = vfs_read,
        .xWrite = vfs_write,
        .xTruncate = vfs_truncate,
        .xSync = vfs_sync,
        .xFileSize = vfs_size,
        .xLock = vfs_lock,
        .xUnlock = vfs_unlock,
        .xCheckReservedLock = vfs_check_reserved,
        .xFileControl = vfs_control,
        .xSectorSize = vfs_sector_size,
        .xDeviceCharacteristics = vfs_device,
};

static int vfs_open(
        sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *flags_out)
{
    vfs_file *file = (vfs_file *)base;
    ms_error error = MS_ERROR_INIT;
    int wanted = MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR;
    bool create = (flags & SQLITE_OPEN_CREATE) != 0;

    memset(file, 0, sizeof(*file)); /* no methods: SQLite then does not call xClose */
    file->fd = -1;
    if (path == NULL) {
        errno = ENOTSUP; /* a temporary file: those are kept in memory */
        return SQLITE_CANTOPEN;
    }
    wanted |= (flags & SQLITE_OPEN_READWRITE) != 0 ? MS_OPEN_WRITE : 0;
    wanted |= create ? MS_OPEN_CREATE : 0;
    wanted |= create && (flags & SQLITE_OPEN_EXCLUSIVE) != 0 ? MS_OPEN_EXCLUSIVE : 0;
    if (ms_file_open(&file->fd, MS_DIR_CURRENT, path, wanted, 0600, &error) != MS_OK)
        return fail_with(SQLITE_CANTOPEN, &error);
    file->path = path;
    file->level = SQLITE_LOCK_NONE;
    file->sync_folder = create;
    file->remove_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    file->has_sums = vfs->pAppData != NULL && (flags & SQLITE_OPEN_MAIN_DB) != 0;
    file->base.pMethods = &file_methods;
    if (flags_out != NULL)
        *flags_out = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    ms_error error = MS_ERROR_INIT;

    (void)vfs;
    if (ms_sys_unlinkat(MS_DIR_CURRENT, path, 0) != 0)
        return errno == ENOENT ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
    if (sync_folder != 0 && ms_folder_sync_parent(MS_DIR_CURRENT, path, &error) != MS_OK)
        return fail_with(SQLITE_IOERR_DIR_FSYNC, &error);
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *answer)
{
    ms_error error = MS_ERROR_INIT;
    ms_file_status status;
    ms_status found;

    (void)vfs;
    *answer = 0;
    if (flags != SQLITE_ACCESS_EXISTS) {
        int mode = flags == SQLITE_ACCESS_READWRITE ? R_OK | W_OK : R_OK;
        *answer = ms_sys_faccessat(MS_DIR_CURRENT, path, mode, 0) == 0 ? 1 : 0;
        return SQLITE_OK;
    }
    found = ms_file_status_at(MS_DIR_CURRENT, path, false, &status, &error);
    /* A journal that cannot be looked at is not taken for absent: a hot one would stay unused. */
    if (found != MS_OK && found != MS_NOT_FOUND)
        return fail_with(SQLITE_IOERR_ACCESS, &error);
    /* An empty journal says nothing, as os_unix.c has it. */
    *answer = found == MS_OK && (status.kind != MS_FILE_REGULAR || status.size > 0) ? 1 : 0;
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *full)
{
    size_t length = strlen(path);

    (void)vfs;
    if (path[0] != '/' || length >= (size_t)size) {
        errno = path[0] != '/' ? EINVAL : ENAMETOOLONG;
        return SQLITE_CANTOPEN;
    }
    memcpy(full, path, length + 1);
    return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *data)
{
    (void)vfs;
    memset(data, 0, (size_t)size);
    return ms_random_bytes(data, (size_t)size, NULL) == MS_OK ? size : 0;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    uint64_t duration_ms = ((uint64_t)microseconds + 999) / 1000;

    (void)vfs;
    ms_clock_sleep_ms(duration_ms);
    return (int)(duration_ms * 1000);
}

static int vfs_now_int64(sqlite3_vfs *vfs, sqlite3_int64 *julian_ms)
{
    (void)vfs;
    *julian_ms = JULIAN_EPOCH_MS + ms_clock_wall_seconds() * 1000;
    return SQLITE_OK;
}

static int vfs_now(sqlite3_vfs *vfs, double *julian_days)
{
    sqlite3_int64 julian_ms;
    int result = vfs_now_int64(vfs, &julian_ms);
    *julian_days = (double)julian_ms / 86400000.0;
    return result;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *text)
{
    (void)vfs;
    (void)size;
    (void)text;
    return errno;
}

/* Extensions are not loaded: the four functions that would do it find nothing. */
static void *vfs_library_open(sqlite3_vfs *vfs, const char *path)
{
    (void)vfs;
    (void)path;
    return NULL;
}

static void vfs_library_error(sqlite3_vfs *vfs, int size, char *text)
{
    (void)vfs;
    sqlite3_snprintf(size, text, "extensions are not loaded");
}

static void (*vfs_library_symbol(sqlite3_vfs *vfs, void *library, const char *name))(void)
{
    (void)vfs;
    (void)library;
    (void)name;
    return NULL;
}

static void vfs_library_close(sqlite3_vfs *vfs, void *library)
{
    (void)vfs;
    (void)library;
}

/* Written once, by SQLite while it is registered. */
static sqlite3_vfs platform_vfs = {
        .iVersion = 2,
        .szOsFile = sizeof(vfs_file),
        .mxPathname = MS_FILE_PATH_SIZE_MAX,
        .zName = MS_SQLITE_VFS_NAME,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xDlOpen = vfs_library_open,
        .xDlError = vfs_library_error,
        .xDlSym = vfs_library_symbol,
        .xDlClose = vfs_library_close,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_now,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_now_int64,
};
static sqlite3_vfs summed_vfs;
static pthread_once_t registration = PTHREAD_ONCE_INIT;
static int registration_result;

static void register_once(void)
{
    summed_vfs = platform_vfs;
    summed_vfs.zName = MS_SQLITE_SUMMED_VFS_NAME;
    summed_vfs.pAppData = &summed_vfs; /* what vfs_open knows it by */
    registration_result =
            sqlite3_threadsafe() != 0 ? sqlite3_vfs_register(&platform_vfs, 0) : SQLITE_MISUSE;
    if (registration_result == SQLITE_OK)
        registration_result = sqlite3_vfs_register(&summed_vfs, 0);
}

ms_status ms_sqlite_register(ms_error *err)
{
    if (pthread_once(&registration, register_once) != 0 || registration_result != SQLITE_OK)
        return ms_fail(err, MS_INTERNAL, "database_failed", "Cannot set SQLite up (code %d)",
                registration_result);
    return MS_OK;
}
