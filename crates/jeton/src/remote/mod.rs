//! Verifying where there is no authority: with the keys that an issuer publishes, and its cut-offs.
//!
//! All reading is done in the background. A request looks at what was read last, and waits for nothing.

mod builder;
mod claims;
mod polled;
mod source;
mod status;

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use serde::Deserialize;
use tokio::{sync::Notify, task::AbortHandle};

pub use builder::VerifierBuilder;
pub(crate) use claims::CutOffClaims;
use polled::{Known, Polled};
pub use source::{Document, Fetched, Source, SourceError};
pub use status::VerifierStatus;

use crate::{
    Staleness, Unavailable, VerifyingKeys,
    jose::{Compact, TokenType, sha256},
    verifier::Parts,
};

/// How often verifiers forget what has ended.
const TIDY_EVERY: Duration = Duration::from_secs(1);

/// How often what is read, and how old it may become.
#[derive(Debug)]
struct Polling {
    keys: Duration,
    /// None if there are no cut-offs.
    cut_offs: Option<Duration>,
    unknown_key: Duration,
    retry: Duration,
    timeout: Duration,
    staleness: Staleness,
}

/// What a verifier knows of its issuer.
pub(crate) struct Remote {
    source: Arc<dyn Source>,
    polling: Polling,
    keys: Polled,
    cut_offs: Polled,
    /// When the youngest cut-offs that were taken were signed, by the clock of the issuer.
    newest: AtomicI64,
    /// Wakes the reader of the keys.
    wanted: Notify,
    /// Wakes the reader of the cut-offs: those that no key was known for may count now.
    keys_changed: Notify,
}

/// What a verifier does in the background; it ends with the verifier.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

/// The one claim that is looked at before a signature is good: whether it is worth asking for the key.
#[derive(Deserialize)]
struct Claimed {
    iss: String,
}

impl Remote {
    /// Whether what is known suffices to judge tokens.
    pub(crate) fn ready(&self, now: Duration) -> Result<(), Unavailable> {
        if self.keys.age(now).is_none() {
            return Err(Unavailable::Issuer("the keys of the issuer were not read yet"));
        }
        match self.cut_offs.age(now) {
            _ if self.polling.cut_offs.is_none() => Ok(()),
            None => Err(Unavailable::Issuer("the cut-offs of the issuer were not read yet")),
            Some(age) if self.polling.staleness.refuses(age) => {
                Err(Unavailable::Issuer("the cut-offs of the issuer were not read for too long"))
            }
            Some(_) => Ok(()),
        }
    }

    /// Asks for the keys if a token of this issuer names one that is not known, so often and no oftener.
    pub(crate) fn missed_key(&self, issuer: &str, token: &Compact<'_>, now: Duration) {
        let ours = || token.claims::<Claimed>().is_some_and(|claimed| claimed.iss == issuer);
        if self.keys.is_due(now, self.polling.unknown_key)
            && ours()
            && self.keys.claim(now, self.polling.unknown_key)
        {
            self.wanted.notify_one();
        }
    }

    pub(crate) fn keys_age(&self, now: Duration) -> Option<Duration> {
        self.keys.age(now)
    }

    pub(crate) fn cut_offs_age(&self, now: Duration) -> Option<Duration> {
        self.cut_offs.age(now)
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.keys.is_failing() || self.cut_offs.is_failing()
    }

    async fn fetch(&self, document: Document, tag: Option<&str>) -> Result<Fetched, SourceError> {
        let fetched = tokio::time::timeout(self.polling.timeout, self.source.fetch(document, tag)).await;
        match fetched.map_err(SourceError::new)?? {
            Fetched::Unchanged if tag.is_none() => Err(SourceError::new("unchanged, and was never read")),
            Fetched::Document { body, .. } if body.len() > document.max_bytes() => {
                Err(SourceError::new("longer than is read"))
            }
            fetched => Ok(fetched),
        }
    }
}

/// Reads the keys, and then the cut-offs that they judge.
pub(crate) async fn read_all(parts: &Parts, remote: &Remote) -> Result<(), SourceError> {
    read_keys(parts, remote).await?;
    if remote.polling.cut_offs.is_some() { read_cut_offs(parts, remote).await } else { Ok(()) }
}

/// Reads the keys. What cannot be read, or is no set of good keys, changes nothing.
pub(crate) async fn read_keys(parts: &Parts, remote: &Remote) -> Result<(), SourceError> {
    let mut known = remote.keys.begin().await;
    let began = parts.clock.monotonic();
    remote.keys.tried(began);
    let outcome = async {
        let fetched = remote.fetch(Document::Keys, known.tag.as_deref()).await?;
        let Fetched::Document { body, tag } = fetched else { return Ok(()) };
        let keys = VerifyingKeys::from_published(&body).map_err(SourceError::new)?;
        let digest = Some(sha256(&body));
        if known.digest != digest {
            parts.keys.exchange(keys);
            parts.verified.clear();
        }
        *known = Known { tag, digest };
        Ok(())
    };
    let outcome = outcome.await;
    remote.keys.ended(Document::Keys, began, outcome.as_ref().copied());
    remote.keys_changed.notify_one();
    outcome
}

/// Reads the cut-offs. What cannot be read, or is not signed by the issuer, changes nothing.
pub(crate) async fn read_cut_offs(parts: &Parts, remote: &Remote) -> Result<(), SourceError> {
    let mut known = remote.cut_offs.begin().await;
    let began = parts.clock.monotonic();
    remote.cut_offs.tried(began);
    let outcome = async {
        match remote.fetch(Document::CutOffs, known.tag.as_deref()).await? {
            // It counts as long as it would count if it came now.
            Fetched::Unchanged => remote.still_counts(parts),
            Fetched::Document { body, tag } => {
                let claims = remote.judge(parts, &body)?;
                let differs = parts.keys.kids().iter().ne(claims.kids.iter());
                let slack = parts.leeway.saturating_add(parts.clock_skew);
                remote.newest.fetch_max(claims.iat, Ordering::AcqRel);
                claims.raise(&parts.cut_offs, parts.clock.monotonic(), slack);
                known.tag = tag;
                // The issuer says so itself, so it need not wait: a key was retired, or there is a new one.
                if differs {
                    remote.wanted.notify_one();
                }
                Ok(())
            }
        }
    };
    let outcome = outcome.await;
    remote.cut_offs.ended(Document::CutOffs, began, outcome.as_ref().copied());
    outcome
}

impl Remote {
    /// The claims of a document that counts now.
    fn judge(&self, parts: &Parts, body: &[u8]) -> Result<CutOffClaims, SourceError> {
        let text = std::str::from_utf8(body).map_err(SourceError::new)?;
        let compact = Compact::parse_within(text, Document::CutOffs.max_bytes());
        let compact = compact.ok().filter(|compact| compact.typ == TokenType::CutOffs);
        let compact = compact.ok_or_else(|| SourceError::new("no cut-offs"))?;
        if !parts.keys.verifies(&compact) {
            if !parts.keys.knows(&compact.kid) && self.keys.claim(parts.clock.monotonic(), self.polling.retry)
            {
                self.wanted.notify_one();
            }
            return Err(SourceError::new("the cut-offs are signed by no key of the issuer"));
        }
        let claims: CutOffClaims =
            compact.claims().ok_or_else(|| SourceError::new("the claims are no cut-offs"))?;
        if claims.iss != parts.issuer {
            return Err(SourceError::new("the cut-offs are of another issuer"));
        }
        self.in_time(parts, claims.iat, claims.exp)?;
        Ok(claims)
    }

    /// Whether a document of these times is neither over nor from the future, nor older than one that was taken.
    /// Several nodes of an issuer sign: their clocks may differ, and so may their documents.
    fn in_time(&self, parts: &Parts, issued_at: i64, expires_at: i64) -> Result<(), SourceError> {
        let now = parts.clock.now().unix_seconds();
        let skew = i64::try_from(parts.clock_skew.as_secs()).unwrap_or(i64::MAX);
        if now >= expires_at.saturating_add(skew) {
            return Err(SourceError::new("the cut-offs are over"));
        }
        if issued_at > now.saturating_add(skew) {
            return Err(SourceError::new("the cut-offs are from the future"));
        }
        if issued_at.saturating_add(skew) < self.newest.load(Ordering::Acquire) {
            return Err(SourceError::new("the cut-offs are older than those that are known"));
        }
        Ok(())
    }

    fn still_counts(&self, parts: &Parts) -> Result<(), SourceError> {
        let issued_at = self.newest.load(Ordering::Acquire);
        let lifetime = i64::try_from(claims::LIFETIME.as_secs()).unwrap_or(i64::MAX);
        self.in_time(parts, issued_at, issued_at.saturating_add(lifetime))
    }
}

/// Begins what is done in the background.
pub(crate) fn begin(parts: &Arc<Parts>) {
    let mut tasks = vec![tokio::spawn(tidy(Arc::downgrade(parts))).abort_handle()];
    if let Some(remote) = &parts.remote {
        tasks.push(tokio::spawn(follow_keys(Arc::downgrade(parts), remote.clone())).abort_handle());
        if let Some(every) = remote.polling.cut_offs {
            let follow = follow_cut_offs(Arc::downgrade(parts), remote.clone(), every);
            tasks.push(tokio::spawn(follow).abort_handle());
        }
    }
    let _ = parts.tasks.set(Tasks(tasks));
}

async fn follow_keys(parts: Weak<Parts>, remote: Arc<Remote>) {
    loop {
        let Some(strong) = parts.upgrade() else { return };
        let read = read_keys(&strong, &remote).await;
        drop(strong);
        let wait = if read.is_ok() { remote.polling.keys } else { remote.polling.retry };
        // Woken or not, it is time to read them.
        let _ = tokio::time::timeout(wait, remote.wanted.notified()).await;
    }
}

async fn follow_cut_offs(parts: Weak<Parts>, remote: Arc<Remote>, every: Duration) {
    // Without a key there is nothing to judge them by.
    remote.keys_changed.notified().await;
    loop {
        let Some(strong) = parts.upgrade() else { return };
        let read = read_cut_offs(&strong, &remote).await;
        drop(strong);
        let wait = if read.is_ok() { every } else { remote.polling.retry.min(every) };
        let _ = tokio::time::timeout(wait, remote.keys_changed.notified()).await;
    }
}

async fn tidy(parts: Weak<Parts>) {
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        let Some(parts) = parts.upgrade() else { return };
        parts.cut_offs.prune(parts.clock.monotonic());
        parts.verified.prune(parts.clock.now());
    }
}
