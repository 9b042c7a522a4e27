//! Whether a server can be used.

use std::error::Error;

use jeton::{Random as _, RandomError, StoreError, SystemRandom};
use redis::Value;

use super::{
    RedisStore,
    answer::{list, text},
    link::Call,
    scripts::OPEN,
};

/// How the keys are laid out.
const LAYOUT: &str = "1";
/// The oldest version that has all that is used here, as the server numbers it: 7.0.0.
const OLDEST: i64 = 0x0007_0000;

/// Why a server was not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is of another form than the one that is read.
    #[error("a Redis URL is redis://user:password@host:port/number; rediss: needs the feature tls")]
    Url,
    /// The prefix is not one that is allowed.
    #[error("a prefix is 1 to 48 letters, digits, underscores, hyphens, points and colons")]
    Prefix,
    /// The server is too old.
    #[error("the server is older than Redis 7.0 or Valkey 7.2")]
    Version,
    /// It drops keys when its memory is full, and so tokens.
    #[error("the server may drop tokens: its maxmemory-policy is {0} and not noeviction")]
    Eviction(String),
    /// It does not answer, or refuses.
    #[error("the database cannot be reached")]
    Server(#[source] Box<dyn Error + Send + Sync>),
    /// What lies under the prefix was made by another version.
    #[error("what lies under the prefix has the layout {0}, which this version does not know")]
    Layout(String),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl From<StoreError> for ConnectError {
    fn from(error: StoreError) -> Self {
        Self::Server(error.into())
    }
}

/// Looks at the server and makes what is missing.
pub(crate) async fn prepare(store: &RedisStore) -> Result<(), ConnectError> {
    // With the key: in a cluster, it leads to the server that has it, whose settings are looked at next.
    let mut version = redis::cmd("EVAL");
    version.arg("return redis.REDIS_VERSION_NUM or 0").arg(1).arg(&store.meta);
    match store.ask(Call::Command(&version)).await? {
        Value::Int(OLDEST..) => {}
        _ => return Err(ConnectError::Version),
    }
    look_at_settings(store).await?;
    let answer = store.run(&OPEN, vec![incarnation()?, LAYOUT.to_owned()]).await?.text()?;
    if answer == LAYOUT { Ok(()) } else { Err(ConnectError::Layout(answer)) }
}

/// Where they may be read: many who run servers for others forbid it.
async fn look_at_settings(store: &RedisStore) -> Result<(), ConnectError> {
    let setting = async |name: &str| {
        let answer = store.ask(Call::Command(redis::cmd("CONFIG").arg("GET").arg(name))).await.ok()?;
        let value = match answer {
            Value::Map(pairs) => pairs.into_iter().next()?.1,
            other => list(other).ok()?.into_iter().nth(1)?,
        };
        text(value).ok()
    };
    match setting("maxmemory-policy").await {
        Some(policy) if policy != "noeviction" => return Err(ConnectError::Eviction(policy)),
        Some(_) => {}
        None => {
            tracing::info!("whether the server may drop tokens cannot be told: its settings cannot be read")
        }
    }
    if setting("appendonly").await.is_some_and(|appendonly| appendonly != "yes") {
        tracing::warn!(
            "the server keeps no log of its writes: a crash loses tokens, and what was revoked (appendonly)"
        );
    }
    Ok(())
}

/// The name of one life of a database, never given twice.
pub(crate) fn incarnation() -> Result<String, RandomError> {
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
