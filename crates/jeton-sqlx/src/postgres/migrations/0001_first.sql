-- Times are seconds since 1970. Two times hold what lists are sorted by, so that an index serves: an end of
-- 9223372036854775807 is none, a last use of -1 neither. Texts are compared byte by byte, whatever the database does.
CREATE TABLE @jeton_records (
    id                       bytea   NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    kind                     text    NOT NULL,
    name                     text    COLLATE "C" NOT NULL,
    name_folded              text    COLLATE "C" NOT NULL,
    description              text    NOT NULL,
    subject                  text    COLLATE "C",
    tenant                   text    COLLATE "C",
    groups                   text[]  NOT NULL,
    roles                    text[]  COLLATE "C" NOT NULL,
    scopes                   text[]  NOT NULL,
    audiences                text[]  NOT NULL,
    networks                 text[]  NOT NULL,
    expires_at               bigint  NOT NULL,
    incarnation              text,
    standing                 text    COLLATE "C" NOT NULL,
    created_at               bigint  NOT NULL,
    created_by               text    NOT NULL,
    updated_at               bigint  NOT NULL,
    has_secret               boolean NOT NULL,
    not_before               bigint  NOT NULL,
    generation               bigint  NOT NULL,
    key_id                   text    NOT NULL,
    signed_issued_at         bigint  NOT NULL,
    signed_not_before        bigint  NOT NULL,
    signed_expires_at        bigint,
    fingerprint              bytea   NOT NULL,
    previous_generation      bigint,
    previous_key_id          text,
    previous_issued_at       bigint,
    previous_not_before      bigint,
    previous_expires_at      bigint,
    previous_fingerprint     bytea,
    previous_ends_at         bigint,
    previous_until           bigint,
    previous_superseded      boolean,
    last_generation          bigint  NOT NULL,
    epoch                    bigint  NOT NULL,
    version                  bigint  NOT NULL,
    last_used_at             bigint  NOT NULL,
    last_used_from           text,
    last_used_by             text,
    use_count                bigint  NOT NULL
);

CREATE UNIQUE INDEX jeton_records_by_unique_name
    ON @jeton_records (tenant, name) NULLS NOT DISTINCT WHERE standing <> 'deleted';

-- One index per order of a list.
CREATE INDEX jeton_records_by_created_at
    ON @jeton_records (created_at, id) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_by_name
    ON @jeton_records (name_folded, id) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_by_expires_at
    ON @jeton_records (expires_at, id) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_by_last_used_at
    ON @jeton_records (last_used_at, id) WHERE standing <> 'deleted';

-- One index per filter by equality, in the order that is shown first.
CREATE INDEX jeton_records_of_subject
    ON @jeton_records (subject, created_at, id) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_of_tenant
    ON @jeton_records (tenant, created_at, id) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_of_kind
    ON @jeton_records (kind, created_at, id) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_of_standing
    ON @jeton_records (standing, created_at, id) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_of_roles
    ON @jeton_records USING gin (roles) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_for_anyone
    ON @jeton_records (created_at, id) WHERE standing <> 'deleted' AND has_secret AND subject IS NULL;
-- Few tokens wait for their beginning.
CREATE INDEX jeton_records_by_not_before
    ON @jeton_records (not_before) WHERE standing = 'active';
CREATE INDEX jeton_tombstones_by_updated_at
    ON @jeton_records (updated_at) WHERE standing = 'deleted';

-- The number of the transaction tells whether a reader has seen the row: see changes.rs.
CREATE TABLE @jeton_changes (
    xid                xid8   NOT NULL DEFAULT pg_current_xact_id(),
    seq                bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    longest_access_ttl bigint NOT NULL,
    change             text   NOT NULL,
    PRIMARY KEY (xid, seq)
);

-- One row. The incarnation is another one in every database, so that no cursor of another one is taken for its own.
CREATE TABLE @jeton_meta (
    one                boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (one),
    incarnation        text    NOT NULL DEFAULT gen_random_uuid()::text,
    longest_access_ttl bigint  NOT NULL DEFAULT 0
);

INSERT INTO @jeton_meta DEFAULT VALUES;

CREATE TABLE @jeton_keys (
    kid        text   COLLATE "C" NOT NULL PRIMARY KEY,
    ring       text   NOT NULL,
    algorithm  text   NOT NULL,
    created_at bigint NOT NULL,
    signs_from bigint NOT NULL,
    retired_at bigint,
    wrapped    bytea  NOT NULL,
    body       bytea  NOT NULL
);

CREATE TABLE @jeton_audiences (
    name     text   COLLATE "C" NOT NULL PRIMARY KEY,
    subjects text[] NOT NULL,
    groups   text[] NOT NULL,
    roles    text[] NOT NULL,
    version  bigint NOT NULL
);

CREATE TABLE @jeton_audit (
    seq        bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         bigint NOT NULL,
    action     text   COLLATE "C" NOT NULL,
    actor      text   COLLATE "C" NOT NULL,
    token_id   bytea  CHECK (octet_length(token_id) = 16),
    tenant     text   COLLATE "C",
    address    text,
    user_agent text,
    reason     text
);

CREATE INDEX jeton_audit_by_at ON @jeton_audit (at);
CREATE INDEX jeton_audit_of_action ON @jeton_audit (action, seq);
CREATE INDEX jeton_audit_of_actor ON @jeton_audit (actor, seq);
CREATE INDEX jeton_audit_of_token ON @jeton_audit (token_id, seq) WHERE token_id IS NOT NULL;
CREATE INDEX jeton_audit_of_tenant ON @jeton_audit (tenant, seq) WHERE tenant IS NOT NULL;

-- Names that count once. Bytes: a name may come from anybody and hold any character.
CREATE TABLE @jeton_names (
    name       bytea  NOT NULL PRIMARY KEY,
    kept_until bigint NOT NULL
);

CREATE INDEX jeton_names_by_kept_until ON @jeton_names (kept_until);
