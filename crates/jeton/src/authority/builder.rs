//! What an authority is put together from.

use std::{sync::Arc, time::Duration};

use super::{Reveal, Signatures, expiry::Lifetimes, housekeeping::Housekeeping};
use crate::{
    Algorithm, Clock, Directory, DirectorySearch, KeyStore, MasterKey, Names, PerMinute, Random, SigningKey,
    Sink, Staleness, Store, SystemClock, SystemRandom,
    rights::{self, RoleMap},
    verified::Room,
};

/// Puts an [`Authority`](crate::Authority) together.
#[must_use]
pub struct AuthorityBuilder {
    pub(super) issuer: String,
    pub(super) store: Option<Arc<dyn Store>>,
    pub(super) directory: Option<Arc<dyn Directory>>,
    pub(super) search: Option<Arc<dyn DirectorySearch>>,
    pub(super) managed: Option<(Arc<dyn KeyStore>, MasterKey)>,
    pub(super) previous_master_keys: Vec<MasterKey>,
    pub(super) key_lead: Duration,
    pub(super) rotate_access_keys_every: Option<Duration>,
    pub(super) api_keys: Vec<SigningKey>,
    pub(super) access_keys: Vec<SigningKey>,
    pub(super) api_algorithm: Algorithm,
    pub(super) access_algorithm: Algorithm,
    pub(super) audiences: Vec<String>,
    pub(super) foreign_audiences: Names,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) access_ttl: Duration,
    pub(super) secret_keys: Vec<SigningKey>,
    pub(super) lifetimes: Lifetimes,
    pub(super) leeway: Duration,
    pub(super) clock_skew: Duration,
    pub(super) default_role: String,
    pub(super) reveal: Reveal,
    pub(super) personal_limit: usize,
    pub(super) personal_grace: Duration,
    pub(super) subject_limit: Option<usize>,
    pub(super) signatures: Signatures,
    pub(super) limit_bad_credentials: Option<PerMinute>,
    pub(super) limit_exchanges: Option<PerMinute>,
    pub(super) sink: Option<Arc<dyn Sink>>,
    pub(super) housekeeping: Housekeeping,
    pub(super) housekeeping_interval: Duration,
    pub(super) role_map: RoleMap,
    pub(super) directory_timeout: Duration,
    pub(super) feed_interval: Duration,
    pub(super) staleness: Staleness,
    /// How many, and how old the log may be.
    pub(super) cached_records: (usize, Duration),
    pub(super) remembered: Room,
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
            search: None,
            managed: None,
            previous_master_keys: Vec::new(),
            key_lead: Duration::from_secs(360),
            rotate_access_keys_every: Some(Duration::from_secs(90 * 86_400)),
            api_keys: Vec::new(),
            access_keys: Vec::new(),
            api_algorithm: Algorithm::EdDsa,
            access_algorithm: Algorithm::EdDsa,
            audiences: Vec::new(),
            foreign_audiences: Names::new(),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
            access_ttl: Duration::from_secs(300),
            secret_keys: Vec::new(),
            lifetimes: Lifetimes::default(),
            leeway: Duration::ZERO,
            clock_skew: Duration::from_secs(60),
            default_role: rights::EXTERNAL_APPLICATION.to_owned(),
            reveal: Reveal::Once,
            personal_limit: 10,
            personal_grace: Duration::ZERO,
            subject_limit: None,
            signatures: Signatures::Refused,
            limit_bad_credentials: None,
            limit_exchanges: None,
            sink: None,
            housekeeping: Housekeeping::default(),
            housekeeping_interval: Duration::from_secs(60),
            role_map: RoleMap::default(),
            directory_timeout: Duration::from_secs(5),
            feed_interval: Duration::from_secs(1),
            staleness: Staleness::Accept,
            cached_records: (0, Duration::ZERO),
            remembered: Room::default(),
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

    /// How users are found by a part of their name, for [`Authority::search_subjects`](super::Authority::search_subjects).
    pub fn directory_search(mut self, search: Arc<dyn DirectorySearch>) -> Self {
        self.search = Some(search);
        self
    }

    /// Makes the signing keys at the first start and keeps them in that store, sealed with the master key. Either
    /// this, or both [`api_keys`](Self::api_keys) and [`access_keys`](Self::access_keys).
    pub fn managed_keys(mut self, store: Arc<dyn KeyStore>, master: MasterKey) -> Self {
        self.managed = Some((store, master));
        self
    }

    /// Master keys from before: what they sealed is opened, and sealed with the present one at the start. To change the
    /// master key while nodes run, give the new one as a previous one to all nodes first, then exchange the two.
    pub fn previous_master_keys(mut self, keys: impl IntoIterator<Item = MasterKey>) -> Self {
        self.previous_master_keys = keys.into_iter().collect();
        self
    }

    /// How long a new key of access tokens is published before it signs: 6 minutes unless told otherwise. Longer than
    /// others keep the published keys, so that nobody meets a key that it does not know.
    pub fn key_lead(mut self, lead: Duration) -> Self {
        self.key_lead = lead;
        self
    }

    /// After which time managed keys of access tokens are rotated: 90 days unless told otherwise, never with none.
    pub fn rotate_access_keys_every(mut self, span: impl Into<Option<Duration>>) -> Self {
        self.rotate_access_keys_every = span.into();
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

    /// The HMAC keys from which the secrets of keys and secrets are derived; the first one for new ones. Without any, and
    /// without managed keys, tokens have no key and secret.
    pub fn secret_keys(mut self, keys: impl IntoIterator<Item = SigningKey>) -> Self {
        self.secret_keys = keys.into_iter().collect();
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

    /// For how long after its end an access token is still accepted; not at all unless told otherwise, a minute at
    /// most (RFC 7519 §4.1.4).
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// How many bytes verified access tokens may take in memory, with all that is kept of them, so that their signatures are not verified at each
    /// request; 32 MiB unless told otherwise, 0 for none. Unless it is 0, 10 000 API tokens are known by their hash as well,
    /// so that an exchange need not verify them again. Revocation and expiry are judged at every request anyway.
    pub fn remembered_bytes(mut self, bytes: usize) -> Self {
        self.remembered.bytes = bytes;
        self
    }

    /// Remembers of each access token only its hash (SHA-256): within the same bytes about four times as many, a million in
    /// 200 MB, and each request costs one or two microseconds more, as the claims are read anew. The signature is not
    /// verified again. For apps that have more tokens than fit.
    pub fn remember_digests(mut self) -> Self {
        self.remembered.digests = true;
        self
    }

    /// How long the directory may take: 5 seconds unless told otherwise. Then the answer is 503.
    pub fn directory_timeout(mut self, timeout: Duration) -> Self {
        self.directory_timeout = timeout;
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
}
