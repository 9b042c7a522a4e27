//! A PostgreSQL server of a test's own, which can be killed.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::root;

/// A running server. It ends with the test, however that one ends.
#[derive(Debug)]
pub struct PostgresServer {
    script: Child,
    url: String,
}

impl PostgresServer {
    /// Starts one with an empty database.
    pub fn start() -> Self {
        let mut command = script();
        // It waits for the end of its input, which comes with the end of this process at the latest.
        command.args(["sh", "-c", "echo \"$JETON_TEST_POSTGRES\"; cat"]);
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(script.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim_end().to_owned();
        assert!(url.starts_with("postgres://"), "the server does not start: {url:?}");
        Self { script, url }
    }

    /// The URL of its database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where its socket lies.
    pub fn socket(&self) -> PathBuf {
        self.folder().join(".s.PGSQL.5432")
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
        Path::new(self.url.split_once("host=").unwrap().1)
    }

    fn tell(&self, what: &str) {
        let status = script().arg(what).arg(self.folder()).status().unwrap();
        assert!(status.success(), "{what}: {status}");
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}

fn script() -> Command {
    Command::new(root().join("tests/postgres"))
}
