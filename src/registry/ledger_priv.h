/* What the files of the ledger share: the open database, and the steps that reading, writing and checking are made of.
 * Every function here is called with the ledger's mutex held, or by its only owner. */
#ifndef MS_REGISTRY_LEDGER_PRIV_H
#define MS_REGISTRY_LEDGER_PRIV_H

#include <sqlite3.h>

#include "platform/file.h"
#include "platform/thread.h"
#include "registry/ledger.h"
#include "registry/ledger_row.h"
#include "registry/ledger_sql.h"

#define MS_LEDGER_FILE "ledger.db"
#define MS_LEDGER_BUSY_TIMEOUT_MS 30000

typedef enum ms_ledger_access {
    MS_LEDGER_READ,      /* as good as the file's permissions allow; writes only to roll an unfinished write back */
    MS_LEDGER_WRITE,     /* makes the file */
    MS_LEDGER_READ_ONLY  /* never writes, whatever is found */
} ms_ledger_access;

typedef struct ms_ledger {
    char *home;
    char *path;       /* of the file */
    ms_state *state;  /* may be NULL */
    ms_mutex mutex;
    sqlite3 *database; /* NULL = not open */
    bool writable;
    uint64_t device; /* of the open file: a file put in its place is noticed */
    uint64_t inode;
    sqlite3_stmt *statements[MS_LEDGER_QUERY_COUNT]; /* made when first used */
} ms_ledger;

/** Which version of which model. */
typedef struct ms_ledger_key {
    char model_id[MS_MODEL_ID_SIZE_MAX + 1];
    ms_address publisher;
    uint32_t version;
} ms_ledger_key;

/** Index entries, as they stand: rows prove them. */
typedef struct ms_ledger_model {
    uint32_t newest;
    uint32_t newest_active; /* newest version whose own status is active; 0 = none */
    ms_record_status status;
    uint64_t status_sequence; /* row that set it; 0 = active from the start */
} ms_ledger_model;
typedef struct ms_ledger_version {
    uint64_t sequence; /* row that published it */
    ms_record_status status;
    uint64_t status_sequence;
    uint8_t manifest[32];
} ms_ledger_version;

/* ---- ledger_file.c: the file and its connection ---- */

MS_MUST_CHECK ms_status ms_ledger_init(ms_ledger *ledger, const char *home, ms_state *state, ms_error *err);
void ms_ledger_release(ms_ledger *ledger);
/** Have the file open and known to be a ledger of ours that was not rolled back. *missing (may be NULL
 *  with MS_LEDGER_WRITE) when there is none. */
MS_MUST_CHECK ms_status ms_ledger_attach(ms_ledger *ledger, ms_ledger_access access, bool *missing, ms_error *err);
/** Make the rows that others wrote durable. A writer that was killed after its journal was gone, and before that was on disk, has
 *  left rows that a power cut takes back: nothing is said about them before. Where the folder may not be synced no writer of ours
 *  was. */
MS_MUST_CHECK ms_status ms_ledger_settle(const ms_ledger *ledger, ms_error *err);
/** Inside a write: still a ledger of this version, with the row that was last seen. */
MS_MUST_CHECK ms_status ms_ledger_check_unchanged(ms_ledger *ledger, ms_error *err);
/** Close the connection; the next attach opens it again. */
void ms_ledger_detach(ms_ledger *ledger);
/** The last failure of SQLite, with the path and what to do. */
ms_status ms_ledger_fail(ms_ledger *ledger, const char *doing, ms_error *err);
/** What is said of damage that is not SQLite's to notice. sequence 0 = the file as a whole. */
ms_status ms_ledger_damaged(const ms_ledger *ledger, uint64_t sequence, const char *reason, const char *what, ms_error *err);
void ms_ledger_set_damage_hint(const ms_ledger *ledger, ms_error *err);

/* ---- ledger_statement.c ---- */

/** A query ready to be bound; step it with ms_ledger_step and reset it with ms_ledger_done. */
MS_MUST_CHECK ms_status ms_ledger_prepare(ms_ledger *ledger, sqlite3_stmt **statement, ms_ledger_query query, ms_error *err);
/** *row says whether there is a row of results. */
MS_MUST_CHECK ms_status ms_ledger_step(ms_ledger *ledger, sqlite3_stmt *statement, bool *row, const char *doing, ms_error *err);
void ms_ledger_done(sqlite3_stmt *statement);
/** Begin, and end in one of two ways. end is called after every begin that succeeded: it commits when
 *  status is MS_OK, and returns the first failure. */
MS_MUST_CHECK ms_status ms_ledger_begin(ms_ledger *ledger, bool write, ms_error *err);
MS_MUST_CHECK ms_status ms_ledger_end(ms_ledger *ledger, ms_status status, ms_error *err);

void ms_ledger_bind_key(sqlite3_stmt *statement, const ms_ledger_key *key);
void ms_ledger_bind_span(sqlite3_stmt *statement, int index, ms_span bytes);
void ms_ledger_bind_number(sqlite3_stmt *statement, int index, uint64_t number);
/** Bytes of a column, valid until the statement is stepped or reset. */
ms_span ms_ledger_column_span(sqlite3_stmt *statement, int column);
/** false unless the column is an integer from 0 to value_max. */
bool ms_ledger_column_number(sqlite3_stmt *statement, int column, uint64_t *number, uint64_t value_max);
/** false unless the column is exactly size bytes. */
bool ms_ledger_column_bytes(sqlite3_stmt *statement, int column, uint8_t *bytes, size_t size);

/* ---- ledger_read.c: proven rows and records ---- */

ms_ledger_key ms_ledger_key_of(const ms_address *publisher, ms_span model_id, uint32_t version);
/** Read row sequence, prove it, and leave statement holding its bytes until ms_ledger_done. statement is
 *  NULL when there is nothing to release. MS_INTEGRITY names the row. */
MS_MUST_CHECK ms_status ms_ledger_load_row(ms_ledger *ledger, uint64_t sequence, ms_ledger_row *row,
        sqlite3_stmt **statement, ms_error *err);
/** Prove hash and bytes as the row of that number; row points into bytes. */
MS_MUST_CHECK ms_status ms_ledger_prove_row(ms_ledger *ledger, uint64_t sequence, ms_span hash, ms_span bytes,
        ms_ledger_row *row, ms_error *err);
/** Sequence (0 = empty ledger) and hash of the last row; the hash is that of its bytes. */
MS_MUST_CHECK ms_status ms_ledger_last_row(ms_ledger *ledger, uint64_t *sequence, uint8_t hash[32], ms_error *err);
MS_MUST_CHECK ms_status ms_ledger_find_model(ms_ledger *ledger, const ms_ledger_key *key, bool *found,
        ms_ledger_model *model, ms_error *err);
MS_MUST_CHECK ms_status ms_ledger_find_version(ms_ledger *ledger, const ms_ledger_key *key, bool *found,
        ms_ledger_version *version, ms_error *err);
/** The record of a version that is there, proven by its rows. MS_NOT_FOUND "model_unknown", "version_unknown". */
MS_MUST_CHECK ms_status ms_ledger_load_record(ms_ledger *ledger, const ms_ledger_key *key, ms_arena *arena,
        ms_record *record, ms_error *err);
/** key->version 0 becomes the newest one. MS_NOT_FOUND "model_unknown". */
MS_MUST_CHECK ms_status ms_ledger_fill_version(ms_ledger *ledger, ms_ledger_key *key, ms_error *err);

ms_status ms_ledger_resolve(void *self, const ms_address *publisher, const char *model_id, uint32_t version, ms_arena *arena, ms_record *record, ms_error *err);
ms_status ms_ledger_find(void *self, const uint8_t manifest[32], ms_record_fn found, void *payload, ms_error *err);
ms_status ms_ledger_find_id(void *self, const char *model_id, ms_record_fn found, void *payload, ms_error *err);
ms_status ms_ledger_list(void *self, const ms_record_page *page, ms_record_fn listed, void *payload, ms_arena *arena, const char **next, ms_error *err);
ms_status ms_ledger_history(void *self, const ms_address *publisher, const char *model_id, ms_record_fn listed, void *payload, ms_error *err);

/* ---- ledger_write.c, ledger_check.c ---- */

ms_status ms_ledger_publish(void *self, const ms_signer *signer, const ms_publication *publication, ms_arena *arena, ms_record *record, ms_error *err);
ms_status ms_ledger_set_status(void *self, const ms_signer *signer, const ms_status_change *change, bool *changed, ms_error *err);
ms_status ms_ledger_check(void *self, ms_task *task, uint64_t *entries, ms_registry_fault_fn fault, void *payload, ms_error *err);

#endif
