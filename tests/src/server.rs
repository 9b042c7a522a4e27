//! A database server of a test's own, which can be killed.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
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
        Self::try_start(kind, &[]).expect("the server does not start")
    }

    /// Starts one that takes encrypted connections too, and those alone at the port of `localhost` that comes with it.
    pub fn start_encrypted(kind: Kind) -> (Self, u16) {
        // The port may be taken by another program before the server takes it.
        let mut started = (0..5).filter_map(|_| {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let server = Self::try_start(kind, &["--tls", &port.to_string()])?;
            Some((server, port))
        });
        started.next().expect("the server does not start")
    }

    fn try_start(kind: Kind, options: &[&str]) -> Option<Self> {
        let mut command = kind.script();
        // The end of its input comes with the end of this process at the latest.
        command.args(options).args(["sh", "-c", kind.command()]);
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(script.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim_end().to_owned();
        let this = Self { kind, script, url };
        this.url.contains("://").then_some(this)
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

    /// Where it lies.
    pub fn folder(&self) -> &Path {
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
