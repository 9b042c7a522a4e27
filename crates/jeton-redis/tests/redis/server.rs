//! The server of the tests, a prefix in it for each, and servers of their own.

use std::{
    path::Path,
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use jeton_redis::{RedisSettings, RedisStore};
use redis::{Client, FromRedisValue, aio::MultiplexedConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Longer than anything takes that is waited for.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// The server's URL. Without one the tests fail: what was not tested must not pass.
pub(crate) fn url() -> String {
    std::env::var("JETON_TEST_REDIS")
        .expect("JETON_TEST_REDIS is the URL of a Redis server: tests/redis starts one for a command")
}

/// A prefix of its own, whose keys are dropped after the test.
pub(crate) struct TestPrefix(pub(crate) String);

impl TestPrefix {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self(format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn settings(&self) -> RedisSettings {
        RedisSettings::from_url(&url()).unwrap().with_prefix(&self.0)
    }

    pub(crate) async fn store(&self) -> RedisStore {
        self.settings().connect().await.unwrap()
    }

    pub(crate) fn key(&self, name: &str) -> String {
        format!("{{{}}}:{name}", self.0)
    }

    /// The names of all its keys.
    pub(crate) async fn keys(&self) -> Vec<String> {
        ask(&mut direct().await, &["KEYS", &self.key("*")]).await
    }
}

impl Drop for TestPrefix {
    fn drop(&mut self) {
        let prefix = Self(self.0.clone());
        // In a thread, as the test may be in the middle of its own runtime.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                for key in prefix.keys().await {
                    ask::<i64>(&mut direct().await, &["DEL", &key]).await;
                }
            });
            std::mem::forget(prefix);
        });
        // A test that failed may have left no server.
        dropped.join().ok();
    }
}

/// A connection beside the store.
pub(crate) async fn direct() -> MultiplexedConnection {
    Client::open(url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

pub(crate) async fn ask<T: FromRedisValue>(connection: &mut MultiplexedConnection, words: &[&str]) -> T {
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.query_async(connection).await.unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

/// A store without anything in it.
pub(crate) async fn fresh() -> (RedisStore, TestPrefix) {
    let prefix = TestPrefix::new();
    (prefix.store().await, prefix)
}

/// A server of its own, on a socket in a folder that outlives it; with nothing lost in a crash.
pub(crate) struct OwnServer {
    folder: TempDir,
    settings: Vec<String>,
    running: Option<Child>,
}

impl OwnServer {
    pub(crate) async fn start(settings: &[&str]) -> Self {
        let folder = TempDir::new_in("/tmp").unwrap();
        let settings = settings.iter().map(|text| (*text).to_owned()).collect();
        let mut server = Self { folder, settings, running: None };
        server.again().await;
        server
    }

    pub(crate) fn socket(&self) -> std::path::PathBuf {
        self.folder.path().join("socket")
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) async fn kill(&mut self) {
        let mut running = self.running.take().unwrap();
        running.kill().await.unwrap();
    }

    /// The log of its writes: the part that it appends to.
    pub(crate) fn log(&self) -> std::path::PathBuf {
        self.folder.path().join("appendonlydir/appendonly.aof.1.incr.aof")
    }

    /// Mends a log that was cut in the middle of a write, as the guide to deployment says.
    async fn mend(&self) {
        if self.log().exists() {
            let command = r#"echo y | redis-check-aof --fix "$0""#;
            let mended = Command::new("sh").arg("-c").arg(command).arg(self.log()).output().await.unwrap();
            assert!(mended.status.success(), "{}", String::from_utf8_lossy(&mended.stdout));
        }
    }

    /// Starts it on what is in the folder, and waits until it answers.
    pub(crate) async fn again(&mut self) {
        self.mend().await;
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--daemonize", "no", "--appendonly", "yes", "--appendfsync", "always"]);
        command.args(["--save", "", "--unixsocket"]).arg(self.socket()).arg("--dir").arg(self.folder.path());
        command.args(&self.settings).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        self.running = Some(command.spawn().unwrap());
        let client = Client::open(self.url()).unwrap();
        let answers = async {
            loop {
                if let Ok(mut connection) = client.get_multiplexed_async_connection().await {
                    let ping = redis::cmd("PING").query_async::<redis::Value>(&mut connection).await;
                    // With a password, it answers that it wants one.
                    let refused = |error: redis::RedisError| error.code() == Some("NOAUTH");
                    if ping.map_or_else(refused, |_| true) {
                        return;
                    }
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, answers).await.expect("the server does not answer");
    }
}
