//! Putting it together, up to the point where a framework takes over.

use std::{error::Error, io, net::TcpListener, path::Path, sync::Arc};

use jeton::{
    Account, Authority, BuildError, Caller, Expiry, Filter, Generate, KeyStore, ManageError, MasterKey,
    MasterKeyError, MemoryStore, NamedAudience, RandomError, Sort, StaticDirectory, Store, SystemRandom,
    rights::{RoleMap, TOKEN_ADMIN, scopes},
};
use jeton_http::{Gate, RouteRule};
use jeton_sqlx::{ConnectError, OpenError, SqliteStore};

use crate::{MOUNT, Settings, SettingsError, settings::Database};

/// The demo app, but for its framework.
#[derive(Debug)]
pub struct Demo {
    /// Bound, and in the mode that async runtimes want.
    pub listener: TcpListener,
    /// The URL under which it can be reached.
    pub url: String,
    /// How its requests are authenticated.
    pub gate: Gate,
    /// The authority behind it.
    pub authority: Authority,
}

/// Why the demo does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The address.
    #[error("the address of JETON_ADDR cannot be used")]
    Address(#[source] io::Error),
    /// The database.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The database server.
    #[error(transparent)]
    Server(#[from] ConnectError),
    /// The Redis server.
    #[error(transparent)]
    Redis(#[from] jeton_redis::ConnectError),
    /// The master key.
    #[error("JETON_MASTER_KEY, or the file beside the database, cannot be used")]
    MasterKey(#[from] MasterKeyError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The authority.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The first token, or the first audience.
    #[error("the first token and audience could not be made")]
    FirstSteps(#[from] ManageError),
}

impl StartError {
    /// What went wrong, with all its causes.
    pub fn report(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

/// Writes what is logged to the standard error output, at the level of `RUST_LOG`.
pub fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}

/// Tells in the log which routes there are and what each asks for.
pub fn log_rules<'a>(rules: impl IntoIterator<Item = &'a RouteRule>) {
    rules.into_iter().for_each(|rule| tracing::debug!("{rule}"));
}

/// Binds the address, opens the store, builds the authority, and prints the first token on an empty store.
///
/// # Errors
///
/// If anything of that fails; nothing is served then.
#[expect(clippy::print_stdout, reason = "the first token is for whoever starts the program")]
pub async fn start() -> Result<Demo, StartError> {
    let settings = Settings::from_environment()?;
    let listener = TcpListener::bind(&settings.address).map_err(StartError::Address)?;
    listener.set_nonblocking(true).map_err(StartError::Address)?;
    let url = format!("http://{}", listener.local_addr().map_err(StartError::Address)?);
    let issuer = settings.issuer.unwrap_or_else(|| format!("{url}{MOUNT}"));
    let audience = issuer.strip_suffix(MOUNT).unwrap_or(&issuer).to_owned();
    let (store, keys, master): (Arc<dyn Store>, Arc<dyn KeyStore>, _) = match settings.database {
        Database::Memory => {
            let store = Arc::new(MemoryStore::new());
            (store.clone(), store, master_key(settings.master_key.as_deref(), None)?)
        }
        Database::Postgres(server) => {
            let store = Arc::new(server.connect().await?);
            (store.clone(), store, master_key(settings.master_key.as_deref(), None)?)
        }
        Database::Redis(server) => {
            let store = Arc::new(server.connect().await?);
            (store.clone(), store, master_key(settings.master_key.as_deref(), None)?)
        }
        Database::Sqlite(path) => {
            let store = Arc::new(SqliteStore::open(&path).await?);
            (store.clone(), store, master_key(settings.master_key.as_deref(), Some(&path))?)
        }
    };
    let users = users();
    let authority = Authority::builder(issuer)
        .audience(audience)
        .store(store)
        .managed_keys(keys, master)
        .directory(Arc::new(users.clone()))
        .directory_search(Arc::new(users))
        .role_map(RoleMap::default().with("writer", ["reports:write"]))
        .reveal(settings.reveal)
        .staleness(settings.staleness)
        .access_ttl(settings.access_ttl)
        .build()
        .await?;
    authority.seed_audience(NamedAudience::new("external").with_subject("ExternalApp")).await?;
    if let Some(token) = first_token(&authority).await? {
        println!("admin-token: {token}");
    }
    Ok(Demo { listener, url, gate: Gate::new(authority.clone()).realm("demo"), authority })
}

/// The users of the demo: a real app asks its own database.
fn users() -> StaticDirectory {
    let account = || Account::active().with_scope(scopes::TOKENS_SELF);
    StaticDirectory::new()
        .with("ExternalApp", account())
        .with("alice", account().with_role("reader"))
        .with("bob", account().with_role("reader").with_role("writer"))
        .with("root", account().with_role(TOKEN_ADMIN))
}

/// The key that was given, or one in a file beside the database, or one for this run alone.
fn master_key(given: Option<&str>, database: Option<&Path>) -> Result<MasterKey, StartError> {
    Ok(match (given, database) {
        (Some(text), _) => MasterKey::from_base64url(text)?,
        (None, Some(database)) => {
            let mut path = database.as_os_str().to_owned();
            path.push(".master-key");
            MasterKey::from_file_or_create(Path::new(&path), &SystemRandom)?
        }
        (None, None) => MasterKey::generate(&SystemRandom)?,
    })
}

/// An API token for `root`, without end, if the store holds no token yet.
async fn first_token(authority: &Authority) -> Result<Option<String>, ManageError> {
    let setup = Caller::system("first start");
    let page = authority.list(&setup, Filter::default(), Sort::default(), None, 1).await?;
    if !page.records.is_empty() {
        return Ok(None);
    }
    let request = Generate::new("admin").with_subject("root").with_expiry(Expiry::Never);
    match authority.generate(&setup, request).await {
        Ok(generated) => Ok(Some(generated.api_token.expose().to_owned())),
        // Another process on the same store was first.
        Err(ManageError::NameTaken) => Ok(None),
        Err(error) => Err(error),
    }
}
