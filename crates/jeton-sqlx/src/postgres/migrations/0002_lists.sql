-- A list reads what it judges from these indexes alone, and looks up the records that it shows.
DROP INDEX @jeton_records_by_created_at, @jeton_records_by_name, @jeton_records_by_expires_at,
    @jeton_records_by_last_used_at, @jeton_records_by_not_before, @jeton_records_of_roles;
CREATE INDEX jeton_records_by_created_at ON @jeton_records (created_at, id)
    INCLUDE (standing, kind, expires_at, not_before, last_used_at) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_by_name ON @jeton_records (name_folded, id)
    INCLUDE (standing, kind, expires_at, not_before, last_used_at) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_by_expires_at ON @jeton_records (expires_at, id)
    INCLUDE (created_at, standing, kind, not_before, last_used_at) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_by_last_used_at ON @jeton_records (last_used_at, id)
    INCLUDE (created_at, standing, kind, expires_at, not_before) WHERE standing <> 'deleted';
CREATE INDEX jeton_records_by_not_before ON @jeton_records (not_before)
    INCLUDE (created_at, id, standing, kind, expires_at, last_used_at) WHERE standing = 'active';

-- Who names no subject has the default role, whatever it is called.
CREATE INDEX jeton_records_without_subject ON @jeton_records (created_at, id)
    WHERE standing <> 'deleted' AND subject IS NULL;

-- The undeleted records that name a role, in the order that is shown first.
CREATE TABLE @jeton_roles (
    role       text   COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    id         bytea  NOT NULL,
    PRIMARY KEY (role, created_at, id)
);

INSERT INTO @jeton_roles
    SELECT DISTINCT role, created_at, id FROM @jeton_records, unnest(roles) role
    WHERE standing <> 'deleted' AND role IS NOT NULL;

-- Kept by the database, so that it is right whoever writes: a program of the version before does not know of it.
CREATE FUNCTION @jeton_keep_roles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM @jeton_roles WHERE role = ANY (OLD.roles) AND created_at = OLD.created_at AND id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.standing <> 'deleted' THEN
        INSERT INTO @jeton_roles
            SELECT DISTINCT role, NEW.created_at, NEW.id FROM unnest(NEW.roles) role WHERE role IS NOT NULL;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER jeton_keep_roles AFTER INSERT OR DELETE ON @jeton_records
    FOR EACH ROW EXECUTE FUNCTION @jeton_keep_roles();
CREATE TRIGGER jeton_keep_changed_roles AFTER UPDATE ON @jeton_records
    FOR EACH ROW
    WHEN ((OLD.roles, OLD.created_at, OLD.id, OLD.standing = 'deleted')
        IS DISTINCT FROM (NEW.roles, NEW.created_at, NEW.id, NEW.standing = 'deleted'))
    EXECUTE FUNCTION @jeton_keep_roles();

-- Or else nothing is known of the new table until it is analyzed by itself.
ANALYZE @jeton_roles;
