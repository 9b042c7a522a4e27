//! Verifying where there is no authority: with the keys that an issuer publishes, and its cut-offs.
//!
//! All reading is done in the background. A request looks at what was read last, and waits for nothing.

mod builder;
mod claims;
mod follow;
mod polled;
mod read;
mod source;
mod status;

use std::{
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use serde::Deserialize;
use tokio::sync::Notify;

pub use builder::VerifierBuilder;
pub(crate) use claims::CutOffClaims;
pub(crate) use follow::Tasks;
use polled::Polled;
pub(crate) use read::read_all;
pub use source::{Document, Fetched, Source, SourceError};
pub use status::VerifierStatus;

use crate::{Staleness, Unavailable, jose::Compact};

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
}
