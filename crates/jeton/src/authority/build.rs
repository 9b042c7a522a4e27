//! How an authority is put together. A wrong set-up fails here, never at the first request.

use std::{
    num::NonZero,
    sync::{Arc, OnceLock, atomic::AtomicU64},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::sync::Semaphore;

use super::{
    Authority, AuthorityBuilder, Inner, MAX_ACCESS_TTL, MAX_LOG_AGE, ManagedKeysError, Reveal, Settings,
    draft::Drafts,
    housekeeping::{self, Housekeeping, Told},
    keys::ManagedKeys,
    proofs::Proofs,
    published::Published,
    switch::Switch,
};
use crate::{
    Algorithm, Audiences, Names, SigningKey, Staleness, Store, StoreError, Verifier,
    audit::Buffer,
    cutoff::CutOffs,
    feed,
    last_use::Uses,
    limits::Limits,
    named,
    random::Jtis,
    recent::Recent,
    ring::{CurrentKeys, KeyRing, Rings},
    store::TimedStore,
    telemetry::Telemetry,
    verified::VerifiedTokens,
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

impl AuthorityBuilder {
    /// Checks the settings, loads or makes the keys, reads the change log to its end and begins to follow it. Must be
    /// called within a tokio runtime that goes on running.
    ///
    /// # Errors
    ///
    /// See [`BuildError`].
    pub async fn build(self) -> Result<Authority, BuildError> {
        self.check()?;
        let store = self.store.ok_or(BuildError::Missing("a store"))?;
        let store: Arc<dyn Store> = Arc::new(TimedStore::new(store, self.clock.clone()));
        let directory = self.directory.ok_or(BuildError::Missing("a directory"))?;
        let given = [&self.api_keys, &self.access_keys, &self.secret_keys];
        let unmanaged = given.into_iter().all(Vec::is_empty);
        let (rings, managed) = match self.managed {
            Some((key_store, master)) if unmanaged => {
                let managed = ManagedKeys {
                    store: key_store,
                    master,
                    previous: self.previous_master_keys,
                    api_algorithm: self.api_algorithm,
                    access_algorithm: self.access_algorithm,
                };
                (managed.first_rings(&*self.clock, &*self.random).await?, Some(managed))
            }
            Some(_) => return Err(BuildError::Setting("keys are either managed or given, not both")),
            None => (given_rings(self.api_keys, self.access_keys, self.secret_keys)?, None),
        };
        let makes_es256 = managed.is_some() && self.api_algorithm == Algorithm::Es256;
        if self.reveal == Reveal::Again && (!rings.api.is_deterministic() || makes_es256) {
            return Err(BuildError::Setting("tokens signed with ES256 cannot be shown again"));
        }
        let default_audience = self.audiences.first().cloned().unwrap_or_else(|| self.issuer.clone());
        let mut own: Names = self.audiences.into_iter().collect();
        own.insert(default_audience.clone());
        let audiences: Names = own.union(&self.foreign_audiences).cloned().collect();
        // Stored before the first access token of that lifetime is signed.
        // What comes of a record that was read from the cache may begin so much after it was changed.
        let (room, log_age) = self.cached_records;
        let recent = Recent::new(room, log_age);
        let longest_access_ttl = store.longest_access_ttl(self.access_ttl + recent.at_most()).await?;
        let remembers = self.remembered.bytes > 0;
        let verifier = Verifier(Arc::new(Parts {
            issuer: self.issuer.clone(),
            audiences: own,
            keys: CurrentKeys::new(rings.access.verifying().clone()),
            cut_offs: CutOffs::default(),
            verified: VerifiedTokens::new(self.remembered),
            clock: self.clock,
            leeway: self.leeway,
            clock_skew: self.clock_skew,
            remote: None,
            tasks: OnceLock::new(),
        }));
        let settings = Settings {
            exchange_audience: format!("{}/exchange", self.issuer),
            audiences,
            default_audience,
            access_ttl: self.access_ttl,
            lifetimes: self.lifetimes,
            default_role: self.default_role,
            reveal: self.reveal,
            key_lead: self.key_lead,
            rotate_access_keys_every: self.rotate_access_keys_every,
            personal_limit: self.personal_limit,
            personal_grace: self.personal_grace,
            subject_limit: self.subject_limit,
            signatures: self.signatures,
            role_map: self.role_map,
            directory_timeout: self.directory_timeout,
            longest_access_ttl,
            staleness: self.staleness,
            log_age_to_sign: Duration::from_secs(10).max(self.feed_interval.saturating_mul(2)),
        };
        let (random, feed) = (self.random, feed::Feed::default());
        let jtis = Jtis::new(Arc::clone(&random));
        let clock = verifier.0.clock.clone();
        let housekeeping = Housekeeping {
            // A tombstone outlives whatever was made from the token.
            keep_tombstones: self.housekeeping.keep_tombstones.max(Duration::from_secs(2 * 86_400)),
            ..self.housekeeping
        };
        let audiences = Audiences::default();
        // Before the log is read: what changes meanwhile is in the log.
        store.audiences().await?.into_iter().for_each(|audience| audiences.learn(audience));
        let wakeups = store.watch();
        let inner = Arc::new(Inner {
            store,
            directory,
            search: self.search,
            random,
            verifier,
            rings: ArcSwap::from_pointee(rings),
            managed,
            refreshing: tokio::sync::Mutex::default(),
            asked_for_keys: AtomicU64::new(0),
            settings,
            housekeeping,
            sink: self.sink,
            feed,
            recent,
            proofs: Proofs::new(remembers),
            drafts: Drafts::new(room),
            jtis,
            signers: Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, NonZero::get))),
            telemetry: Telemetry::new(),
            published: Published::default(),
            audiences,
            uses: Uses::default(),
            audit: Buffer::default(),
            limits: Limits::new(clock, self.limit_bad_credentials, self.limit_exchanges),
            switch: Switch::default(),
            told: Told::default(),
        });
        feed::read_on(&inner).await?;
        tokio::spawn(named::follow(Arc::downgrade(&inner), inner.feed.named.subscribe()));
        tokio::spawn(feed::follow(Arc::downgrade(&inner), self.feed_interval, wakeups));
        tokio::spawn(feed::write(Arc::downgrade(&inner), self.feed_interval));
        tokio::spawn(housekeeping::keep(Arc::downgrade(&inner), self.housekeeping_interval));
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
            (seconds(1)..=MAX_ACCESS_TTL).contains(&self.access_ttl) && self.access_ttl.subsec_nanos() == 0,
            "the lifetime of access tokens must be 1 second to 1 day, in whole seconds",
        )?;
        let policies = [self.lifetimes.service, self.lifetimes.personal];
        let lifetimes = policies.iter().flat_map(|policy| [Some(policy.default), policy.max]);
        setting(
            lifetimes.flatten().all(|lifetime| lifetime >= seconds(1)),
            "the lifetime of API tokens must be 1 second at least",
        )?;
        setting(self.personal_limit > 0, "a user may have one personal token at least")?;
        let unused = self.housekeeping.disable_unused_after;
        setting(
            unused.is_none_or(|span| span >= seconds(86_400)),
            "a token is unused for one day at least before it is disabled",
        )?;
        setting(!self.housekeeping_interval.is_zero(), "the housekeeping interval must not be zero")?;
        setting(self.leeway <= seconds(60), "the leeway must be a minute at most")?;
        setting(self.clock_skew <= seconds(3600), "the clock skew must be an hour at most")?;
        setting(!self.feed_interval.is_zero(), "the feed interval must not be zero")?;
        setting(
            self.cached_records.1 <= MAX_LOG_AGE,
            "a record may be kept while the log was read within the last minute",
        )?;
        setting(
            !matches!(self.staleness, Staleness::RefuseAfter(age) if age <= self.feed_interval),
            "access tokens must not be refused sooner than the log is read again",
        )?;
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

/// The rings of keys that the host gave.
fn given_rings(
    api: Vec<SigningKey>,
    access: Vec<SigningKey>,
    secret: Vec<SigningKey>,
) -> Result<Rings, BuildError> {
    if api.is_empty() || access.is_empty() {
        return Err(BuildError::Missing("keys of both rings, or managed keys"));
    }
    if secret.iter().any(|key| !key.algorithm().is_symmetric()) {
        return Err(BuildError::Setting("secrets are derived from HMAC keys"));
    }
    let ring = |keys| KeyRing::new(keys).ok_or(BuildError::Keys);
    let secret = if secret.is_empty() { None } else { Some(ring(secret)?) };
    let rings = Rings { api: ring(api)?, access: ring(access)?, secret };
    let shared = |other| rings.secret.as_ref().is_some_and(|keys| keys.shares_a_key_with(other));
    if rings.api.shares_a_key_with(&rings.access) || shared(&rings.api) || shared(&rings.access) {
        return Err(BuildError::Keys);
    }
    Ok(rings)
}
