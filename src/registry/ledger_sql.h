/* What the ledger says to SQLite: its schema, and every query by name. */
#ifndef MS_REGISTRY_LEDGER_SQL_H
#define MS_REGISTRY_LEDGER_SQL_H

#include <stddef.h>

#define MS_LEDGER_APPLICATION_ID 0x6d734c31 /* "msL1" */
#define MS_LEDGER_SCHEMA_VERSION 1

/** The statements that make an empty ledger, which stand in sqlite_schema word for word. */
extern const char *const ms_ledger_schema[];
extern const size_t ms_ledger_schema_count;

typedef enum ms_ledger_query {
    MS_LEDGER_BEGIN,
    MS_LEDGER_BEGIN_IMMEDIATE,
    MS_LEDGER_COMMIT,
    MS_LEDGER_ROLLBACK,
    MS_LEDGER_LAST_ROW,         /* -> seq, hash, row */
    MS_LEDGER_ROW,              /* seq -> hash, row */
    MS_LEDGER_ADD_ROW,          /* seq, hash, row */
    MS_LEDGER_MODEL,            /* id, publisher -> newest, newest_active, status, status_seq, highest version */
    MS_LEDGER_ADD_MODEL,        /* id, publisher, newest, newest_active, status, status_seq */
    MS_LEDGER_SET_MODEL,        /* the same */
    MS_LEDGER_VERSION,          /* id, publisher, version -> seq, status, status_seq, manifest */
    MS_LEDGER_ADD_VERSION,      /* id, publisher, version, seq, manifest */
    MS_LEDGER_SET_VERSION,      /* id, publisher, version, status, status_seq */
    MS_LEDGER_NEWEST_ACTIVE,    /* id, publisher -> version */
    MS_LEDGER_VERSION_BELOW,    /* id, publisher, version -> version, seq */
    /* All below give id, publisher, version of the next record after what is bound. */
    MS_LEDGER_NEXT_MODEL,       /* id, publisher, inactive too */
    MS_LEDGER_NEXT_MODEL_OF,    /* id, publisher, inactive too */
    MS_LEDGER_NEXT_VERSION,     /* id, publisher, inactive too, version */
    MS_LEDGER_NEXT_VERSION_OF,  /* id, publisher, inactive too, version */
    MS_LEDGER_NEXT_OLDER,       /* id, publisher, version */
    MS_LEDGER_NEXT_PUBLISHER,   /* id, publisher */
    MS_LEDGER_NEXT_FOUND,       /* manifest, seq -> also seq */
    MS_LEDGER_NEXT_ROW,         /* seq -> the next seq that is there */
    MS_LEDGER_BELOW_FIRST,      /* -> rows before the first, of which there are none */
    MS_LEDGER_COUNT_VERSIONS,   /* seq -> versions up to it */
    MS_LEDGER_QUERY_COUNT
} ms_ledger_query;

const char *ms_ledger_query_text(ms_ledger_query query);

#endif
