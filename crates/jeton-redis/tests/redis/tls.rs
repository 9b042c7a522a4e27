//! Encrypted connections: a server that takes no others, its certificate, and who it is signed by.

use std::{
    error::Error,
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use jeton::Store as _;
use jeton_redis::{ConnectError, RedisSettings, RedisStore};
use jeton_testkit::store::{insert_of, minimal_record, update_to};
use redis::{Client, TlsCertificates};

use crate::server::{LONG, ask};

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
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/redis");
        let mut script = Command::new(script)
            .args(["--tls", &port.to_string(), "sh", "-c", "echo \"$JETON_TEST_REDIS\"; cat"])
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

    fn file(&self, name: &str) -> PathBuf {
        Path::new(self.url.strip_prefix("redis+unix://").unwrap()).with_file_name(name)
    }

    fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://:secret-text@{host}:{}", self.port)
    }

    /// A client of the host that trusts that authority.
    fn client(&self, host: &str, authority: &str) -> Client {
        let root_cert = Some(fs::read(self.file(authority)).unwrap());
        let url = self.url("rediss", host).replace(":secret-text@", "");
        Client::build_with_tls(url, TlsCertificates { client_tls: None, root_cert }).unwrap()
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        self.script.wait().ok();
    }
}

/// Why it does not connect, with all causes. It says so at once, and tells no password.
async fn refused(settings: RedisSettings) -> String {
    let answer = tokio::time::timeout(LONG, settings.connect()).await.expect("it waits in vain");
    let error = answer.expect_err("refused");
    assert!(matches!(error, ConnectError::Server(_)), "{error:?}");
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
    let settings = RedisSettings::from_client(server.client("localhost", "ca.pem"));
    let store: RedisStore = settings.connect().await.unwrap();
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

    // The connection of all calls, and the one that listens, both at the port that encrypts.
    let mut direct = Client::open(&*server.url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let clients: String = ask(&mut direct, &["CLIENT", "LIST"]).await;
    let port = format!("laddr=127.0.0.1:{} ", server.port);
    let of_store: Vec<_> = clients.lines().filter(|client| client.contains(&port)).collect();
    let listening = of_store.iter().filter(|client| client.contains(" sub=1 "));
    assert_eq!((of_store.len(), listening.count()), (2, 1), "{clients}");

    for (host, authority, why) in
        [("localhost", "other.pem", "UnknownIssuer"), ("127.0.0.1", "ca.pem", "not valid for name")]
    {
        let why_not = refused(RedisSettings::from_client(server.client(host, authority))).await;
        assert!(why_not.contains(why), "{host} {authority}: {why_not}");
    }
    // By a URL alone the authorities of the system count, and there is no way around them.
    for (scheme, end, why) in [
        ("rediss", "", "UnknownIssuer"),
        ("valkeys", "", "UnknownIssuer"),
        ("rediss", "#insecure", "insecure"),
    ] {
        let url = server.url(scheme, "localhost") + end;
        let why_not = refused(RedisSettings::from_url(&url).unwrap()).await;
        assert!(why_not.contains(why), "{url}: {why_not}");
    }
    // In clear there is nobody.
    refused(RedisSettings::from_url(&server.url("redis", "localhost")).unwrap()).await;
}
