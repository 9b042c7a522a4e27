//! The record of an API token: everything about it but the token.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Grant, RecordId, Timestamp};

/// What an API token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Made by an admin for a program.
    Service,
    /// Made by a user for itself.
    Personal,
}

impl Kind {
    /// The word on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Personal => "personal",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Service, Self::Personal].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What was decided about a record. Time has no part in it; see [`State`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// In use.
    Active,
    /// Refused until it is enabled again.
    Disabled,
    /// Refused for ever.
    Revoked,
    /// Refused for ever and in no list. The record stays as a tombstone, so that its id never returns.
    Deleted,
}

impl Standing {
    /// The word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
            Self::Deleted => "deleted",
        }
    }

    /// The standing of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Disabled, Self::Revoked, Self::Deleted]
            .into_iter()
            .find(|standing| standing.as_str() == word)
    }
}

/// What a record is at a moment: its [`Standing`], and where it stands in its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Accepted.
    Active,
    /// Disabled by somebody, may be enabled again.
    Disabled,
    /// Revoked for ever.
    Revoked,
    /// Its end has come.
    Expired,
    /// Its beginning has not come.
    NotYetValid,
}

impl State {
    /// All states, for filters and documents.
    pub const ALL: [Self; 5] =
        [Self::Active, Self::Disabled, Self::Revoked, Self::Expired, Self::NotYetValid];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// The SHA-256 of an API token. It tells whether a token is the one that was given out, and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of these 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One credential of a record: what was signed, frozen, so that the identical token can be derived again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its number. Never used twice for one record.
    pub generation: u64,
    /// The `kid` of the key that signed it.
    pub key_id: String,
    /// The `iat` that was signed.
    pub issued_at: Timestamp,
    /// The `nbf` that was signed.
    pub not_before: Timestamp,
    /// The `exp` that was signed, if any: the record may end earlier, never later.
    pub expires_at: Option<Timestamp>,
    /// The SHA-256 of the token.
    pub fingerprint: Fingerprint,
}

/// A superseded credential that is still accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousCredential {
    /// What was signed.
    pub credential: Credential,
    /// The end that the record had before the rotation.
    pub ends_at: Option<Timestamp>,
    /// The end of its grace, exclusive.
    pub until: Timestamp,
    /// Whether the credential after it was used already, so that the rotation cannot be taken back.
    pub superseded: bool,
}

/// Use of a token, as far as it is known. Outside [`Record::version`]: it changes without an edit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: Option<Timestamp>,
    /// From which address.
    pub address: Option<std::net::IpAddr>,
    /// By which program, in its own words.
    pub user_agent: Option<String>,
    /// How often it was used: exchanges, and requests with an access token.
    pub count: u64,
}

/// Everything about one API token, and never the token: its grant, its credential, its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// For ever the same.
    pub id: RecordId,
    /// What it is for.
    pub kind: Kind,
    /// Unique among the undeleted records of its tenant; 1 to 100 characters.
    pub name: String,
    /// Free text, at most 1000 characters.
    pub description: String,
    /// Whom it acts as and within which bounds.
    pub grant: Grant,
    /// Which life of the subject it was made for; see [`Account::incarnation`](crate::Account::incarnation).
    pub incarnation: Option<String>,
    /// What was decided about it.
    pub standing: Standing,
    /// When it was generated.
    pub created_at: Timestamp,
    /// Who generated it.
    pub created_by: String,
    /// When its version was raised last.
    pub updated_at: Timestamp,
    /// Whether a key and a secret were given out beside the token. The key is the [`id`](Self::id); the secret is
    /// derived from id and generation, and not stored.
    pub has_secret: bool,
    /// The beginning of the token, inclusive.
    pub not_before: Timestamp,
    /// The credential in force.
    pub credential: Credential,
    /// The credential before it; [`grace`](Self::grace) tells whether it still counts.
    pub previous: Option<PreviousCredential>,
    /// The highest generation that was ever given out, also by a rotation that was cancelled.
    pub last_generation: u64,
    /// Numbers the rights: raised by every change that takes rights away. Access tokens carry it.
    pub epoch: u64,
    /// Raised by every change; the `ETag`.
    pub version: u64,
    /// The last use that was written down.
    pub last_use: LastUse,
}

impl Record {
    /// What the record is at that moment. A tombstone counts as revoked.
    pub fn state(&self, now: Timestamp) -> State {
        match self.standing {
            Standing::Revoked | Standing::Deleted => State::Revoked,
            _ if self.has_ended(now) => State::Expired,
            Standing::Disabled => State::Disabled,
            Standing::Active if now < self.not_before => State::NotYetValid,
            Standing::Active => State::Active,
        }
    }

    /// Whether its holder may sign for any user: it has a secret and is bound to none.
    pub fn acts_for_anyone(&self) -> bool {
        self.has_secret && self.grant.subject.is_none()
    }

    /// The credential before the one in force, as long as it is accepted beside it.
    pub fn grace(&self, now: Timestamp) -> Option<&PreviousCredential> {
        self.previous.as_ref().filter(|previous| now < previous.until)
    }

    /// Whether the end has come; the end itself is outside (RFC 7519 §4.1.4).
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.grant.expires_at.is_some_and(|end| now >= end)
    }
}
