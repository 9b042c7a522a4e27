//! The cut-offs, signed for those who verify elsewhere.
//!
//! A document is signed when the cut-offs have changed or it has aged, and not for each who asks: once a second at most,
//! and once when keys change.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use tokio::sync::{Mutex, watch};

use super::{Authority, exchange::sign};
use crate::{
    Unavailable,
    jose::{TokenType, base64url, sha256},
    remote::CutOffClaims,
    ring::Rings,
};

/// Within that time a change is not in the document yet.
const AT_MOST_EACH: Duration = Duration::from_secs(1);

/// A document without any change is signed again, so that what is asked for is never near its end.
const AT_LEAST_EACH: Duration = Duration::from_secs(30);

/// The cut-offs of a node at one moment, signed by the key that signs access tokens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SignedCutOffs {
    jws: Arc<str>,
    tag: Arc<str>,
}

impl SignedCutOffs {
    /// A JWT of `typ` `cut-offs+jwt`, in compact form (RFC 7515 §3.1).
    pub fn as_str(&self) -> &str {
        &self.jws
    }

    /// A name of these very bytes, for an entity tag (RFC 9110 §8.8.3): letters, digits, `-` and `_`.
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

#[derive(Debug)]
struct Signed {
    document: SignedCutOffs,
    /// On the monotonic clock.
    at: Duration,
    changes: watch::Receiver<()>,
    rings: Arc<Rings>,
}

/// What was signed last.
#[derive(Debug, Default)]
pub(super) struct Published {
    last: ArcSwapOption<Signed>,
    signing: Mutex<()>,
}

impl Authority {
    /// The cut-offs of this node for those who verify its access tokens elsewhere, at most a second old; signed for many
    /// and not for each who asks. With very many cut-offs the document is long: about 55 bytes for each record.
    ///
    /// # Errors
    ///
    /// If it could not be signed; and if the change log was not read for 10 seconds, nor for two
    /// [intervals](crate::AuthorityBuilder::feed_interval): a node that hears nothing has nothing to tell.
    pub async fn signed_cut_offs(&self) -> Result<SignedCutOffs, Unavailable> {
        if self.0.log_age().is_none_or(|age| age > self.0.settings.log_age_to_sign) {
            return Err(Unavailable::Stale);
        }
        if let Some(document) = self.still_good() {
            return Ok(document);
        }
        let _alone = self.0.published.signing.lock().await;
        if let Some(document) = self.still_good() {
            return Ok(document);
        }
        let authority = self.clone();
        // A tenth of a second for 100 000 records: nothing else shall wait for that.
        let signing = tokio::task::spawn_blocking(move || authority.sign_cut_offs());
        let signed = signing.await.map_err(|_| Unavailable::Internal("the signing was broken off"))??;
        let document = signed.document.clone();
        self.0.published.last.store(Some(Arc::new(signed)));
        Ok(document)
    }

    fn still_good(&self) -> Option<SignedCutOffs> {
        let last = self.0.published.last.load_full()?;
        let age = self.0.clock().monotonic().saturating_sub(last.at);
        let changed = last.changes.has_changed().unwrap_or(true);
        let same_keys = Arc::ptr_eq(&last.rings, &self.0.rings.load_full());
        let good = same_keys && age < if changed { AT_MOST_EACH } else { AT_LEAST_EACH };
        good.then(|| last.document.clone())
    }

    fn sign_cut_offs(&self) -> Result<Signed, Unavailable> {
        // All of these are taken before the cut-offs: what changes meanwhile makes another document due.
        let (at, now, rings) = (self.0.clock().monotonic(), self.now(), self.0.rings.load_full());
        let changes = self.0.cut_offs().subscribe();
        let held = self.0.cut_offs().held(at);
        let key = rings.access.signing(now).ok_or(Unavailable::Internal("there is no key to sign with"))?;
        let kids = rings.access.public().iter().map(|key| key.kid().to_owned()).collect();
        let claims = CutOffClaims::new(self.issuer(), now.unix_seconds(), kids, held);
        let jws = sign(key, TokenType::CutOffs, &claims)?;
        let tag = base64url(&sha256(jws.as_bytes())[..16]);
        Ok(Signed { document: SignedCutOffs { jws: jws.into(), tag: tag.into() }, at, changes, rings })
    }
}
