//! Stores of jeton in SQL databases.
//!
//! [`SqliteStore`] keeps everything in one file, also for several processes on one machine. Its tables begin with
//! `jeton_` (and `_jeton_migrations`) and live beside those of the host, which keeps its own migrations.
//!
//! No type of the database driver shows here: it can change without a new major version.

#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError, SqliteStore};
