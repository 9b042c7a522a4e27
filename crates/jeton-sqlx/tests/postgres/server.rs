//! The server of the tests, and a schema in it for each.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use jeton_sqlx::{PostgresSettings, PostgresStore};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// Longer than anything takes that is waited for.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// The server's URL. Without one the tests fail: what was not tested must not pass.
pub(crate) fn url() -> String {
    std::env::var("JETON_TEST_POSTGRES").expect(
        "JETON_TEST_POSTGRES is the URL of a PostgreSQL server: tests/postgres starts one for a command",
    )
}

/// A schema of its own, dropped after the test.
pub(crate) struct TestSchema(pub(crate) String);

impl TestSchema {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self(format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn settings(&self) -> PostgresSettings {
        PostgresSettings::from_url(&url()).unwrap().with_schema(&self.0)
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        self.settings().connect().await.unwrap()
    }

    /// A connection that sees the store's tables first.
    pub(crate) async fn direct(&self) -> PgConnection {
        let mut direct = PgConnection::connect(&url()).await.unwrap();
        run(&mut direct, &format!("SET search_path = {}", self.0)).await;
        direct
    }
}

impl Drop for TestSchema {
    fn drop(&mut self) {
        let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.0);
        // In a thread, as the test may be in the middle of its own runtime.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { run(&mut PgConnection::connect(&url()).await.unwrap(), &drop).await });
        });
        // A test that failed may have left no server.
        dropped.join().ok();
    }
}

pub(crate) async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.expect(sql);
}

/// Returns when the statement, on a connection to the schema, answers true. What never comes fails the test.
pub(crate) async fn until(schema: &TestSchema, sql: &'static str) {
    let mut direct = schema.direct().await;
    let asked = async {
        while !sqlx::query_scalar::<_, bool>(sql).fetch_one(&mut direct).await.unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, asked).await.expect(sql);
}

/// Holds up whoever inserts into the table, in the middle of the statement, until the connection is closed.
pub(crate) async fn hold(schema: &TestSchema, table: &str) -> PgConnection {
    let mut direct = schema.direct().await;
    let trigger = format!(
        "CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN PERFORM pg_advisory_xact_lock(TG_RELID::int, 77); RETURN NEW; END';
         CREATE TRIGGER held BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION held();
         SELECT pg_advisory_lock('{table}'::regclass::oid::int, 77)"
    );
    run(&mut direct, &trigger).await;
    direct
}

/// A store in an empty schema.
pub(crate) async fn fresh() -> (PostgresStore, TestSchema) {
    let schema = TestSchema::new();
    (schema.store().await, schema)
}
