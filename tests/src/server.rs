//! A database server of a test's own, which can be killed.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::root;

/// What kind of server it is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// PostgreSQL.
    Postgres,
    /// Redis, with nothing lost in a crash.
    Redis,
}

impl Kind {
    fn script(self) -> Command {
        Command::new(root().join(match self {
            Self::Postgres => "tests/postgres",
            Self::Redis => "tests/redis",
        }))
    }

    /// Prints the URL, and waits for the end of its input.
    fn command(self) -> &'static str {
        match self {
            Self::Postgres => "echo \"$JETON_TEST_POSTGRES\"; cat",
            Self::Redis => "echo \"$JETON_TEST_REDIS\"; cat",
        }
    }
}

/// A running server. It ends with the test, however that one ends.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    script: Child,
    url: String,
}

impl Server {
    /// Starts one with an empty database.
    pub fn start(kind: Kind) -> Self {
        let mut command = kind.script();
        // The end of its input comes with the end of this process at the latest.
        command.args(["sh", "-c", kind.command()]);
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(script.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim_end().to_owned();
        assert!(url.contains("://"), "the server does not start: {url:?}");
        Self { kind, script, url }
    }

    /// What kind it is of.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The URL of its database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of its database behind a port of this machine.
    pub fn url_at(&self, port: u16) -> String {
        match self.kind {
            Kind::Postgres => format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable"),
            Kind::Redis => format!("redis://127.0.0.1:{port}"),
        }
    }

    /// Where its socket lies.
    pub fn socket(&self) -> PathBuf {
        self.folder().join(match self.kind {
            Kind::Postgres => ".s.PGSQL.5432",
            Kind::Redis => "socket",
        })
    }

    /// `kill -9` of all its processes.
    pub fn kill(&self) {
        self.tell("--kill");
    }

    /// Starts it again, and waits until it takes connections.
    pub fn start_again(&self) {
        self.tell("--start");
    }

    fn folder(&self) -> &Path {
        Path::new(match self.kind {
            Kind::Postgres => self.url.split_once("host=").unwrap().1,
            Kind::Redis => self.url.strip_prefix("redis+unix://").unwrap().strip_suffix("/socket").unwrap(),
        })
    }

    fn tell(&self, what: &str) {
        let status = self.kind.script().arg(what).arg(self.folder()).status().unwrap();
        assert!(status.success(), "{what}: {status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}
