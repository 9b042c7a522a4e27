//! How a server is reached, and within which bounds.

use std::{fmt, time::Duration};

use redis::Client;

use super::{ConnectError, RedisStore, link::Link, open};

/// Which server, under which prefix, how long to wait.
///
/// ```no_run
/// use jeton_redis::RedisSettings;
///
/// # async fn example() -> Result<(), jeton_redis::ConnectError> {
/// let store = RedisSettings::from_url("redis://app:secret@cache.example.org:6379/0")?
///     .with_prefix("tokens")
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisSettings {
    client: Client,
    prefix: String,
    timeout: Duration,
}

impl RedisSettings {
    /// The server of a URL: `redis://user:password@host:port/number`, `redis+unix:///path/of/the/socket?db=number`;
    /// `rediss:` is encrypted, and needs the feature `tls`. `valkey:` and so on mean the same. In a cluster it may be any
    /// server.
    ///
    /// # Errors
    ///
    /// If it is no such URL. The error does not repeat it.
    pub fn from_url(url: &str) -> Result<Self, ConnectError> {
        Client::open(url).map(Self::from_client).map_err(|_| ConnectError::Url)
    }

    /// A client of the host, with its own settings of encryption, say. The store has connections of its own.
    pub fn from_client(client: Client) -> Self {
        Self { client, prefix: "jeton".to_owned(), timeout: Duration::from_secs(5) }
    }

    /// What all keys begin with, in braces; `jeton` if it is not set. Two stores with two prefixes do not see each other.
    /// Letters, digits and `_-.:`, at most 48.
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long a call may take in all, 5 seconds if it is not set. It is
    /// [`Unavailable`](jeton::StoreError::Unavailable) then.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.max(Duration::from_millis(10));
        self
    }

    /// Connects, and makes the store if there is none under the prefix: several nodes may do so at once.
    ///
    /// # Errors
    ///
    /// If the server does not answer, is too old, or may drop keys when its memory is full.
    pub async fn connect(self) -> Result<RedisStore, ConnectError> {
        let of_prefix = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
        if !(1..=48).contains(&self.prefix.len()) || !self.prefix.bytes().all(of_prefix) {
            return Err(ConnectError::Prefix);
        }
        #[cfg(feature = "tls")]
        choose_crypto(&self.client);
        let store = RedisStore::new(Link::new(self.client, self.timeout), &self.prefix);
        open::prepare(&store).await?;
        Ok(store)
    }
}

/// The driver takes the library that the program has chosen for rustls, and panics where it has chosen none and several
/// are there.
#[cfg(feature = "tls")]
fn choose_crypto(client: &Client) {
    use rustls::crypto::{CryptoProvider, aws_lc_rs};
    let encrypted = matches!(client.get_connection_info().addr(), redis::ConnectionAddr::TcpTls { .. });
    if encrypted && CryptoProvider::get_default().is_none() {
        // Another one was first.
        let _ = aws_lc_rs::default_provider().install_default();
    }
}

impl fmt::Debug for RedisSettings {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, timeout, .. } = self;
        f.debug_struct("RedisSettings")
            .field("prefix", prefix)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}
