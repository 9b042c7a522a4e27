//! API tokens for Rust web apps: the domain.
//!
//! An admin generates a long-lived *API token*, a signed JWT that is never stored; a program exchanges it, without
//! any user at hand, for a short-lived *access token*; each request is authenticated and authorized by that one. The
//! [`Authority`] is the one handle for all of it.
//!
//! This crate knows no HTTP, no framework and no database driver, and shows no JOSE type. `jeton-http` says what HTTP
//! means, `jeton-axum` and `jeton-actix` mount it, `jeton-sqlx` stores records.
//!
//! The crypto comes from aws-lc-rs (the feature `aws-lc`, on by default) or from pure Rust (`rust-crypto`, without the
//! default features). With both, as two crates of one build may ask for, aws-lc-rs is taken.

#[cfg(not(any(feature = "aws-lc", feature = "rust-crypto")))]
compile_error!(
    "jeton needs a crypto library: enable its feature `aws-lc` (which is on by default) or `rust-crypto`"
);

mod audience;
mod audit;
mod authority;
mod caller;
mod claims;
mod cutoff;
mod digests;
mod directory;
mod error;
mod feed;
mod grant;
mod id;
mod jose;
mod known;
mod last_use;
mod limits;
mod list;
mod memory;
mod named;
mod names;
mod notice;
mod places;
pub mod policy;
mod principal;
mod random;
mod reading;
mod recent;
mod record;
mod remote;
pub mod rights;
mod ring;
mod secret;
mod staleness;
mod store;
mod table;
mod telemetry;
mod text;
mod time;
mod tokens;
mod verified;
mod verifier;

pub use audience::{Audiences, MAX_MEMBERS, NamedAudience};
pub use audit::{
    Action, AuditEntry, AuditFilter, AuditLog, AuditPage, AuditQuery, AuditRow, Origin, OriginRef,
};
pub use authority::{
    Authority, AuthorityBuilder, BuildError, Choices, Edit, Endless, Exchange, Exchanged, Expiry,
    ExpiryPolicy, Generate, Generated, Introspection, KeyInfo, KeyState, ManagedKeysError, Reveal, Rotate,
    Signatures, SignedCutOffs,
};
pub use caller::Caller;
pub use directory::{Account, Directory, DirectoryError, DirectorySearch, Match, StaticDirectory};
pub use error::{AuthenticateError, Conflict, ExchangeError, ManageError, Rejection, Unavailable};
pub use grant::{Grant, Names};
pub use id::{InvalidRecordId, RecordId};
pub use jose::{
    Algorithm, JwkError, JwksError, KeyError, MasterKey, MasterKeyError, PublicJwk, PublicJwks, Sealed,
    SigningKey, VerifyingKeys,
};
pub use limits::PerMinute;
pub use list::{
    EndBound, EndBounds, Filter, InvalidSort, Page, Position, Query, Sort, SortBy, SortKey, fold,
};
pub use memory::MemoryStore;
pub use names::{NameIter, NameList};
pub use notice::{Event, Notice, Sink, SinkError};
pub use principal::{Principal, TokenKind};
pub use random::{Random, RandomError, SystemRandom};
pub use record::{Credential, Fingerprint, Kind, LastUse, PreviousCredential, Record, Standing, State};
pub use remote::{Document, Fetched, Source, SourceError, VerifierBuilder, VerifierStatus};
pub use secret::{AccessToken, ApiToken, KeyAndSecret, Secret};
pub use staleness::Staleness;
pub use store::{
    Change, ChangeRow, Changes, Cursor, Insert, KeyStore, LiveLimit, OnceStore, Pauses, Restoration, Ring,
    Store, StoreError, StoredKey, Update, Wake, Wakeups,
};
pub use text::{FieldError, MAX_LIST, is_b64token};
pub use time::{Clock, InvalidTimestamp, SystemClock, Timestamp};
pub use verifier::Verifier;
