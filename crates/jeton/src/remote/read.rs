//! Reading what the issuer publishes, and judging it before it counts.

use std::sync::atomic::Ordering;

use super::{CutOffClaims, Document, Fetched, Remote, SourceError, claims::LIFETIME, polled::Known};
use crate::{
    VerifyingKeys,
    jose::{Compact, TokenType, sha256},
    verifier::Parts,
};

/// Reads the keys, and then the cut-offs that they judge.
pub(crate) async fn read_all(parts: &Parts, remote: &Remote) -> Result<(), SourceError> {
    read_keys(parts, remote).await?;
    if remote.polling.cut_offs.is_some() { read_cut_offs(parts, remote).await } else { Ok(()) }
}

/// Reads the keys. What cannot be read, or is no set of good keys, changes nothing.
pub(super) async fn read_keys(parts: &Parts, remote: &Remote) -> Result<(), SourceError> {
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
            remote.keys_changed.notify_one();
        }
        *known = Known { tag, digest };
        Ok(())
    };
    let outcome = outcome.await;
    remote.keys.ended(Document::Keys, began, outcome.as_ref().copied());
    outcome
}

/// Reads the cut-offs. What cannot be read, or is not signed by the issuer, changes nothing.
pub(super) async fn read_cut_offs(parts: &Parts, remote: &Remote) -> Result<(), SourceError> {
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
        let lifetime = i64::try_from(LIFETIME.as_secs()).unwrap_or(i64::MAX);
        self.in_time(parts, issued_at, issued_at.saturating_add(lifetime))
    }
}
