//! Stores of jeton in SQL databases, and a directory over one.
//!
//! [`SqliteStore`] keeps everything in one file, also for several processes on one machine. Its tables begin with
//! `jeton_` (and `_jeton_migrations`) and live beside those of the host, which keeps its own migrations.
//!
//! [`SqliteDirectory`] asks the host's own database for its users, by queries of the host.
//!
//! No type of the database driver shows here: it can change without a new major version.

#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "sqlite")]
pub use sqlite::{DirectoryQueries, OpenError, SqliteDirectory, SqliteStore};
