/* Schema and queries of the ledger. rows is the ledger; models and versions say again what the rows
 * say, in an order in which it is found. Each query that lists gives one record and is asked again
 * with its key, so no cursor stays open. */
#include "registry/ledger_sql.h"

#include "base/checked.h"

const char *const ms_ledger_schema[] = {
        "CREATE TABLE rows(seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, row BLOB NOT NULL)",
        "CREATE TABLE models(id TEXT NOT NULL, publisher BLOB NOT NULL, newest INTEGER NOT NULL, "
        "newest_active INTEGER NOT NULL, status INTEGER NOT NULL, status_seq INTEGER NOT NULL, "
        "PRIMARY KEY(id, publisher)) WITHOUT ROWID",
        "CREATE TABLE versions(id TEXT NOT NULL, publisher BLOB NOT NULL, version INTEGER NOT "
        "NULL, "
        "seq INTEGER NOT NULL, status INTEGER NOT NULL, status_seq INTEGER NOT NULL, "
        "manifest BLOB NOT NULL, PRIMARY KEY(id, publisher, version)) WITHOUT ROWID",
        "CREATE INDEX models_by_publisher ON models(publisher, id)",
        "CREATE INDEX versions_by_publisher ON versions(publisher, id, version)",
        "CREATE INDEX versions_by_manifest ON versions(manifest, seq)",
        "CREATE TRIGGER rows_are_appended BEFORE INSERT ON rows "
        "WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM rows) "
        "BEGIN SELECT raise(ABORT, 'rows are only appended'); END",
        "CREATE TRIGGER rows_never_change BEFORE UPDATE ON rows "
        "BEGIN SELECT raise(ABORT, 'rows are only appended'); END",
        "CREATE TRIGGER rows_never_go BEFORE DELETE ON rows "
        "BEGIN SELECT raise(ABORT, 'rows are only appended'); END",
};
const size_t ms_ledger_schema_count = MS_ARRAY_COUNT(ms_ledger_schema);

#define MODEL_IS_WANTED "(?3 OR (status = 0 AND newest_active > 0))"
#define MODEL_KEY "id, publisher, CASE WHEN ?3 THEN newest ELSE newest_active END"
#define VERSION_IS_WANTED                                                                          \
    "(?3 OR (v.status = 0 AND 0 = "                                                                \
    "(SELECT m.status FROM models AS m WHERE m.id = v.id AND m.publisher = v.publisher)))"

static const char *const texts[MS_LEDGER_QUERY_COUNT] = {
        [MS_LEDGER_BEGIN] = "BEGIN",
        [MS_LEDGER_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
        [MS_LEDGER_COMMIT] = "COMMIT",
        [MS_LEDGER_ROLLBACK] = "ROLLBACK",
        [MS_LEDGER_LAST_ROW] = "SELECT seq, hash, row FROM rows ORDER BY seq DESC LIMIT 1",
        [MS_LEDGER_ROW] = "SELECT hash, row FROM rows WHERE seq = ?1",
        [MS_LEDGER_ADD_ROW] = "INSERT INTO rows(seq, hash, row) VALUES(?1, ?2, ?3)",
        [MS_LEDGER_MODEL] = "SELECT newest, newest_active, status, status_seq, "
                            "(SELECT max(version) FROM versions WHERE id = ?1 AND publisher = ?2) "
                            "FROM models "
                            "WHERE id = ?1 AND publisher = ?2",
        [MS_LEDGER_ADD_MODEL] = "INSERT INTO models(id, publisher, newest, newest_active, status, "
                                "status_seq) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        [MS_LEDGER_SET_MODEL] = "UPDATE models SET newest = ?3, newest_active = ?4, status = ?5, "
                                "status_seq = ?6 WHERE id = ?1 AND publisher = ?2",
        [MS_LEDGER_VERSION] = "SELECT seq, status, status_seq, manifest FROM versions "
                              "WHERE id = ?1 AND publisher = ?2 AND version = ?3",
        [MS_LEDGER_ADD_VERSION] = "INSERT INTO versions(id, publisher, version, seq, status, "
                                  "status_seq, manifest) VALUES(?1, ?2, ?3, ?4, 0, 0, ?5)",
        [MS_LEDGER_SET_VERSION] = "UPDATE versions SET status = ?4, status_seq = ?5 "
                                  "WHERE id = ?1 AND publisher = ?2 AND version = ?3",
        [MS_LEDGER_NEWEST_ACTIVE] = "SELECT version FROM versions WHERE id = ?1 AND publisher = ?2 "
                                    "AND status = 0 ORDER BY version DESC LIMIT 1",
        [MS_LEDGER_VERSION_BELOW] = "SELECT version, seq FROM versions WHERE id = ?1 "
                                    "AND publisher = ?2 AND version < ?3 "
                                    "ORDER BY version DESC LIMIT 1",
        [MS_LEDGER_NEXT_MODEL] = "SELECT " MODEL_KEY " FROM models "
                                 "WHERE (id, publisher) > (?1, ?2) AND " MODEL_IS_WANTED
                                 " ORDER BY id, publisher LIMIT 1",
        [MS_LEDGER_NEXT_MODEL_OF] =
                "SELECT " MODEL_KEY " FROM models INDEXED BY models_by_publisher "
                "WHERE publisher = ?2 AND id > ?1 AND " MODEL_IS_WANTED " ORDER BY id LIMIT 1",
        [MS_LEDGER_NEXT_VERSION] =
                "SELECT id, publisher, version FROM versions AS v "
                "WHERE (id, publisher, version) > (?1, ?2, ?4) AND " VERSION_IS_WANTED
                " ORDER BY id, publisher, version LIMIT 1",
        [MS_LEDGER_NEXT_VERSION_OF] =
                "SELECT id, publisher, version FROM versions AS v INDEXED BY versions_by_publisher "
                "WHERE publisher = ?2 AND (id, version) > (?1, ?4) AND " VERSION_IS_WANTED
                " ORDER BY id, version LIMIT 1",
        [MS_LEDGER_NEXT_OLDER] = "SELECT id, publisher, version FROM versions WHERE id = ?1 "
                                 "AND publisher = ?2 AND version < ?3 "
                                 "ORDER BY version DESC LIMIT 1",
        [MS_LEDGER_NEXT_PUBLISHER] = "SELECT id, publisher, newest FROM models WHERE id = ?1 "
                                     "AND publisher > ?2 ORDER BY publisher LIMIT 1",
        [MS_LEDGER_NEXT_FOUND] = "SELECT id, publisher, version, seq FROM versions "
                                 "WHERE manifest = ?1 AND seq > ?2 ORDER BY seq LIMIT 1",
        [MS_LEDGER_NEXT_ROW] = "SELECT seq FROM rows WHERE seq > ?1 ORDER BY seq LIMIT 1",
        [MS_LEDGER_BELOW_FIRST] = "SELECT count(*) FROM rows WHERE seq < 1",
        [MS_LEDGER_COUNT_VERSIONS] = "SELECT count(*) FROM versions WHERE seq <= ?1",
};

const char *ms_ledger_query_text(ms_ledger_query query)
{
    return texts[query];
}
