//! Opening: several nodes at once, the tables of the host, what is no database for this store.

use std::collections::BTreeSet;

use jeton::{Filter, Query, RecordId, Standing, Store as _, StoreError};
use jeton_sqlx::{ConnectError, PostgresSettings, PostgresStore};
use jeton_testkit::store::{full_record, insert_of, minimal_record, time, update_to};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, postgres::PgPoolOptions};

use crate::server::{TestSchema, fresh, run, url};

#[tokio::test(flavor = "multi_thread")]
async fn many_open_one_new_schema_at_once() {
    for _ in 0..3 {
        let schema = TestSchema::new();
        let open = |number| {
            let settings = schema.settings().with_max_connections(2);
            tokio::spawn(async move {
                let store = settings.connect().await.unwrap();
                store.insert(&insert_of(&minimal_record(number))).await.unwrap();
                store
            })
        };
        let opening: Vec<_> = (0..8).map(open).collect();
        for (number, opening) in opening.into_iter().enumerate() {
            let store = opening.await.unwrap();
            for other in 0..=number {
                assert!(store.find(minimal_record(other as u64).id).await.unwrap().is_some());
            }
        }
        let applied = "SELECT count(*) FROM _jeton_migrations";
        let applied = sqlx::query_scalar::<_, i64>(applied).fetch_one(&mut schema.direct().await).await;
        assert_eq!(applied.unwrap(), 2);
    }
}

/// The tables as the version before left them, with its records.
const BEFORE: &str = "
    DROP TRIGGER jeton_keep_roles ON jeton_records; DROP TRIGGER jeton_keep_changed_roles ON jeton_records;
    DROP FUNCTION jeton_keep_roles; DROP TABLE jeton_roles; DROP INDEX jeton_records_without_subject;
    CREATE INDEX jeton_records_of_roles ON jeton_records USING gin (roles) WHERE standing <> 'deleted';
    DELETE FROM _jeton_migrations WHERE version = 2";

/// Whom the role finds, in the order of a walk and in another one.
async fn with_role(store: &PostgresStore, role: &str, role_is_default: bool) -> [BTreeSet<RecordId>; 2] {
    let mut found = [BTreeSet::new(), BTreeSet::new()];
    for (found, sort) in found.iter_mut().zip(["-created_at", "name"]) {
        let filter = Filter { role: Some(role.to_owned()), role_is_default, ..Filter::default() };
        let query = Query { filter, sort: sort.parse().unwrap(), after: None, limit: 200, now: time(1) };
        let page = store.list(&query).await.unwrap();
        found.extend(page.records.iter().map(|record| record.id));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_version_before_are_brought_up_to_date_by_one_of_many() {
    let (old, schema) = fresh().await;
    let mut direct = schema.direct().await;
    run(&mut direct, BEFORE).await;
    let mut records: Vec<_> = (0..6).map(minimal_record).collect();
    for (number, record) in records.iter_mut().enumerate() {
        record.grant.roles = ["reader", "writer"][..number % 3].iter().map(|role| role.to_string()).collect();
        record.grant.subject = (number > 3).then(|| "alice".to_owned());
        old.insert(&insert_of(record)).await.unwrap();
    }
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let settings = schema.settings();
            tokio::spawn(async move { settings.connect().await.unwrap() })
        })
        .collect();
    let mut stores = vec![old];
    for opening in opening {
        stores.push(opening.await.unwrap());
    }
    let ids = |of: &[usize]| of.iter().map(|number| records[*number].id).collect::<BTreeSet<_>>();
    let both = |of: &[usize]| [ids(of), ids(of)];
    assert_eq!(with_role(&stores[1], "reader", false).await, both(&[1, 2, 4, 5]));
    assert_eq!(with_role(&stores[1], "writer", false).await, both(&[2, 5]));
    assert_eq!(with_role(&stores[1], "reader", true).await, both(&[0, 1, 2, 3, 4, 5]));
    assert_eq!(with_role(&stores[1], "writer", true).await, both(&[0, 1, 2, 3, 5]));

    // A node that was there before goes on, and what it writes is found.
    let mut updated = update_to(&records[5]);
    updated.record.grant.roles = ["reader".to_owned()].into_iter().collect();
    stores[0].update(&updated).await.unwrap();
    let mut deleted = update_to(&records[2]);
    deleted.record.standing = Standing::Deleted;
    stores[0].update(&deleted).await.unwrap();
    assert_eq!(with_role(&stores[1], "writer", false).await, both(&[]));
    assert_eq!(with_role(&stores[1], "reader", false).await, both(&[1, 4, 5]));
    run(&mut direct, "DELETE FROM jeton_records").await;
    let left = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM jeton_roles");
    assert_eq!(left.fetch_one(&mut direct).await.unwrap(), 0);
}

/// What a pool's connections are set to.
async fn settings_of(pool: &PgPool) -> BTreeSet<(String, String)> {
    let sql = "SELECT name, setting FROM pg_settings WHERE source NOT IN ('default', 'configuration file')";
    sqlx::query_as(sql).fetch_all(pool).await.unwrap().into_iter().collect()
}

#[tokio::test]
async fn the_host_keeps_its_tables_its_pool_and_its_migrations() {
    let (schema, host) = (TestSchema::new(), TestSchema::new());
    let mut direct = PgConnection::connect(&url()).await.unwrap();
    run(&mut direct, &format!("CREATE SCHEMA {}", host.0)).await;
    // A pool that looks into the host's schema first, with settings of the host's taste, and tables of the same names.
    let options = url().parse::<sqlx::postgres::PgConnectOptions>().unwrap().options([
        ("search_path", host.0.as_str()),
        ("default_transaction_isolation", "serializable"),
        ("default_transaction_read_only", "on"),
        ("synchronous_commit", "off"),
    ]);
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let tables = ["_sqlx_migrations", "_jeton_migrations", "jeton_records", "jeton_changes", "jeton_meta"];
    for table in tables {
        run(&mut direct, &format!("CREATE TABLE {0}.{table} AS SELECT '{table}' AS theirs", host.0)).await;
    }
    let before = settings_of(&pool).await;

    let settings = PostgresSettings::from_pool(pool.clone()).with_schema(&schema.0);
    let store = settings.clone().connect().await.unwrap();
    let record = full_record(1);
    store.insert(&insert_of(&record)).await.unwrap();
    let update = update_to(&record);
    store.update(&update).await.unwrap();
    assert_eq!(store.find(record.id).await.unwrap(), Some(update.record));
    assert_eq!(store.changes(None).await.unwrap().rows.len(), 1);
    let taken = store.insert(&insert_of(&record)).await;
    assert!(matches!(taken, Err(StoreError::IdTaken)), "{taken:?}");

    assert_eq!(settings_of(&pool).await, before);
    for table in tables {
        let sql = AssertSqlSafe(format!("SELECT theirs FROM {table}"));
        assert_eq!(sqlx::query_scalar::<_, String>(sql).fetch_all(&pool).await.unwrap(), [table]);
    }
    let theirs = format!("SELECT count(*) FROM pg_tables WHERE schemaname = '{}'", host.0);
    let theirs = sqlx::query_scalar::<_, i64>(AssertSqlSafe(theirs)).fetch_one(&pool).await.unwrap();
    assert_eq!(theirs, tables.len() as i64);

    store.close().await;
    assert!(!pool.is_closed(), "the pool is the host's");
    settings.connect().await.unwrap();
}

#[tokio::test]
async fn what_was_stored_is_there_after_opening_again() {
    let (store, schema) = fresh().await;
    store.insert(&insert_of(&full_record(1))).await.unwrap();
    store.close().await;
    assert!(matches!(store.find(full_record(1).id).await, Err(StoreError::Unavailable(_))));
    assert_eq!(schema.store().await.find(full_record(1).id).await.unwrap(), Some(full_record(1)));
}

#[tokio::test]
async fn errors_say_what_is_wrong_and_not_the_password() {
    for bad in ["", "postgres", "mysql://a/b", "sqlite:a", "postgres://secret-text@host:port/b"] {
        let error = PostgresSettings::from_url(bad).unwrap_err();
        assert!(matches!(error, ConnectError::Url), "{bad}: {error:?}");
    }
    for bad in ["", "Upper", "a b", "a\";DROP TABLE x;--", "pg_own", "information_schema"] {
        let answer = PostgresSettings::from_url(&url()).unwrap().with_schema(bad).connect().await;
        assert!(matches!(answer, Err(ConnectError::Schema)), "{bad}: {answer:?}");
    }
    let nowhere = "postgres://user:secret-text@localhost/x?host=/there/is/no/socket";
    let error = PostgresStore::connect(nowhere).await.unwrap_err();
    assert!(matches!(error, ConnectError::Database(_)), "{error:?}");
    let settings = PostgresSettings::from_url(nowhere).unwrap();
    assert!(!format!("{error:?} {error} {settings:?}").contains("secret-text"));

    let (_, schema) = fresh().await;
    let sql = "INSERT INTO _jeton_migrations SELECT 9999, 'later', installed_on, success, checksum, 0
               FROM _jeton_migrations LIMIT 1";
    run(&mut schema.direct().await, sql).await;
    let answer = schema.settings().connect().await;
    assert!(matches!(answer, Err(ConnectError::Migration { .. })), "{answer:?}");
}

#[tokio::test]
async fn text_must_be_kept_in_utf_8() {
    let name = format!("{}_latin", TestSchema::new().0);
    let mut direct = PgConnection::connect(&url()).await.unwrap();
    let create = "TEMPLATE template0 ENCODING LATIN1 LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'";
    run(&mut direct, &format!("CREATE DATABASE {name} {create}")).await;
    let there = url().replace("/postgres?", &format!("/{name}?"));
    let answer = PostgresStore::connect(&there).await;
    run(&mut direct, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    assert!(matches!(&answer, Err(ConnectError::Encoding(found)) if found == "LATIN1"), "{answer:?}");
}

/// A schema that an operator made, for a role that may make none.
#[tokio::test]
async fn a_role_without_rights_beyond_its_schema_is_enough() {
    let schema = TestSchema::new();
    let role = format!("{}_role", schema.0);
    let mut direct = PgConnection::connect(&url()).await.unwrap();
    run(&mut direct, &format!("CREATE ROLE {role} LOGIN; CREATE SCHEMA {} AUTHORIZATION {role}", schema.0))
        .await;
    let as_role = url().replace("postgres@", &format!("{role}@"));
    let settings = PostgresSettings::from_url(&as_role).unwrap().with_schema(&schema.0);
    let store = settings.connect().await.unwrap();
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let cursor = store.changes(None).await.unwrap().cursor;
    store.trim(&cursor).await.unwrap();
    store.close().await;
    run(&mut direct, &format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn nonsense_in_the_tables_is_an_error_and_no_panic() {
    let (store, schema) = fresh().await;
    let record = full_record(1);
    store.insert(&insert_of(&record)).await.unwrap();
    let mut direct = schema.direct().await;
    for sql in [
        "UPDATE jeton_records SET epoch = -1",
        "UPDATE jeton_records SET kind = 'other', epoch = 1",
        "UPDATE jeton_records SET kind = 'service', created_at = 9223372036854775807",
        "UPDATE jeton_records SET created_at = 1, roles = '{NULL}'",
        "UPDATE jeton_records SET roles = '{}', networks = '{here}'",
        "UPDATE jeton_records SET networks = '{}', fingerprint = '\\x00'",
        "UPDATE jeton_records SET fingerprint = decode(repeat('00', 32), 'hex'), last_used_from = 'here'",
        "UPDATE jeton_records SET last_used_from = NULL, previous_generation = NULL",
    ] {
        run(&mut direct, sql).await;
        let found = store.find(record.id).await;
        assert!(matches!(found, Err(StoreError::Unavailable(_))), "{sql}: {found:?}");
    }
    run(&mut direct, "UPDATE jeton_records SET previous_until = NULL").await;
    assert!(store.find(record.id).await.unwrap().is_some());
    run(&mut direct, "ALTER TABLE jeton_records ALTER COLUMN epoch TYPE text").await;
    let found = store.find(record.id).await;
    assert!(matches!(found, Err(StoreError::Unavailable(_))), "{found:?}");
    run(&mut direct, "INSERT INTO jeton_changes (longest_access_ttl, change) VALUES (1, '{')").await;
    assert!(matches!(store.changes(None).await, Err(StoreError::Unavailable(_))));
    run(&mut direct, "DELETE FROM jeton_meta").await;
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn numbers_that_do_not_fit_are_refused_whole() {
    let (store, _schema) = fresh().await;
    let mut record = minimal_record(1);
    store.insert(&insert_of(&record)).await.unwrap();
    record.epoch = u64::MAX;
    assert!(matches!(store.update(&update_to(&record)).await, Err(StoreError::Unavailable(_))));
    assert!(store.changes(None).await.unwrap().rows.is_empty());
    record.id = minimal_record(2).id;
    assert!(matches!(store.insert(&insert_of(&record)).await, Err(StoreError::Unavailable(_))));
}
