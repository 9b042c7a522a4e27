//! Encrypted connections: a server that takes no others, its certificate, and who it is signed by.

use std::{
    error::Error,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use jeton::Store as _;
use jeton_sqlx::{ConnectError, PostgresSettings, PostgresStore};
use jeton_testkit::store::{insert_of, minimal_record, update_to};
use sqlx::{Connection as _, PgConnection};

use crate::{
    proxy::Proxy,
    server::{LONG, TestSchema},
};

/// A server of its own that takes encrypted connections alone, at a port of `localhost`. It ends with the test.
struct TlsServer {
    script: Child,
    port: u16,
    /// By its socket, which encrypts nothing.
    url: String,
}

impl TlsServer {
    fn start() -> Self {
        // The port may be taken by another program before the server takes it.
        let mut started = (0..5).filter_map(|_| Self::try_start());
        started.next().expect("the server does not start")
    }

    fn try_start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/postgres");
        let mut script = Command::new(script)
            .args(["--tls", &port.to_string(), "sh", "-c", "echo \"$JETON_TEST_POSTGRES\"; cat"])
            // The end of its input comes with the end of this process at the latest.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(script.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim_end().to_owned();
        let this = Self { script, port, url };
        this.url.contains("://").then_some(this)
    }

    /// Encrypted, as that server, whose certificate that authority has signed.
    fn url(&self, mode: &str, host: &str, authority: &str) -> String {
        let folder = self.url.split_once("host=").unwrap().1;
        let Self { port, .. } = self;
        format!(
            "postgres://postgres:secret-text@{host}:{port}/postgres?sslmode={mode}&sslrootcert={folder}/{authority}"
        )
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        self.script.wait().ok();
    }
}

/// Why it does not connect, with all causes. It says so at once, and tells no password.
async fn refused(url: &str) -> String {
    let answer = tokio::time::timeout(LONG, PostgresStore::connect(url)).await.expect("it waits in vain");
    let error = answer.expect_err(url);
    assert!(matches!(error, ConnectError::Database(_)), "{url}: {error:?}");
    let mut text = format!("{error} ({error:?})");
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    assert!(!text.contains("secret-text"), "{text}");
    text
}

#[tokio::test]
async fn a_server_that_encrypts_is_known_by_its_certificate() {
    let server = TlsServer::start();
    let store = PostgresStore::connect(&server.url("verify-full", "localhost", "ca.pem")).await.unwrap();
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let mut wakeups = store.watch().unwrap();
    // The first one tells that it listens.
    for version in 1..=2 {
        tokio::time::timeout(LONG, wakeups.next()).await.expect("nothing woke it");
        let mut record = minimal_record(1);
        record.version = version;
        store.update(&update_to(&record)).await.unwrap();
    }
    assert_eq!(store.changes(None).await.unwrap().rows.len(), 2);

    // Those of the pool, the one that listens, and the one that reads the log.
    let mut direct = PgConnection::connect(&server.url).await.unwrap();
    let of_store = "SELECT bool_and(ssl), count(*) >= 3, count(*) FILTER (WHERE query LIKE 'LISTEN%')
                    FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let found: (bool, bool, i64) = sqlx::query_as(of_store).fetch_one(&mut direct).await.unwrap();
    assert_eq!(found, (true, true, 1), "all encrypted, all there, listening");

    for (mode, host, authority, why) in [
        ("verify-full", "localhost", "other.pem", "UnknownIssuer"),
        ("verify-ca", "localhost", "other.pem", "UnknownIssuer"),
        ("verify-full", "127.0.0.1", "ca.pem", "NotValidForName"),
        ("disable", "localhost", "ca.pem", "no encryption"),
        ("verify-full", "localhost", "missing.pem", "No such file"),
    ] {
        let why_not = refused(&server.url(mode, host, authority)).await;
        assert!(why_not.contains(why), "{mode} {host} {authority}: {why_not}");
    }
    // Without an authority of its own, those of the browsers count.
    let unknown = server.url("verify-full", "localhost", "").replace("&sslrootcert=", "&application_name=");
    assert!(refused(&unknown).await.contains("UnknownIssuer"));
    // By its authority alone, whatever it is called.
    PostgresStore::connect(&server.url("verify-ca", "127.0.0.1", "ca.pem")).await.unwrap();
}

/// Where encryption is asked for, nothing is sent in clear.
#[tokio::test]
async fn a_server_that_does_not_encrypt_is_refused_where_that_is_asked_for() {
    let proxy = Proxy::start().await;
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = proxy.url().replace("sslmode=disable", &format!("sslmode={mode}"));
        let why_not = refused(&url).await;
        assert!(why_not.contains("server does not support TLS"), "{mode}: {why_not}");
    }
    // Where nothing is asked for, it is taken as it is.
    let plain = proxy.url().replace("sslmode=disable", "sslmode=prefer");
    let schema = TestSchema::new();
    PostgresSettings::from_url(&plain).unwrap().with_schema(&schema.0).connect().await.unwrap();
}
