//! Two nodes on one database, one in each framework: in PostgreSQL, and in Redis.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use end_to_end::{Actor, App, Framework, Kind, MASTER_KEY, Server, Setup, on_both, on_each_kind};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

on_both!(
    without_a_master_key_it_does_not_start,
    a_server_that_is_not_there,
    processes_on_one_sqlite_file_hear_of_each_other,
);

/// How long any of it may take: a busy disk can hold up a server for seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The URL of a server. Without one the tests fail: what was not tested must not pass.
fn server(variable: &str, script: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is the URL of a server: {script} starts one for a command"))
}

fn postgres() -> String {
    server("JETON_TEST_POSTGRES", "tests/postgres")
}

fn redis() -> String {
    server("JETON_TEST_REDIS", "tests/redis")
}

async fn run(sql: String) {
    let mut connection = PgConnection::connect(&postgres()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}

on_each_kind!(
    what_one_node_does_holds_on_the_other,
    a_revoked_child_is_refused_on_the_other_node_soon,
    nodes_speak_in_cipher_with_a_server_that_they_know,
);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A new database, dropped after the test.
enum Database {
    /// Of that name.
    Postgres(String),
    /// Of that number. The settings of a demo app name no prefix.
    Redis(u32),
}

impl Database {
    async fn new(kind: Kind) -> Self {
        match kind {
            Kind::Postgres => Self::in_postgres().await,
            Kind::Redis => Self::in_redis().await,
        }
    }

    async fn in_postgres() -> Self {
        let name = format!("nodes_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        run(format!("CREATE DATABASE {name}")).await;
        Self::Postgres(name)
    }

    /// The server of a test run has no other users of these numbers.
    async fn in_redis() -> Self {
        let database = Self::Redis(1 + NEXT.fetch_add(1, Ordering::Relaxed));
        flush(database.url()).await;
        database
    }

    fn url(&self) -> String {
        match self {
            Self::Postgres(name) => postgres().replace("/postgres?", &format!("/{name}?")),
            Self::Redis(number) => format!("{}?db={number}", redis()),
        }
    }

    /// How one node of several is started.
    fn setup(&self, framework: Framework) -> Setup {
        Setup::node(framework, &self.url())
    }
}

async fn flush(url: String) {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHDB").exec_async(&mut connection).await.unwrap();
}

impl Drop for Database {
    fn drop(&mut self) {
        let (url, sql) = match self {
            Self::Postgres(name) => (None, format!("DROP DATABASE {name} WITH (FORCE)")),
            Self::Redis(_) => (Some(self.url()), String::new()),
        };
        // In a thread, as the test may be in the middle of its own runtime.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            match url {
                Some(url) => runtime.block_on(flush(url)),
                None => runtime.block_on(run(sql)),
            }
        });
        dropped.join().ok();
    }
}

/// Two nodes that start at the same time on an empty database; the one that printed the first token comes first.
async fn two_nodes(database: &Database) -> (App, App) {
    let (axum, actix) = (database.setup(Framework::Axum), database.setup(Framework::Actix));
    let (one, other) = tokio::join!(axum.start(), actix.start());
    assert_ne!(one.admin_token.is_some(), other.admin_token.is_some(), "the first token is printed once");
    if one.admin_token.is_some() { (one, other) } else { (other, one) }
}

async fn what_one_node_does_holds_on_the_other(kind: Kind) {
    let database = Database::new(kind).await;
    let (one, other) = two_nodes(&database).await;
    let made = one.generate(json!({"subject": "alice"})).await;
    // Either node takes the tokens of either.
    let child = other.exchange(&made.api_token).await;
    for node in [&one, &other] {
        node.bearer(child.token()).get("/reports").await.is(200);
    }
    let admin = one.admin().await;
    admin.post_empty(&made.action("disable")).await.is(200);
    one.bearer(child.token()).get("/reports").await.is(401);
    refused_within(&other, &child, PATIENCE).await;
    other.bearer(&made.api_token).post_empty("/auth/exchange").await.is(401);
    admin.post_empty(&made.action("enable")).await.is(200);
    child.get("/reports").await.is(401);
    other.exchange(&made.api_token).await.get("/reports").await.is(200);
}

/// How long it took until the holder was refused.
async fn refused_within(node: &App, holder: &Actor, patience: Duration) -> Duration {
    #[allow(clippy::disallowed_methods, reason = "it measures real time")]
    let start = Instant::now();
    loop {
        let answer = holder.get("/reports").await;
        let took = start.elapsed();
        match answer.status {
            401 => return took,
            status => assert!(status == 200 && took < patience, "{status} after {took:?}: {}", node.stderr()),
        }
    }
}

/// So many access tokens of the other node: how long it took, each time, until it refused what the first one had revoked.
/// Sorted.
pub(crate) async fn until_refused(one: &App, other: &App, times: usize, patience: Duration) -> Vec<Duration> {
    let admin = one.admin().await;
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let made = one.generate(json!({"subject": "alice"})).await;
        let child = other.exchange(&made.api_token).await;
        child.get("/reports").await.is(200);
        admin.post_empty(&made.action("revoke")).await.is(200);
        took.push(refused_within(other, &child, patience).await);
    }
    took.sort();
    took
}

#[allow(clippy::print_stderr, reason = "it says what it measured")]
async fn a_revoked_child_is_refused_on_the_other_node_soon(kind: Kind) {
    const TIMES: usize = 200;
    let database = Database::new(kind).await;
    let (one, other) = two_nodes(&database).await;
    let times = until_refused(&one, &other, TIMES, PATIENCE).await;
    let (half, most) = (times[TIMES / 2], times[TIMES * 99 / 100]);
    let mut told = String::new();
    write!(
        told,
        "refused on the other node after {half:?} (p50), {most:?} (p99), {:?} at most",
        times[TIMES - 1]
    )
    .unwrap();
    eprintln!("{told}");
    assert!(half < BOUND, "{told}");
}

/// Without being woken, a node reads the log once a second. Of half the tries: a disk that holds up the server holds up
/// some of them.
const BOUND: Duration = Duration::from_millis(250);

async fn processes_on_one_sqlite_file_hear_of_each_other(framework: Framework) {
    let setup = Setup::new(framework).env("JETON_ISSUER", "http://demo.example/auth");
    let one = setup.start().await;
    let other = setup.start().await;
    let times = until_refused(&one, &other, 20, PATIENCE).await;
    assert!(times[10] < Duration::from_millis(750), "as if nothing woke it: {times:?}");
}

/// To a server that takes nothing else, and whose certificate is of an authority of its own.
async fn nodes_speak_in_cipher_with_a_server_that_they_know(kind: Kind) {
    let (server, port) = Server::start_encrypted(kind);
    let authority = |name: &str| server.folder().join(name).to_str().unwrap().to_owned();
    let node = |framework, name: &str| match kind {
        Kind::Postgres => {
            let url =
                format!("postgres://postgres:secret-text@localhost:{port}/postgres?sslmode=verify-full");
            Setup::node(framework, &format!("{url}&sslrootcert={}", authority(name)))
        }
        Kind::Redis => Setup::node(framework, &format!("rediss://localhost:{port}"))
            .env("SSL_CERT_FILE", authority(name)),
    };
    let one = node(Framework::Axum, "ca.pem").start().await;
    let other = node(Framework::Actix, "ca.pem").start().await;
    let made = one.generate(json!({"subject": "alice"})).await;
    let child = other.exchange(&made.api_token).await;
    child.get("/reports").await.is(200);
    one.admin().await.post_empty(&made.action("revoke")).await.is(200);
    refused_within(&other, &child, PATIENCE).await;

    let ended = node(Framework::Axum, "other.pem").run().await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    for part in ["error: the database cannot be reached", "invalid peer certificate"] {
        assert!(ended.stderr.contains(part), "{ended:?}");
    }
    assert!(!ended.stderr.contains("secret-text"), "{ended:?}");
}

async fn without_a_master_key_it_does_not_start(framework: Framework) {
    for url in ["postgres://user:secret-text@localhost/x", "redis://user:secret-text@localhost/0"] {
        let ended = Setup::new(framework).env("JETON_DATABASE_URL", url).run().await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stderr.starts_with("error: JETON_MASTER_KEY must be set"), "{ended:?}");
        assert!(!ended.stderr.contains("secret-text") && ended.stderr.lines().count() == 1, "{ended:?}");
    }
}

async fn a_server_that_is_not_there(framework: Framework) {
    for url in [
        "postgres://user:secret-text@localhost/x?host=/there/is/no/socket",
        "redis+unix:///there/is/no/socket?user=user&pass=secret-text",
    ] {
        let setup = Setup::new(framework).env("JETON_MASTER_KEY", MASTER_KEY).env("JETON_DATABASE_URL", url);
        let ended = setup.run().await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stderr.contains("error: the database cannot be reached"), "{ended:?}");
        assert!(!ended.stderr.contains("secret-text"), "{ended:?}");
    }
}
