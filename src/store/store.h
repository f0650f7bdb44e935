/* The store door: where blocks are kept. One table of functions a backend; the functions below are the
 * only way in, and they hash every block that comes out, whatever the backend said. */
#ifndef MS_STORE_STORE_H
#define MS_STORE_STORE_H

#include "base/buffer.h"
#include "cid/block.h"
#include "cid/cid.h"
#include "platform/file.h"
#include "task/task.h"

#define MS_BLOCK_SIZE_IN_MAX (2u << 20)  /* bytes of a block we accept */
#define MS_BLOCK_SIZE_OUT_MAX (1u << 20) /* bytes of a block we make */
/** Blocks of at least this size share extents with files of a model where they can: below it the bookkeeping of a shared extent
 *  costs as much as a copy. */
#define MS_BLOCK_SHARED_SIZE_MIN (64u << 10)
/** Buffers handed to put and get are aligned to this and sized to a multiple of it, so that direct I/O
 *  can be used; others work and are slower. */
#define MS_BLOCK_ALIGNMENT 4096

typedef struct ms_store ms_store;
typedef struct ms_store_session ms_store_session;

enum ms_store_capabilities {
    MS_STORE_WRITES = 1, /* sessions, pin, unpin */
    MS_STORE_LOCAL = 2,  /* answers without a network */
    MS_STORE_DELETES = 4 /* each, remove_many, quarantine, unclaimed */
};

/** A block to be put. cid is the hash of block: the caller computed it from this very buffer. */
typedef struct ms_block_put {
    ms_cid cid;
    ms_span block;      /* valid during the call */
    size_t buffer_size; /* bytes that may be read from block.data, at least block.size */
    int frozen_fd;      /* of ms_store_freeze: where block was read from, at frozen_offset; 0 = none (no file of ours is 0) */
    uint64_t frozen_offset;
    bool was_present;   /* out: the store had these bytes before */
} ms_block_put;

/** A block that is wanted, and the room for it. */
typedef struct ms_block_get {
    ms_cid cid;
    void *buffer;        /* the caller's; undefined content after a failure of this block */
    size_t buffer_size;  /* more bytes than this: MS_LIMIT for this block */
    /* out */
    ms_status status;    /* MS_OK; MS_NOT_FOUND; MS_INTEGRITY; MS_IO ...: of this block alone */
    size_t size;         /* bytes in buffer; with MS_INTEGRITY those that were found */
    uint8_t actual[32];  /* with MS_INTEGRITY: SHA-256 of what was found */
    int os_errno;        /* with MS_IO */
} ms_block_get;

/** Receives gets that are finished (well or not), each exactly once, in any order, possibly several at once;
 *  called by the thread that called ms_store_get_many. A failure ends the call and is returned by it. */
typedef ms_status (*ms_block_done_fn)(void *payload, ms_block_get *const *done, size_t count, ms_error *err);

typedef ms_status (*ms_block_listed_fn)(void *payload, const ms_cid *cid, uint64_t size, ms_error *err);

typedef struct ms_store_removed {
    uint64_t blocks;
    uint64_t bytes;
} ms_store_removed;

/** What a backend implements. Every function may be called by many threads at once unless it says
 *  otherwise. NULL where the capability is missing. */
typedef struct ms_store_backend {
    const char *kind; /* "fs", "kubo", "gateway", "memory" */
    unsigned capabilities;
    ms_status (*begin)(void *self, ms_task *task, void **session, ms_error *err);
    /* Put count blocks; each is taken when the call returns MS_OK, and can be read once it is flushed or committed.
     * Bytes that are there already are compared; a block that is damaged is replaced, the bad one moved to quarantine.
     * Blocks of one session are stored once. After a flush that failed every further put, flush and commit of the
     * session fails with the same error. Many threads a session. */
    ms_status (*put_many)(void *session, ms_block_put *puts, size_t count, ms_error *err);
    /* See ms_store_freeze. NULL where blocks are no files. */
    int (*freeze)(void *session, int fd, uint64_t offset, uint64_t size);
    /* All that was put survives power loss when this returns MS_OK, also what was present before. Ends the session. */
    ms_status (*commit)(void *session, ms_error *err);
    /* Like commit without ending the session: a later crash loses only what came after. */
    ms_status (*flush)(void *session, ms_error *err);
    /* End without commit: what was flushed stays (as unclaimed), the rest goes. Never fails. */
    void (*abort)(void *session);
    /* present[i]: the store seems to have cid i, with sizes[i] bytes where sizes is not NULL. Proves nothing. */
    ms_status (*has_many)(void *self, const ms_cid *cids, const uint64_t *sizes, size_t count, bool *present, ms_error *err);
    /* Deliver bytes as they are; the front hashes them. status is never MS_INTEGRITY here except when what is there cannot
     * be the block (no regular file, a length that cannot be right). */
    ms_status (*get_many)(void *self, ms_block_get *gets, size_t count, ms_block_done_fn done, void *payload, ms_error *err);
    /* See ms_store_clone. NULL where blocks are no files. */
    ms_file_cloned (*clone)(void *self, const ms_cid *cid, uint64_t size, int fd, uint64_t offset);
    ms_status (*pin)(void *self, const ms_cid *root, ms_error *err);
    ms_status (*unpin)(void *self, const ms_cid *root, ms_error *err);
    ms_status (*is_pinned)(void *self, const ms_cid *root, bool *pinned, ms_error *err);
    /* Roots that are pinned (pinned true) or were unpinned and not yet pruned (false). size is 0. */
    ms_status (*each_root)(void *self, bool pinned, ms_block_listed_fn listed, void *payload, ms_error *err);
    /* Drop the memory of an unpinned root after prune. */
    ms_status (*forget_root)(void *self, const ms_cid *root, ms_error *err);
    /* Every block, in no order, with its size on disk. The CID is CIDv1 raw: only the digest counts. */
    ms_status (*each)(void *self, ms_block_listed_fn listed, void *payload, ms_error *err);
    /* Blocks that unfinished sessions left behind and no commit claimed; some may come twice. */
    ms_status (*each_unclaimed)(void *self, ms_block_listed_fn listed, void *payload, ms_error *err);
    ms_status (*forget_unclaimed)(void *self, ms_error *err);
    /* Count blocks as unclaimed, durably: before what leads to them is deleted. */
    ms_status (*disclaim_many)(void *self, const ms_cid *cids, size_t count, ms_error *err);
    /* Delete blocks that this library wrote, between prune_begin (no dry run) and prune_end of this store: else MS_USAGE
     * "prune_not_begun". Blocks others wrote into the same place, and missing ones, are passed over; so is what the store
     * itself needs. */
    ms_status (*remove_many)(void *self, const ms_cid *cids, size_t count, ms_store_removed *removed, ms_error *err);
    /* Exclusive right to delete: no session and no reader (read_begin) is active. MS_LOCKED after wait_ms. What dead sessions
     * did not come to store is cleared away. A dry run changes nothing and may not delete, and each_unclaimed tells it
     * what it would tell otherwise. */
    ms_status (*prune_begin)(void *self, bool dry_run, int64_t wait_ms, ms_task *task, void **lock, ms_error *err);
    void (*prune_end)(void *self, void *lock);
    /* While a reader lock is held nothing is deleted. */
    ms_status (*read_begin)(void *self, ms_task *task, void **lock, ms_error *err);
    void (*read_end)(void *self, void *lock);
    /* What can be seen now survives power loss, and what is gone stays gone, whoever put or removed it: a process may
     * have been killed before it got to its own sync. */
    ms_status (*sync)(void *self, ms_error *err);
    /* Move the block's file aside; missing is success. */
    ms_status (*quarantine)(void *self, const ms_cid *cid, ms_error *err);
    /* True when another program (a Kubo) keeps its blocks in the same place. */
    bool (*is_shared_with_others)(void *self);
    /* Absolute path of a block's file; MS_LIMIT when path_size is too small. NULL where blocks are no files. */
    ms_status (*block_path)(void *self, const ms_cid *cid, char *path, size_t path_size, ms_error *err);
    void (*close)(void *self);
} ms_store_backend;

/** Wrap a backend; self is closed by ms_store_close (also when this fails). */
MS_MUST_CHECK ms_status ms_store_new(ms_store **store, const ms_store_backend *backend, void *self, ms_error *err);
void ms_store_close(ms_store *store);
const char *ms_store_kind(const ms_store *store);

/* The functions below are those of the table, with checks of arguments, and hashing of what comes out. A function whose
 * capability is missing returns MS_USAGE "store_cannot"; a CID of another hash than sha2-256 is MS_USAGE "store_hash". */
MS_MUST_CHECK ms_status ms_store_begin(ms_store *store, ms_store_session **session, ms_task *task, ms_error *err);
MS_MUST_CHECK ms_status ms_store_put_many(ms_store_session *session, ms_block_put *puts, size_t count, ms_error *err);
/** One small block (an inner node, a manifest): hashed here, *cid is set. */
MS_MUST_CHECK ms_status ms_store_put(ms_store_session *session, ms_cid *cid, uint32_t codec, ms_span block, bool *was_present, ms_error *err);
/** A file that shares size bytes at offset of fd with it, as they are now, and that nobody else has: what is read and hashed there is
 *  what a put of it stores, whatever happens to fd meanwhile, and costs neither writing nor space. Open for reading, around the page cache
 *  where that is used, and closed by the caller, after the put. -1 where extents cannot be shared or size is less than
 *  MS_BLOCK_SHARED_SIZE_MIN, and where this does not work now: then the bytes are read from fd. */
int ms_store_freeze(ms_store_session *session, int fd, uint64_t offset, uint64_t size);
MS_MUST_CHECK ms_status ms_store_flush(ms_store_session *session, ms_error *err);
/** Ends the session in any case; *session becomes NULL. */
MS_MUST_CHECK ms_status ms_store_commit(ms_store_session **session, ms_error *err);
void ms_store_abort(ms_store_session **session);
/** A sink for ms_file_dag and ms_directory_dag; valid while the session is. */
ms_block_sink ms_store_session_sink(ms_store_session *session);

MS_MUST_CHECK ms_status ms_store_has_many(ms_store *store, const ms_cid *cids, const uint64_t *sizes, size_t count, bool *present, ms_error *err);
/** Get blocks; each is hashed (several at once) before done sees it: MS_OK means its bytes are its CID's. */
MS_MUST_CHECK ms_status ms_store_get_many(ms_store *store, ms_block_get *gets, size_t count, ms_block_done_fn done, void *payload, ms_error *err);
/** One verified block into a buffer (cleared first). MS_NOT_FOUND, MS_INTEGRITY (chunk, cid and hint set). */
MS_MUST_CHECK ms_status ms_store_get(ms_store *store, const ms_cid *cid, ms_buffer *block, ms_error *err);
/** Let size bytes at offset of fd, which is open for writing, share what the store has as the block. Nobody has looked at the
 *  bytes: the caller hashes what it then reads there. */
ms_file_cloned ms_store_clone(ms_store *store, const ms_cid *cid, uint64_t size, int fd, uint64_t offset);
/** A source of verified blocks for ms_walk; valid while the store is. */
ms_block_source ms_store_source(ms_store *store);

MS_MUST_CHECK ms_status ms_store_pin(ms_store *store, const ms_cid *root, ms_error *err);
MS_MUST_CHECK ms_status ms_store_unpin(ms_store *store, const ms_cid *root, ms_error *err);
MS_MUST_CHECK ms_status ms_store_is_pinned(ms_store *store, const ms_cid *root, bool *pinned, ms_error *err);
MS_MUST_CHECK ms_status ms_store_each_root(ms_store *store, bool pinned, ms_block_listed_fn listed, void *payload, ms_error *err);
MS_MUST_CHECK ms_status ms_store_forget_root(ms_store *store, const ms_cid *root, ms_error *err);
MS_MUST_CHECK ms_status ms_store_each(ms_store *store, ms_block_listed_fn listed, void *payload, ms_error *err);
MS_MUST_CHECK ms_status ms_store_each_unclaimed(ms_store *store, ms_block_listed_fn listed, void *payload, ms_error *err);
MS_MUST_CHECK ms_status ms_store_forget_unclaimed(ms_store *store, ms_error *err);
MS_MUST_CHECK ms_status ms_store_disclaim_many(ms_store *store, const ms_cid *cids, size_t count, ms_error *err);
MS_MUST_CHECK ms_status ms_store_sync(ms_store *store, ms_error *err);
MS_MUST_CHECK ms_status ms_store_remove_many(ms_store *store, const ms_cid *cids, size_t count, ms_store_removed *removed, ms_error *err);
MS_MUST_CHECK ms_status ms_store_prune_begin(ms_store *store, bool dry_run, int64_t wait_ms, ms_task *task, void **lock, ms_error *err);
void ms_store_prune_end(ms_store *store, void *lock);
MS_MUST_CHECK ms_status ms_store_read_begin(ms_store *store, ms_task *task, void **lock, ms_error *err);
void ms_store_read_end(ms_store *store, void *lock);
MS_MUST_CHECK ms_status ms_store_quarantine(ms_store *store, const ms_cid *cid, ms_error *err);
bool ms_store_is_shared_with_others(ms_store *store);
MS_MUST_CHECK ms_status ms_store_block_path(ms_store *store, const ms_cid *cid, char *path, size_t path_size, ms_error *err);

#endif
