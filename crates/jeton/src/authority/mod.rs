//! The one handle of the domain: it generates, exchanges, authenticates and manages tokens.
//!
//! What may never happen, whatever the interleaving, is written down in `docs/INVARIANTS.md`.

mod account;
mod audiences;
mod build;
mod builder;
mod choices;
mod direct;
mod draft;
mod edit;
mod escalation;
mod exchange;
mod expiry;
mod generate;
mod grace;
mod housekeeping;
mod keys;
mod leaks;
mod live;
mod manage;
mod mutate;
mod nodes;
mod notes;
mod oauth;
mod own;
mod personal;
mod proofs;
mod proven;
mod published;
mod request;
mod reveal;
mod rotate;
mod search;
mod secret;
mod settings;
mod signature;
mod subjects;
mod switch;

use std::{
    net::IpAddr,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use arc_swap::ArcSwap;

pub use build::BuildError;
pub use builder::AuthorityBuilder;
pub use choices::Choices;
use expiry::Lifetimes;
pub use expiry::{Endless, Expiry, ExpiryPolicy};
use keys::ManagedKeys;
pub(crate) use keys::refresh as refresh_keys;
pub use keys::{KeyInfo, KeyState, ManagedKeysError};
pub use oauth::Introspection;
use published::Published;
pub use published::SignedCutOffs;
pub use request::{Edit, Exchange, Exchanged, Generate, Generated, Rotate};
pub use reveal::Reveal;
pub use secret::Signatures;

use housekeeping::{Housekeeping, Told};
use switch::Switch;

use crate::{
    Audiences, Clock, Directory, DirectorySearch, Grant, Names, PublicJwks, Random, Record, Sink, Staleness,
    Store, Timestamp, Verifier, audit, cutoff::CutOffs, feed, last_use::Uses, limits::Limits, policy::Facts,
    random::Jtis, recent::Recent, rights::RoleMap, ring::Rings, telemetry::Telemetry,
};

/// How old the log may be at most for a record to be taken from memory: by so much later than the lifetime says the children
/// of a record may end that was changed.
pub(crate) const MAX_LOG_AGE: Duration = Duration::from_secs(60);

/// The longest lifetime that access tokens can be set to: a day. Whatever signed one that lives longer, it was no
/// authority of ours.
pub(crate) const MAX_ACCESS_TTL: Duration = Duration::from_secs(86_400);

/// Generates API tokens, exchanges them, authenticates requests and manages the records. Cheap to clone, and all
/// clones are one.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use jeton::{
///     Account, Algorithm, Authority, Caller, Exchange, Generate, MemoryStore, SigningKey, StaticDirectory, SystemRandom,
/// };
///
/// let authority = Authority::builder("https://app.example/auth")
///     .store(Arc::new(MemoryStore::new()))
///     .directory(Arc::new(StaticDirectory::new().with("alice", Account::active().with_role("reader"))))
///     .api_keys([SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap()])
///     .access_keys([SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap()])
///     .build()
///     .await
///     .unwrap();
///
/// let me = Caller::system("setup");
/// let generated = authority.generate(&me, Generate::new("CI").with_subject("alice")).await.unwrap();
/// let exchanged = authority.exchange(generated.api_token.expose(), &Exchange::default()).await.unwrap();
/// let principal = authority.authenticate(exchanged.access_token.expose()).unwrap();
/// assert_eq!(principal.subject(), Some("alice"));
///
/// authority.revoke(&me, generated.record.id).await.unwrap();
/// assert!(authority.authenticate(exchanged.access_token.expose()).is_err());
/// # });
/// ```
#[derive(Clone)]
pub struct Authority(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    directory: Arc<dyn Directory>,
    search: Option<Arc<dyn DirectorySearch>>,
    random: Arc<dyn Random>,
    verifier: Verifier,
    pub(crate) rings: ArcSwap<Rings>,
    managed: Option<ManagedKeys>,
    /// Held while keys are taken over.
    refreshing: tokio::sync::Mutex<()>,
    /// When keys were last looked for because a token named an unknown one, on the monotonic clock in seconds.
    asked_for_keys: AtomicU64,
    settings: Settings,
    housekeeping: Housekeeping,
    sink: Option<Arc<dyn Sink>>,
    pub(crate) feed: feed::Feed,
    published: Published,
    pub(crate) recent: Recent<Record>,
    proofs: proofs::Proofs,
    drafts: draft::Drafts,
    jtis: Jtis,
    /// How many signatures that take long may be made at once.
    signers: Arc<tokio::sync::Semaphore>,
    pub(crate) telemetry: Telemetry,
    pub(crate) audiences: Audiences,
    pub(crate) uses: Uses,
    pub(crate) audit: audit::Buffer,
    pub(crate) limits: Limits,
    switch: Switch,
    told: Told,
}

pub(crate) struct Settings {
    /// The `aud` of API tokens.
    exchange_audience: String,
    /// What access tokens may be got for.
    audiences: Names,
    default_audience: String,
    access_ttl: Duration,
    lifetimes: Lifetimes,
    default_role: String,
    reveal: Reveal,
    key_lead: Duration,
    rotate_access_keys_every: Option<Duration>,
    personal_limit: usize,
    personal_grace: Duration,
    subject_limit: Option<usize>,
    signatures: Signatures,
    role_map: RoleMap,
    directory_timeout: Duration,
    /// The longest lifetime of access tokens that any node may still use.
    longest_access_ttl: Duration,
    staleness: Staleness,
    log_age_to_sign: Duration,
}

impl Settings {
    /// A token that stands for no user has the default role anyway: it is shown with it, so it may come back.
    fn drop_default_role(&self, grant: &mut Grant) {
        if grant.subject.is_none() {
            grant.roles.remove(&self.default_role);
        }
    }
}

impl Inner {
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.verifier.0.clock
    }

    pub(crate) fn cut_offs(&self) -> &CutOffs {
        &self.verifier.0.cut_offs
    }

    pub(crate) fn prune_verified(&self) {
        self.verifier.0.verified.prune(self.clock().now());
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("issuer", &self.issuer()).finish_non_exhaustive()
    }
}

impl Authority {
    /// Begins an authority that issues tokens under that name (`iss`, RFC 7519 §4.1.1): the URL at which its routes
    /// are mounted.
    pub fn builder(issuer: impl Into<String>) -> AuthorityBuilder {
        AuthorityBuilder::new(issuer.into())
    }

    /// The verifying half alone.
    pub fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    /// The name under which it issues tokens.
    pub fn issuer(&self) -> &str {
        self.0.verifier.issuer()
    }

    /// The public keys of access tokens (RFC 7517 §5).
    pub fn jwks(&self) -> PublicJwks {
        PublicJwks { keys: self.0.rings.load().access.public() }
    }

    /// What an exchange without `audience` gets access tokens for.
    pub fn default_audience(&self) -> &str {
        &self.0.settings.default_audience
    }

    /// The lifetime of access tokens.
    pub fn access_ttl(&self) -> Duration {
        self.0.settings.access_ttl
    }

    /// The time by the clock of this authority.
    pub fn now(&self) -> Timestamp {
        self.0.clock().now()
    }

    /// The roles that a record is shown with: its own, and the default one if it stands for no user.
    pub fn roles_of(&self, record: &Record) -> Names {
        let mut roles = record.grant.roles.clone();
        if record.grant.subject.is_none() {
            roles.insert(self.0.settings.default_role.clone());
        }
        roles
    }

    /// What is known about a request from that address, and the named audiences of this authority.
    pub fn facts(&self, address: Option<IpAddr>) -> Facts {
        Facts { address, audiences: self.0.audiences.clone() }
    }
}
