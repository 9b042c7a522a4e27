//! How an authority is put together. A wrong set-up fails here, never at the first request.

use std::{sync::Arc, time::Duration};

use super::{
    Authority, Inner, ManagedKeysError, Settings,
    keys::{self, ManagedKeys},
};
use crate::{
    Algorithm, Clock, Directory, KeyStore, MasterKey, Names, Random, Ring, RoleMap, SigningKey, Store,
    StoreError, SystemClock, SystemRandom, Verifier, cutoff::CutOffs, feed, rights, ring::KeyRing,
    verifier::Parts,
};

/// Why an authority cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Something that it needs was not given.
    #[error("an authority needs {0}")]
    Missing(&'static str),
    /// A setting is outside of what makes sense.
    #[error("{0}")]
    Setting(&'static str),
    /// The keys of one ring share a name, or both rings share a key.
    #[error("each key must have a name of its own and belong to one ring")]
    Keys,
    /// The managed keys cannot be used.
    #[error(transparent)]
    ManagedKeys(#[from] ManagedKeysError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts an [`Authority`] together.
#[must_use]
pub struct AuthorityBuilder {
    issuer: String,
    store: Option<Arc<dyn Store>>,
    directory: Option<Arc<dyn Directory>>,
    managed: Option<(Arc<dyn KeyStore>, MasterKey)>,
    api_keys: Vec<SigningKey>,
    access_keys: Vec<SigningKey>,
    api_algorithm: Algorithm,
    access_algorithm: Algorithm,
    audiences: Vec<String>,
    foreign_audiences: Names,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    access_ttl: Duration,
    default_lifetime: Duration,
    leeway: Duration,
    clock_skew: Duration,
    default_role: String,
    role_map: RoleMap,
    directory_timeout: Duration,
    feed_interval: Duration,
}

impl std::fmt::Debug for AuthorityBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthorityBuilder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl AuthorityBuilder {
    pub(super) fn new(issuer: String) -> Self {
        Self {
            issuer,
            store: None,
            directory: None,
            managed: None,
            api_keys: Vec::new(),
            access_keys: Vec::new(),
            api_algorithm: Algorithm::EdDsa,
            access_algorithm: Algorithm::EdDsa,
            audiences: Vec::new(),
            foreign_audiences: Names::new(),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
            access_ttl: Duration::from_secs(300),
            default_lifetime: Duration::from_secs(30 * 86_400),
            leeway: Duration::ZERO,
            clock_skew: Duration::from_secs(60),
            default_role: rights::EXTERNAL_APPLICATION.to_owned(),
            role_map: RoleMap::default(),
            directory_timeout: Duration::from_secs(5),
            feed_interval: Duration::from_secs(1),
        }
    }

    /// Where records are kept. Needed.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// The host app's users. Needed.
    pub fn directory(mut self, directory: Arc<dyn Directory>) -> Self {
        self.directory = Some(directory);
        self
    }

    /// Makes the signing keys at the first start and keeps them in that store, sealed with the master key. Either
    /// this, or both [`api_keys`](Self::api_keys) and [`access_keys`](Self::access_keys).
    pub fn managed_keys(mut self, store: Arc<dyn KeyStore>, master: MasterKey) -> Self {
        self.managed = Some((store, master));
        self
    }

    /// What managed keys of API tokens shall be when they are made; EdDSA unless told otherwise.
    pub fn api_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.api_algorithm = algorithm;
        self
    }

    /// What managed keys of access tokens shall be when they are made; EdDSA unless told otherwise.
    pub fn access_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.access_algorithm = algorithm;
        self
    }

    /// The keys of API tokens; the first one signs.
    pub fn api_keys(mut self, keys: impl IntoIterator<Item = SigningKey>) -> Self {
        self.api_keys = keys.into_iter().collect();
        self
    }

    /// The keys of access tokens; the first one signs.
    pub fn access_keys(mut self, keys: impl IntoIterator<Item = SigningKey>) -> Self {
        self.access_keys = keys.into_iter().collect();
        self
    }

    /// An audience (`aud`) of this app: access tokens must name one. The first one given is what an exchange
    /// without `audience` gets; the issuer unless told otherwise.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// An audience that access tokens may be got for, but that is not this app: another service, which verifies
    /// them itself.
    pub fn foreign_audience(mut self, audience: impl Into<String>) -> Self {
        self.foreign_audiences.insert(audience.into());
        self
    }

    /// Which scopes a role brings.
    pub fn role_map(mut self, map: RoleMap) -> Self {
        self.role_map = map;
        self
    }

    /// The role of every token that stands for no user; [`EXTERNAL_APPLICATION`](rights::EXTERNAL_APPLICATION)
    /// unless told otherwise.
    pub fn default_role(mut self, role: impl Into<String>) -> Self {
        self.default_role = role.into();
        self
    }

    /// The lifetime of access tokens, in whole seconds: 1 second to 1 day, 5 minutes unless told otherwise. RFC
    /// 6750 §5.3 asks for an hour at most.
    pub fn access_ttl(mut self, ttl: Duration) -> Self {
        self.access_ttl = ttl;
        self
    }

    /// The lifetime of API tokens for which none is asked; 30 days unless told otherwise.
    pub fn default_lifetime(mut self, lifetime: Duration) -> Self {
        self.default_lifetime = lifetime;
        self
    }

    /// For how long after its end an access token is still accepted; not at all unless told otherwise, a minute at
    /// most (RFC 7519 §4.1.4).
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// By how much the clocks of the nodes may differ: a minute unless told otherwise, an hour at most.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.clock_skew = skew;
        self
    }

    /// How long the directory may take: 5 seconds unless told otherwise. Then the answer is 503.
    pub fn directory_timeout(mut self, timeout: Duration) -> Self {
        self.directory_timeout = timeout;
        self
    }

    /// How often the change log is read: every second unless told otherwise. By that much a change made by another
    /// process takes effect later here.
    pub fn feed_interval(mut self, interval: Duration) -> Self {
        self.feed_interval = interval;
        self
    }

    /// Where the time comes from; the machine unless told otherwise.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where random bytes come from; the system unless told otherwise.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Checks the settings, loads or makes the keys, reads the change log to its end and begins to follow it. Must be
    /// called within a tokio runtime that goes on running.
    ///
    /// # Errors
    ///
    /// See [`BuildError`].
    pub async fn build(self) -> Result<Authority, BuildError> {
        self.check()?;
        let store = self.store.ok_or(BuildError::Missing("a store"))?;
        let directory = self.directory.ok_or(BuildError::Missing("a directory"))?;
        let (api_keys, access_keys) = match self.managed {
            Some((key_store, master)) if self.api_keys.is_empty() && self.access_keys.is_empty() => {
                let (api_algorithm, access_algorithm) = (self.api_algorithm, self.access_algorithm);
                let managed = ManagedKeys { store: key_store, master, api_algorithm, access_algorithm };
                (
                    keys::load(&managed, Ring::Api, &*self.clock, &*self.random).await?,
                    keys::load(&managed, Ring::Access, &*self.clock, &*self.random).await?,
                )
            }
            Some(_) => return Err(BuildError::Setting("keys are either managed or given, not both")),
            None => (self.api_keys, self.access_keys),
        };
        if api_keys.is_empty() || access_keys.is_empty() {
            return Err(BuildError::Missing("keys of both rings, or managed keys"));
        }
        let api_keys = KeyRing::new(api_keys).ok_or(BuildError::Keys)?;
        let access_keys = KeyRing::new(access_keys).ok_or(BuildError::Keys)?;
        if api_keys.shares_a_key_with(&access_keys) {
            return Err(BuildError::Keys);
        }
        let default_audience = self.audiences.first().cloned().unwrap_or_else(|| self.issuer.clone());
        let mut own: Names = self.audiences.into_iter().collect();
        own.insert(default_audience.clone());
        let audiences: Names = own.union(&self.foreign_audiences).cloned().collect();
        // Stored before the first access token of that lifetime is signed.
        let longest_access_ttl = store.longest_access_ttl(self.access_ttl).await?;
        let verifier = Verifier(Arc::new(Parts {
            issuer: self.issuer.clone(),
            audiences: own,
            keys: access_keys,
            cut_offs: CutOffs::default(),
            clock: self.clock,
            leeway: self.leeway,
            clock_skew: self.clock_skew,
        }));
        let settings = Settings {
            exchange_audience: format!("{}/exchange", self.issuer),
            audiences,
            default_audience,
            access_ttl: self.access_ttl,
            default_lifetime: self.default_lifetime,
            default_role: self.default_role,
            role_map: self.role_map,
            directory_timeout: self.directory_timeout,
            longest_access_ttl,
        };
        let (random, feed) = (self.random, feed::Feed::default());
        let inner = Arc::new(Inner { store, directory, random, verifier, api_keys, settings, feed });
        feed::read_on(&inner).await?;
        tokio::spawn(feed::follow(Arc::downgrade(&inner), self.feed_interval));
        Ok(Authority(inner))
    }

    fn check(&self) -> Result<(), BuildError> {
        let setting = |good: bool, text| if good { Ok(()) } else { Err(BuildError::Setting(text)) };
        let seconds = Duration::from_secs;
        let web = self.issuer.starts_with("https://") || self.issuer.starts_with("http://");
        let plain = !self.issuer.ends_with('/') && !self.issuer.contains(['?', '#', ' ', '"', '\\']);
        setting(
            web && plain && self.issuer.len() <= 500,
            "the issuer must be an http or https URL of at most 500 bytes without query, fragment and final slash",
        )?;
        setting(
            (seconds(1)..=seconds(86_400)).contains(&self.access_ttl) && self.access_ttl.subsec_nanos() == 0,
            "the lifetime of access tokens must be 1 second to 1 day, in whole seconds",
        )?;
        setting(self.default_lifetime >= seconds(1), "the lifetime of API tokens must be 1 second at least")?;
        setting(self.leeway <= seconds(60), "the leeway must be a minute at most")?;
        setting(self.clock_skew <= seconds(3600), "the clock skew must be an hour at most")?;
        setting(!self.feed_interval.is_zero(), "the feed interval must not be zero")?;
        let audiences = self.audiences.iter().chain(&self.foreign_audiences);
        setting(
            audiences.clone().all(|audience| !audience.trim().is_empty() && audience.len() <= 500),
            "an audience must have 1 to 500 bytes",
        )?;
        let exchange = format!("{}/exchange", self.issuer);
        setting(
            audiences.clone().all(|audience| *audience != exchange),
            "the exchange is the audience of API tokens alone",
        )?;
        setting(
            self.role_map.all_scopes().all(|scope| crate::text::is_scope(scope)),
            "a role maps to something that is no scope",
        )?;
        setting(!self.default_role.trim().is_empty(), "the default role must have a name")
    }
}
