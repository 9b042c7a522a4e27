-- Times are seconds since 1970, sets of names and lists of networks are JSON arrays of text. Two times hold what
-- lists are sorted by, so that an index serves: an end of 9223372036854775807 is none, a last use of -1 neither.
CREATE TABLE jeton_records (
    id                       BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind                     TEXT    NOT NULL,
    name                     TEXT    NOT NULL,
    name_folded              TEXT    NOT NULL,
    description              TEXT    NOT NULL,
    subject                  TEXT,
    tenant                   TEXT,
    groups                   TEXT    NOT NULL,
    roles                    TEXT    NOT NULL,
    scopes                   TEXT    NOT NULL,
    audiences                TEXT    NOT NULL,
    networks                 TEXT    NOT NULL,
    expires_at               INTEGER NOT NULL,
    incarnation              TEXT,
    standing                 TEXT    NOT NULL,
    created_at               INTEGER NOT NULL,
    created_by               TEXT    NOT NULL,
    not_before               INTEGER NOT NULL,
    generation               INTEGER NOT NULL,
    key_id                   TEXT    NOT NULL,
    signed_issued_at         INTEGER NOT NULL,
    signed_not_before        INTEGER NOT NULL,
    signed_expires_at        INTEGER,
    fingerprint              BLOB    NOT NULL,
    previous_generation      INTEGER,
    previous_key_id          TEXT,
    previous_issued_at       INTEGER,
    previous_not_before      INTEGER,
    previous_expires_at      INTEGER,
    previous_fingerprint     BLOB,
    previous_until           INTEGER,
    previous_superseded      INTEGER,
    last_generation          INTEGER NOT NULL,
    epoch                    INTEGER NOT NULL,
    version                  INTEGER NOT NULL,
    last_used_at             INTEGER NOT NULL,
    last_used_from           TEXT
) STRICT;

-- The first column keeps the records without a tenant apart from those of any tenant, whatever it is called.
CREATE UNIQUE INDEX jeton_records_by_unique_name
    ON jeton_records (tenant IS NULL, COALESCE(tenant, ''), name) WHERE standing <> 'deleted';

-- One index per order of a list.
CREATE INDEX jeton_records_by_created_at
    ON jeton_records (created_at, id) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_by_name
    ON jeton_records (name_folded, id) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_by_expires_at
    ON jeton_records (expires_at, id) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_by_last_used_at
    ON jeton_records (last_used_at, id) WHERE standing <> 'deleted';

-- What one user, or one tenant, is shown first.
CREATE INDEX jeton_records_of_subject
    ON jeton_records (subject, created_at, id) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_of_tenant
    ON jeton_records (tenant, created_at, id) WHERE standing <> 'deleted';

-- AUTOINCREMENT: a number is never given again, also when all rows were trimmed.
CREATE TABLE jeton_changes (
    seq                INTEGER PRIMARY KEY AUTOINCREMENT,
    longest_access_ttl INTEGER NOT NULL,
    change             TEXT    NOT NULL
) STRICT;

CREATE TABLE jeton_meta (
    key   TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO jeton_meta (key, value) VALUES ('longest_access_ttl', 0);

CREATE TABLE jeton_keys (
    kid        TEXT    NOT NULL PRIMARY KEY,
    ring       TEXT    NOT NULL,
    algorithm  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    wrapped    BLOB    NOT NULL,
    body       BLOB    NOT NULL
) STRICT;

CREATE TABLE jeton_audiences (
    name     TEXT    NOT NULL PRIMARY KEY,
    subjects TEXT    NOT NULL,
    groups   TEXT    NOT NULL,
    roles    TEXT    NOT NULL,
    version  INTEGER NOT NULL
) STRICT;
