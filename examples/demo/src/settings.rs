//! The settings, read from the environment once.

use std::{env, path::PathBuf, time::Duration};

use jeton::{Reveal, Staleness};
use jeton_redis::RedisSettings;
use jeton_sqlx::PostgresSettings;

/// What the environment says.
#[derive(Debug)]
pub struct Settings {
    /// `JETON_ADDR`: where to listen; port 0 lets the system choose.
    pub address: String,
    /// `JETON_DATABASE_URL`: where tokens are kept.
    pub database: Database,
    /// `JETON_ACCESS_TTL`: the lifetime of access tokens, in seconds.
    pub access_ttl: Duration,
    /// `JETON_ISSUER`: the URL of the routes; made from the address if it is not set.
    pub issuer: Option<String>,
    /// `JETON_REVEAL`: whether API tokens can be shown again.
    pub reveal: Reveal,
    /// `JETON_REFUSE_AFTER`: what holds while revocations on other nodes cannot be read, in seconds.
    pub staleness: Staleness,
    /// `JETON_MASTER_KEY`: 32 bytes in base64url.
    pub master_key: Option<String>,
}

/// Where tokens are kept.
#[derive(Debug)]
pub enum Database {
    /// In a SQLite file.
    Sqlite(PathBuf),
    /// In PostgreSQL, shared with other nodes.
    Postgres(PostgresSettings),
    /// In Redis, shared with other nodes.
    Redis(Box<RedisSettings>),
    /// In memory, until the program ends.
    Memory,
}

impl Database {
    fn of(url: &str) -> Option<Self> {
        let path = match url.split_once(':')? {
            ("memory", "") => return Some(Self::Memory),
            ("postgres" | "postgresql", _) => {
                return PostgresSettings::from_url(url).ok().map(Self::Postgres);
            }
            ("redis" | "rediss" | "redis+unix" | "valkey" | "valkeys" | "valkey+unix", _) => {
                return RedisSettings::from_url(url).ok().map(Box::new).map(Self::Redis);
            }
            ("sqlite", path) => path,
            _ => return None,
        };
        // The file is made if there is none, which is what this parameter asks for elsewhere.
        let path = path.strip_suffix("?mode=rwc").unwrap_or(path);
        let path = path.strip_prefix("//").unwrap_or(path);
        (!path.is_empty() && !path.contains(['?', ':'])).then(|| Self::Sqlite(path.into()))
    }
}

/// The environment says something that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{name} {detail}")]
pub struct SettingsError {
    name: &'static str,
    detail: &'static str,
}

impl Settings {
    /// Reads `JETON_*`.
    ///
    /// # Errors
    ///
    /// If a value cannot be used; it names the variable and not its value.
    pub fn from_environment() -> Result<Self, SettingsError> {
        let wrong = |name, detail| Err(SettingsError { name, detail });
        let url = read("JETON_DATABASE_URL").unwrap_or_else(|| "sqlite:jeton.sqlite3".to_owned());
        let Some(database) = Database::of(&url) else {
            return wrong(
                "JETON_DATABASE_URL",
                "must be sqlite:<path>, postgres://<user>:<password>@<host>/<database>, \
                 redis://<user>:<password>@<host>/<number> or memory:",
            );
        };
        let seconds = read("JETON_ACCESS_TTL").unwrap_or_else(|| "300".to_owned());
        let Ok(seconds) = seconds.parse() else {
            return wrong("JETON_ACCESS_TTL", "must be a number of seconds");
        };
        let reveal = match read("JETON_REVEAL").as_deref() {
            None | Some("once") => Reveal::Once,
            Some("again") => Reveal::Again,
            Some(_) => return wrong("JETON_REVEAL", "must be once or again"),
        };
        let staleness = match read("JETON_REFUSE_AFTER").map(|seconds| seconds.parse()) {
            None => Staleness::Accept,
            Some(Ok(seconds)) => Staleness::RefuseAfter(Duration::from_secs(seconds)),
            Some(Err(_)) => return wrong("JETON_REFUSE_AFTER", "must be a number of seconds"),
        };
        let master_key = read("JETON_MASTER_KEY");
        let is_shared = matches!(database, Database::Postgres(_) | Database::Redis(_));
        if is_shared && master_key.is_none() {
            let detail = "must be set with PostgreSQL and Redis, to the same key on every node";
            return wrong("JETON_MASTER_KEY", detail);
        }
        Ok(Self {
            address: read("JETON_ADDR").unwrap_or_else(|| "127.0.0.1:3000".to_owned()),
            database,
            access_ttl: Duration::from_secs(seconds),
            reveal,
            staleness,
            issuer: read("JETON_ISSUER"),
            master_key,
        })
    }
}

/// An empty variable counts as not set.
fn read(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_database_is_a_file_or_memory() {
        for (url, path) in [
            ("sqlite:a.db", "a.db"),
            ("sqlite://a.db", "a.db"),
            ("sqlite:/tmp/a.db", "/tmp/a.db"),
            ("sqlite:///tmp/a.db?mode=rwc", "/tmp/a.db"),
        ] {
            assert!(
                matches!(Database::of(url), Some(Database::Sqlite(found)) if found == Path::new(path)),
                "{url}"
            );
        }
        assert!(matches!(Database::of("memory:"), Some(Database::Memory)));
        for url in ["postgres://a:b@host:5432/db", "postgresql://host/db?sslmode=require"] {
            assert!(matches!(Database::of(url), Some(Database::Postgres(_))), "{url}");
        }
        for url in
            ["redis://a:b@host:6379/0", "rediss://a:b@host", "valkey://host", "redis+unix:///run/redis.sock"]
        {
            assert!(matches!(Database::of(url), Some(Database::Redis(_))), "{url}");
        }
        for bad in [
            "",
            "a.db",
            "sqlite:",
            "sqlite://",
            "sqlite::memory:",
            "sqlite:a.db?mode=ro",
            "memory:x",
            "mysql:a",
            "postgres://a:b@host:port/db",
            "redis://a:b@host:port/0",
            "redis:",
        ] {
            assert!(Database::of(bad).is_none(), "{bad}");
        }
    }
}
