//! The store of jeton in Redis 7.0 or later, or Valkey 7.2 or later, for many nodes.
//!
//! ```no_run
//! use jeton::Store;
//! use jeton_redis::RedisStore;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = RedisStore::connect("redis://app:secret@db.example.org:6379/0").await?;
//! store.ping().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is durable, and when
//!
//! The server decides what an acknowledged write is worth:
//!
//! | setting | what a crash of the server loses |
//! |---|---|
//! | `appendonly yes`, `appendfsync always` | nothing: this is what the contract of a store asks for |
//! | `appendonly yes`, `appendfsync everysec` | the writes of the last second or two |
//! | `appendonly no` | all since the last snapshot; it is told in the log when the store connects |
//!
//! Run `redis-check-aof --fix` before the server starts again: a log that was cut in the middle of a write keeps the half
//! of it otherwise, which may take what is written after it along at the next crash, or be done after all.
//!
//! A write that is lost may be a revocation: the token works again. After any such loss, or after a backup was restored,
//! call `Authority::restored`, which refuses whatever was given out before.
//!
//! `maxmemory-policy` must be `noeviction`: a server that drops keys when its memory is full would drop tokens. Any other
//! policy is refused when the store connects, where the settings may be read (`CONFIG GET`).
//!
//! Replication is asynchronous. A replica that takes over and lags behind has lost what its master had acknowledged. A
//! node that had read further in the change log than the replica has come is told that its place is lost
//! ([`CursorLost`](jeton::StoreError::CursorLost)), and reads all that there is; what was lost stays lost.
//!
//! # Keys and rights
//!
//! All keys begin with the prefix in braces, `{jeton}:`. The user needs `~{jeton}:*`, the channel `&{jeton}:wake`, and
//! `EVAL`, `EVALSHA`, `SCRIPT LOAD`, `PING`, `SUBSCRIBE` and what the scripts call: commands of hashes, sorted sets and
//! streams, `EXISTS`, `DEL` and `PUBLISH`; and `CONFIG GET` if it may.
//!
//! # In a cluster
//!
//! All keys of a store are in one slot, so one server of the cluster has them all. The URL names any server; those that do
//! not have the slot name the one that has it (`MOVED`), and that one is asked from then on, by the same user and as
//! encrypted. When it is gone, the server of the URL is asked again: it should be a name that leads to a server that runs,
//! since no other one is known. A replica that takes over may lack the last writes, as [above](#what-is-durable-and-when).
//!
//! **Do not move the slot key by key** (`CLUSTER SETSLOT MIGRATING`, `redis-cli --cluster reshard`) while nodes run: a
//! script sees a part of the keys then, and may break off in its middle. End the nodes first, or move it at once
//! (`CLUSTER MIGRATESLOTS` of Valkey 9).
//!
//! # Encryption
//!
//! With the feature `tls`, `rediss://` (or `valkeys://`) is encrypted, calls and wake-ups alike. The certificate of the
//! server must be for the host of the URL, and signed by an authority that the system knows (or one in the file that
//! `SSL_CERT_FILE` names); there is no way around that. Authorities and certificates of your own are given by a client:
//!
//! ```no_run
//! # #[cfg(feature = "tls")]
//! # async fn example(root_cert: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
//! use jeton_redis::RedisSettings;
//! use redis::{Client, TlsCertificates};
//!
//! // In PEM.
//! let certificates = TlsCertificates { client_tls: None, root_cert: Some(root_cert) };
//! let client = Client::build_with_tls("rediss://db.example.org:6379", certificates)?;
//! let store = RedisSettings::from_client(client).connect().await?;
//! # Ok(())
//! # }
//! ```
//!
//! A program that uses rustls with several crypto libraries chooses one (`CryptoProvider::install_default`) before it
//! connects; if it has chosen none, it is aws-lc-rs.
//!
//! # What it costs
//!
//! Each write is one script, and so atomic. Find, generate, change, exchange: a number of steps that grows with the
//! logarithm of the number of records.
//!
//! A list reads one sorted set in its order, from its place on. There is one for each order of all records, of each tenant,
//! subject, kind, role, and standing (active, disabled, revoked), and of those whose holder may sign for any user. So a
//! page of any order costs what it holds (and the logarithm), if it asks for nothing, or for one of: a subject, a tenant, a
//! kind, a role, disabled or revoked ones. Of several the smallest set is read, and the rest is judged record by record. So
//! are: a part of the name, the default role, lives beyond bounds, what is active or not yet valid among all that
//! nobody ended; expired ones and an end before a time, unless the list is sorted by the end; a last use before a time,
//! unless it is sorted by the last use. At most 10 000 records are looked at for one page: one that finds too few ends
//! early, and says where to go on. The audit log is read in the same way: by token, actor, tenant or action; and `since` is
//! judged entry by entry.
//!
//! A limit of live tokens is counted in logarithmic time. Pruning drops 500 things by each script. A restoration
//! writes every record in one script, and nothing else is answered meanwhile.
//!
//! | feature | what |
//! |---|---|
//! | `tls` | encrypted connections (`rediss:`) |
//!
//! But for the client that a host hands over, no type of the driver shows here.

mod answer;
mod audiences;
mod audit;
mod changes;
mod index;
mod keys;
mod link;
mod list;
mod listen;
mod once;
mod open;
mod record;
mod route;
mod scripts;
mod settings;
mod store;

use std::{fmt, sync::OnceLock, time::Duration};

use jeton::{StoreError, Wakeups};
use redis::{Script, Value};

use self::{
    answer::Answer,
    link::{Call, Link},
};
pub use self::{open::ConnectError, settings::RedisSettings};

/// A store in a Redis or Valkey server, shared by any number of nodes. See the [crate](self) for what it promises under
/// which settings of the server.
///
/// All calls share one connection; another one waits for changes. Both connect again by themselves. A caller that stops
/// waiting leaves its write done or undone, never done by half.
pub struct RedisStore {
    link: Link,
    /// The hash `meta`, by whose name the scripts know all others.
    meta: String,
    channel: String,
    wakeups: OnceLock<Wakeups>,
}

impl RedisStore {
    /// Connects to the server of that URL, with the defaults of [`RedisSettings`].
    ///
    /// # Errors
    ///
    /// As [`RedisSettings::from_url`] and [`RedisSettings::connect`].
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        RedisSettings::from_url(url)?.connect().await
    }

    fn new(link: Link, prefix: &str) -> Self {
        let key = |name: &str| format!("{{{prefix}}}:{name}");
        Self { link, meta: key("meta"), channel: key("wake"), wakeups: OnceLock::new() }
    }

    /// One connection listens for all who wait, and connects again by itself whenever it is lost.
    fn wakeups(&self) -> Wakeups {
        let begin = || listen::wakeups(self.link.route().clone(), self.channel.clone());
        self.wakeups.get_or_init(begin).clone()
    }

    async fn run(&self, script: &Script, args: Vec<String>) -> Result<Answer, StoreError> {
        self.run_within(script, args, self.link.timeout()).await
    }

    async fn run_within(
        &self,
        script: &Script,
        args: Vec<String>,
        patience: Duration,
    ) -> Result<Answer, StoreError> {
        let mut call = script.key(&self.meta);
        for arg in &args {
            call.arg(arg);
        }
        Answer::of(self.link.ask(Call::Script(&call), patience).await?)
    }

    async fn ask(&self, call: Call<'_>) -> Result<Value, StoreError> {
        self.link.ask(call, self.link.timeout()).await
    }

    /// Work of several steps, unless it takes too long.
    async fn within<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(self.link.timeout(), work)
            .await
            .unwrap_or_else(|late| Err(StoreError::unavailable(late)))
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("meta", &self.meta).finish_non_exhaustive()
    }
}
