//! The directory over a database of the host: what its queries say, and an error for all that they do not say plainly.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::{error::Error as _, path::PathBuf, sync::Arc};

use jeton::{
    Account, Algorithm, Authority, Caller, Directory as _, DirectoryError, DirectorySearch as _, Exchange,
    ExchangeError, Generate, MemoryStore, Rejection, SigningKey, SystemRandom,
};
use jeton_sqlx::{DirectoryQueries, OpenError, SqliteDirectory};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

const TABLES: &str = "
    CREATE TABLE users (
        id INTEGER PRIMARY KEY AUTOINCREMENT, login TEXT NOT NULL UNIQUE, name TEXT, active BOOLEAN, made);
    CREATE TABLE roles (login, role);
    CREATE TABLE teams (login, team);
    CREATE TABLE scopes (login, scope);
    INSERT INTO users (login, name, active, made) VALUES
        ('alice', 'Alice Liddell', TRUE, 'first'), ('bob', '50% Bob', FALSE, 'first'), ('Alice', 'Other', 1, 'x');
    INSERT INTO roles VALUES ('alice', 'reader'), ('alice', 'writer'), ('alice', 'reader'), ('bob', 'root');
    INSERT INTO teams VALUES ('alice', 'Übung, a');
    INSERT INTO scopes VALUES ('alice', 'reports:read');";

const ACCOUNT: &str = "SELECT active, made AS incarnation FROM users WHERE login = ?1";
const ALL: DirectoryQueries = DirectoryQueries::new(ACCOUNT)
    .with_roles("SELECT role FROM roles WHERE login = ?1")
    .with_groups("SELECT team FROM teams WHERE login = ?1")
    .with_scopes("SELECT scope FROM scopes WHERE login = ?1")
    .with_search(
        "SELECT login AS subject, name AS display_name FROM users
         WHERE instr(lower(login || ' ' || name), lower(?1)) > 0 ORDER BY login LIMIT ?2",
    );

struct Host {
    path: PathBuf,
    connection: SqliteConnection,
    _folder: TempDir,
}

impl Host {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.sqlite3");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(TABLES).execute(&mut connection).await.unwrap();
        Self { path, connection, _folder: folder }
    }

    async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection).await.unwrap();
    }

    async fn open(&self, queries: DirectoryQueries) -> SqliteDirectory {
        SqliteDirectory::open(&self.path, queries).await.unwrap()
    }
}

fn cause(error: &DirectoryError) -> String {
    error.source().unwrap().to_string()
}

#[tokio::test]
async fn an_account_is_what_the_queries_say_now() {
    let mut host = Host::new().await;
    let directory = host.open(ALL).await;
    let alice = Account::active()
        .with_incarnation("first")
        .with_role("reader")
        .with_role("writer")
        .with_group("Übung, a")
        .with_scope("reports:read");
    assert_eq!(directory.account("alice").await.unwrap(), Some(alice.clone()));
    let bob = directory.account("bob").await.unwrap().unwrap();
    assert!(!bob.active && bob.roles.contains("root") && bob.groups.is_empty());
    for nobody in ["", "ALICE", "alice ", "' OR 1 --", "?1", "%", "al\0ice"] {
        assert_eq!(directory.account(nobody).await.unwrap(), None, "{nobody:?}");
    }
    // What has been committed is seen at once, in both kinds of journal.
    for mode in ["DELETE", "WAL"] {
        host.run(&format!("PRAGMA journal_mode = {mode}; INSERT INTO roles VALUES ('alice', '{mode}')"))
            .await;
        assert!(directory.account("alice").await.unwrap().unwrap().roles.contains(mode));
    }
    host.run("DELETE FROM users WHERE login = 'alice'").await;
    assert_eq!(directory.account("alice").await.unwrap(), None);
    let least = host.open(DirectoryQueries::new(ACCOUNT)).await;
    let bob = least.account("bob").await.unwrap().unwrap();
    assert_eq!(bob, Account { active: false, ..Account::active().with_incarnation("first") });
    assert_eq!(least.search("b", 9).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_not_said_plainly_is_an_error_that_names_the_column() {
    for (sql, column) in [
        ("UPDATE users SET active = NULL", "active"),
        ("UPDATE users SET active = 2", "active"),
        ("UPDATE users SET active = 'yes'", "active"),
        ("UPDATE users SET active = 0.5", "active"),
        ("UPDATE users SET made = NULL", "incarnation"),
        ("UPDATE users SET made = 1.5", "incarnation"),
        ("UPDATE users SET made = x'00'", "incarnation"),
        ("UPDATE roles SET role = NULL", "role"),
        ("UPDATE roles SET role = 7", "role"),
        ("UPDATE teams SET team = x'61'", "team"),
        ("UPDATE scopes SET scope = NULL", "scope"),
    ] {
        let mut host = Host::new().await;
        let directory = host.open(ALL).await;
        host.run(sql).await;
        let error = directory.account("alice").await.unwrap_err();
        assert!(cause(&error).starts_with(&format!("the column {column} ")), "{sql}: {}", cause(&error));
    }
    let mut host = Host::new().await;
    host.run("UPDATE users SET made = id * 1000000000000").await;
    let directory = host.open(ALL).await;
    assert_eq!(directory.account("alice").await.unwrap().unwrap().incarnation, "1000000000000");
    let two = DirectoryQueries::new("SELECT active, made AS incarnation FROM users WHERE ?1 <> ''");
    let error = host.open(two).await.account("alice").await.unwrap_err();
    assert!(cause(&error).contains("several rows"), "{error:?}");
}

#[tokio::test]
async fn a_query_that_does_not_fit_is_refused_when_it_is_opened() {
    let host = Host::new().await;
    let account = DirectoryQueries::new(ACCOUNT);
    for (queries, which, why) in [
        (DirectoryQueries::new("SELECT 1 AS active WHERE ?1"), "the account", "incarnation"),
        (
            DirectoryQueries::new("SELECT made AS incarnation FROM users WHERE login = ?1"),
            "the account",
            "active",
        ),
        (DirectoryQueries::new("SELECT active, made AS incarnation FROM users"), "the account", "parameters"),
        (DirectoryQueries::new("SELECT ?1 AS active, ?2 AS incarnation"), "the account", "parameters"),
        (DirectoryQueries::new("SELECT active FROM people WHERE login = ?1"), "the account", "people"),
        (account.with_roles("SELECT"), "the roles", "incomplete"),
        (account.with_roles("SELECT login, role FROM roles WHERE login = ?1"), "the roles", "one column"),
        (account.with_groups("SELECT team FROM teams"), "the groups", "parameters"),
        (account.with_scopes("DELETE FROM scopes WHERE login = ?1"), "the scopes", "one column"),
        (
            account.with_search("SELECT login AS subject FROM users WHERE ?1 LIMIT ?2"),
            "the search",
            "display_name",
        ),
    ] {
        match SqliteDirectory::open(&host.path, queries).await {
            Err(OpenError::Query { query, reason, .. }) => {
                assert_eq!(query, which);
                assert!(reason.contains(why), "{queries:?}: {reason}");
            }
            other => panic!("{queries:?}: {other:?}"),
        }
    }
    let missing = host.path.with_file_name("missing.sqlite3");
    let answer = SqliteDirectory::open(&missing, ALL).await;
    assert!(matches!(answer, Err(OpenError::Database { .. })), "{answer:?}");
    assert!(!missing.exists(), "nothing is made");
}

#[tokio::test]
async fn it_changes_nothing() {
    let mut host = Host::new().await;
    for sql in [
        "DELETE FROM roles WHERE login = ?1 RETURNING role",
        "SELECT role FROM roles WHERE login = ?1; DELETE FROM roles",
    ] {
        let answer =
            match SqliteDirectory::open(&host.path, DirectoryQueries::new(ACCOUNT).with_roles(sql)).await {
                Ok(directory) => directory.account("alice").await.map(drop).map_err(|error| cause(&error)),
                Err(error) => Err(error.to_string()),
            };
        assert!(answer.is_err(), "{sql}");
        let left = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM roles");
        assert_eq!(left.fetch_one(&mut host.connection).await.unwrap(), 4, "{sql}");
    }
}

#[tokio::test]
async fn all_of_an_answer_is_of_one_moment() {
    let mut host = Host::new().await;
    host.run("PRAGMA journal_mode = WAL; UPDATE users SET made = 0; DELETE FROM roles").await;
    host.run("INSERT INTO roles VALUES ('alice', '0'); UPDATE teams SET team = '0'").await;
    let directory = host.open(ALL).await;
    let writer = tokio::spawn(async move {
        for number in 1..300 {
            let sql = format!(
                "BEGIN; UPDATE users SET made = {number}; UPDATE roles SET role = '{number}';
                 UPDATE teams SET team = '{number}'; COMMIT"
            );
            host.run(&sql).await;
        }
        host
    });
    while !writer.is_finished() {
        let alice = directory.account("alice").await.unwrap().unwrap();
        let parts = [&alice.incarnation, alice.roles.first().unwrap(), alice.groups.first().unwrap()];
        assert!(parts.iter().all(|part| *part == parts[0]), "{alice:?}");
    }
    writer.await.unwrap();
}

#[tokio::test]
async fn a_search_finds_parts_of_names_and_nothing_else() {
    let mut host = Host::new().await;
    let directory = host.open(ALL).await;
    let found = async |text: &str, limit| {
        let matches = directory.search(text, limit).await.unwrap();
        matches
            .into_iter()
            .map(|found| format!("{}/{}", found.subject, found.display_name))
            .collect::<Vec<_>>()
    };
    assert_eq!(found("LIDD", 20).await, ["alice/Alice Liddell"]);
    assert_eq!(found("alice", 20).await, ["Alice/Other", "alice/Alice Liddell"]);
    assert_eq!(found("alice", 1).await, ["Alice/Other"]);
    assert_eq!(found("%", 20).await, ["bob/50% Bob"], "no pattern");
    assert_eq!(found("_", 20).await, [""; 0]);
    assert_eq!(found("'", 20).await, [""; 0]);
    assert_eq!(found("", 20).await.len(), 3);
    assert_eq!(found("", 0).await.len(), 0);
    host.run("UPDATE users SET name = x'00' WHERE login = 'bob'").await;
    let error = directory.search("", 20).await.unwrap_err();
    assert!(cause(&error).starts_with("the column display_name "), "{}", cause(&error));
}

#[tokio::test]
async fn a_database_that_is_gone_or_locked_is_an_outage() {
    let mut host = Host::new().await;
    let directory = host.open(ALL).await;
    host.run("BEGIN EXCLUSIVE").await;
    assert!(directory.account("alice").await.is_err());
    host.run("COMMIT").await;
    assert!(directory.account("alice").await.is_ok());
    host.run("DROP TABLE roles").await;
    assert!(directory.account("alice").await.is_err());
}

#[tokio::test]
async fn an_authority_obeys_it() {
    let mut host = Host::new().await;
    let key = || SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap();
    let authority = Authority::builder("https://app.example/auth")
        .store(Arc::new(MemoryStore::new()))
        .directory(Arc::new(host.open(ALL).await))
        .api_keys([key()])
        .access_keys([key()])
        .build()
        .await
        .unwrap();
    let me = Caller::system("test");
    let token = authority.generate(&me, Generate::new("CI").with_subject("alice")).await.unwrap();
    let exchange = async || authority.exchange(token.api_token.expose(), &Exchange::default()).await;
    let first = exchange().await.unwrap();
    let principal = authority.authenticate(first.access_token.expose()).unwrap();
    assert!(principal.roles().contains("writer"));

    host.run("DELETE FROM roles WHERE role = 'writer'").await;
    assert_eq!(authority.subject_changed("alice").await.unwrap(), 1);
    assert!(authority.authenticate(first.access_token.expose()).is_err());
    let second = exchange().await.unwrap();
    assert!(!authority.authenticate(second.access_token.expose()).unwrap().roles().contains("writer"));

    host.run("DELETE FROM users WHERE login = 'alice'").await;
    host.run("INSERT INTO users (login, name, active, made) VALUES ('alice', 'Alice', 1, 'second')").await;
    let answer = exchange().await;
    assert!(matches!(answer, Err(ExchangeError::Rejected(Rejection::Subject))), "another life: {answer:?}");
    host.run("UPDATE scopes SET scope = 'a tokens:grant'; UPDATE users SET made = 'first'").await;
    let answer = exchange().await;
    assert!(matches!(answer, Err(ExchangeError::Unavailable(_))), "two scopes in one: {answer:?}");
}
