//! Stores of jeton in SQL databases, and a directory over one.
//!
//! `SqliteStore` keeps everything in one file, also for several processes on one machine. Its tables begin with
//! `jeton_` (and `_jeton_migrations`) and live beside those of the host, which keeps its own migrations.
//!
//! `SqliteDirectory` asks the host's own database for its users, by queries of the host.
//!
//! `PostgresStore` keeps everything in a schema of a PostgreSQL database, for many nodes, over a pool of its own or the
//! host's.
//!
//! | feature | what |
//! |---|---|
//! | `sqlite` (default) | `SqliteStore`, `SqliteDirectory` |
//! | `postgres` | `PostgresStore` |
//! | `postgres-tls` | encrypted connections to PostgreSQL |
//!
//! But for the pool that a host hands over, no type of the database driver shows here.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "postgres")]
pub use postgres::{ConnectError, PostgresSettings, PostgresStore};
#[cfg(feature = "sqlite")]
pub use sqlite::{DirectoryQueries, OpenError, SqliteDirectory, SqliteStore};
