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
    updated_at               INTEGER NOT NULL,
    has_secret               INTEGER NOT NULL,
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
    previous_ends_at         INTEGER,
    previous_until           INTEGER,
    previous_superseded      INTEGER,
    last_generation          INTEGER NOT NULL,
    epoch                    INTEGER NOT NULL,
    version                  INTEGER NOT NULL,
    last_used_at             INTEGER NOT NULL,
    last_used_from           TEXT,
    last_used_by             TEXT,
    use_count                INTEGER NOT NULL
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

-- How many live tokens a user has is counted in here alone.
CREATE INDEX jeton_records_live_of_subject
    ON jeton_records (subject, expires_at, kind) WHERE standing IN ('active', 'disabled');

CREATE INDEX jeton_records_tombstones
    ON jeton_records (updated_at) WHERE standing = 'deleted';

-- AUTOINCREMENT: a number is never given again, also when all rows were trimmed.
CREATE TABLE jeton_changes (
    seq                INTEGER PRIMARY KEY AUTOINCREMENT,
    longest_access_ttl INTEGER NOT NULL,
    change             TEXT    NOT NULL
) STRICT;

-- One row. The incarnation is part of each cursor, and another one after a backup was restored.
CREATE TABLE jeton_meta (
    longest_access_ttl INTEGER NOT NULL,
    incarnation        TEXT    NOT NULL
) STRICT;

INSERT INTO jeton_meta (longest_access_ttl, incarnation) VALUES (0, lower(hex(randomblob(16))));

-- AUTOINCREMENT: also when the last entries were pruned, a later one has a higher number.
CREATE TABLE jeton_audit (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    action     TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    token_id   BLOB,
    tenant     TEXT,
    address    TEXT,
    user_agent TEXT,
    reason     TEXT
) STRICT;

-- One index per filter. Each ends with seq, as every index does with the key of its table: the newest come first.
CREATE INDEX jeton_audit_by_token ON jeton_audit (token_id) WHERE token_id IS NOT NULL;
CREATE INDEX jeton_audit_by_actor ON jeton_audit (actor);
CREATE INDEX jeton_audit_by_tenant ON jeton_audit (tenant) WHERE tenant IS NOT NULL;
CREATE INDEX jeton_audit_by_action ON jeton_audit (action);
CREATE INDEX jeton_audit_by_at ON jeton_audit (at);

-- Names that count once, until they are dropped.
CREATE TABLE jeton_taken_names (
    name  TEXT    NOT NULL PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX jeton_taken_names_by_until ON jeton_taken_names (until);

CREATE TABLE jeton_keys (
    kid        TEXT    NOT NULL PRIMARY KEY,
    ring       TEXT    NOT NULL,
    algorithm  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    signs_from INTEGER NOT NULL,
    retired_at INTEGER,
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
