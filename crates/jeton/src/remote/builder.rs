//! What a verifier is put together from.

use std::{
    fmt,
    sync::{Arc, OnceLock, atomic::AtomicI64},
    time::Duration,
};

use tokio::{runtime::Handle, sync::Notify};

use super::{Polling, Remote, Source, follow::begin, polled::Polled};
use crate::{
    BuildError, Clock, Names, Staleness, SystemClock, Verifier, VerifyingKeys,
    cutoff::CutOffs,
    ring::CurrentKeys,
    verified::{Room, VerifiedTokens},
    verifier::Parts,
};

/// Puts a [`Verifier`] together that holds no private key and no store.
#[must_use]
pub struct VerifierBuilder {
    issuer: String,
    audiences: Names,
    keys: Option<VerifyingKeys>,
    source: Option<Arc<dyn Source>>,
    polling: Polling,
    clock: Arc<dyn Clock>,
    leeway: Duration,
    clock_skew: Duration,
    remembered: Room,
}

impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierBuilder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl VerifierBuilder {
    pub(crate) fn new(issuer: String) -> Self {
        let seconds = Duration::from_secs;
        let polling = Polling {
            keys: seconds(300),
            cut_offs: Some(seconds(10)),
            unknown_key: seconds(30),
            retry: seconds(2),
            timeout: seconds(10),
            staleness: Staleness::Accept,
        };
        Self {
            issuer,
            audiences: Names::new(),
            keys: None,
            source: None,
            polling,
            clock: Arc::new(SystemClock::new()),
            leeway: Duration::ZERO,
            clock_skew: seconds(60),
            remembered: Room::default(),
        }
    }

    /// An audience (`aud`) of this app: access tokens must name one. One is needed.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.insert(audience.into());
        self
    }

    /// The keys of the issuer, which stay as they are: from a JWK Set in a file or in the settings. Nothing is read from
    /// the issuer then, no revocation either. Either this or a [`source`](Self::source).
    pub fn keys(mut self, keys: VerifyingKeys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Where the keys and the cut-offs of the issuer are read. The keys must be public ones.
    pub fn source(mut self, source: Arc<dyn Source>) -> Self {
        self.source = Some(source);
        self
    }

    /// How often the keys are read: each 5 minutes unless told otherwise.
    pub fn keys_interval(mut self, interval: Duration) -> Self {
        self.polling.keys = interval;
        self
    }

    /// How long after a reading of the keys a token of an unknown key causes another one: 30 seconds unless told
    /// otherwise. So much and no more can whoever makes up keys ask of the issuer.
    pub fn unknown_key_interval(mut self, interval: Duration) -> Self {
        self.polling.unknown_key = interval;
        self
    }

    /// How often the cut-offs are read: each 10 seconds unless told otherwise. By that much a revocation takes effect
    /// later here.
    pub fn cut_offs_interval(mut self, interval: Duration) -> Self {
        self.polling.cut_offs = Some(interval);
        self
    }

    /// Reads no cut-offs: a revoked access token is accepted until it ends by itself. For issuers that publish none.
    pub fn without_cut_offs(mut self) -> Self {
        self.polling.cut_offs = None;
        self
    }

    /// How long after a failure something is read again: 2 seconds unless told otherwise.
    pub fn retry_interval(mut self, interval: Duration) -> Self {
        self.polling.retry = interval;
        self
    }

    /// How long the source may take: 10 seconds unless told otherwise.
    pub fn source_timeout(mut self, timeout: Duration) -> Self {
        self.polling.timeout = timeout;
        self
    }

    /// What is done with tokens while the cut-offs cannot be read; they are accepted unless told otherwise.
    pub fn staleness(mut self, staleness: Staleness) -> Self {
        self.polling.staleness = staleness;
        self
    }

    /// Where the time comes from; the machine unless told otherwise.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// For how long after its end an access token is still accepted; not at all unless told otherwise, a minute at
    /// most (RFC 7519 §4.1.4).
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// By how much the clocks of this app and of the issuer may differ: a minute unless told otherwise, an hour at most.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.clock_skew = skew;
        self
    }

    /// How many bytes verified access tokens may take in memory, with all that is kept of them; 32 MiB unless told otherwise, 0 for none. Revocation
    /// and expiry are judged at every request anyway.
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

    /// Checks the settings and begins to read, in the background: it waits for nobody, and the issuer may start later.
    /// With a source it must be called within a tokio runtime that goes on running. With given keys it need not, but
    /// outside of a runtime no token is remembered, as nobody would forget it again.
    ///
    /// # Errors
    ///
    /// [`BuildError::Setting`] for what makes no sense.
    pub fn build(self) -> Result<Verifier, BuildError> {
        self.check()?;
        let runtime = Handle::try_current().is_ok();
        let remote = match self.source {
            Some(_) if !runtime => {
                return Err(BuildError::Setting("a source is read within a tokio runtime"));
            }
            Some(source) => Some(Arc::new(Remote {
                source,
                polling: self.polling,
                keys: Polled::default(),
                cut_offs: Polled::default(),
                newest: AtomicI64::new(0),
                wanted: Notify::new(),
                keys_changed: Notify::new(),
            })),
            None => None,
        };
        let parts = Arc::new(Parts {
            issuer: self.issuer,
            audiences: self.audiences,
            keys: CurrentKeys::new(self.keys.unwrap_or_else(VerifyingKeys::none)),
            cut_offs: CutOffs::default(),
            verified: VerifiedTokens::new(self.remembered.within(runtime)),
            clock: self.clock,
            leeway: self.leeway,
            clock_skew: self.clock_skew,
            remote,
            tasks: OnceLock::new(),
        });
        if runtime {
            begin(&parts);
        }
        Ok(Verifier(parts))
    }

    fn check(&self) -> Result<(), BuildError> {
        let setting = |good: bool, text| if good { Ok(()) } else { Err(BuildError::Setting(text)) };
        let seconds = Duration::from_secs;
        setting(!self.issuer.is_empty(), "a verifier needs the name of its issuer")?;
        setting(!self.audiences.is_empty(), "a verifier needs an audience")?;
        setting(
            self.audiences.iter().all(|audience| !audience.trim().is_empty()),
            "an audience must not be empty",
        )?;
        setting(
            self.keys.is_some() != self.source.is_some(),
            "a verifier needs keys or a source of keys, and not both",
        )?;
        setting(self.leeway <= seconds(60), "the leeway must be a minute at most")?;
        setting(self.clock_skew <= seconds(3600), "the clock skew must be an hour at most")?;
        let Polling { keys, cut_offs, unknown_key, retry, timeout, staleness } = &self.polling;
        let spans = [Some(*keys), *cut_offs, Some(*unknown_key), Some(*retry), Some(*timeout)];
        setting(spans.into_iter().flatten().all(|span| !span.is_zero()), "an interval must not be zero")?;
        let Staleness::RefuseAfter(longest) = *staleness else { return Ok(()) };
        setting(
            self.source.is_some() && cut_offs.is_some_and(|every| every < longest),
            "cut-offs must be read oftener than after the time at which they are too old",
        )
    }
}
