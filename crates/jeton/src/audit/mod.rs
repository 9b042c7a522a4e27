//! The audit log: who did what to which token, from where and why.
//!
//! What changes a record is written in the transaction of the change. What changes none (exchanges and refusals) is
//! gathered and written in the background, best effort.

mod buffer;

use std::net::IpAddr;

use async_trait::async_trait;

pub(crate) use buffer::{Buffer, write_down};

use crate::{RecordId, StoreError, Timestamp};

/// Longer user agents are cut, in characters.
const MAX_USER_AGENT: usize = 200;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// An API token was generated.
    Generate,
    /// A record was edited.
    Edit,
    /// A token was disabled.
    Disable,
    /// A token was enabled.
    Enable,
    /// A token was revoked.
    Revoke,
    /// A token was deleted.
    Delete,
    /// A record got a new credential.
    Rotate,
    /// A rotation was taken back.
    CancelRotation,
    /// A new credential was used for the first time.
    ConfirmRotation,
    /// The access tokens of a record were refused, since its subject changed.
    CutOff,
    /// An API token was shown again.
    Reveal,
    /// An API token, or a key with its secret, was exchanged for an access token.
    Exchange,
    /// Something was refused; [`AuditEntry::reason`] says why.
    Refuse,
    /// An access token was revoked alone.
    RevokeAccessToken,
    /// A token was reported as leaked.
    ReportLeak,
    /// A named audience was changed.
    EditAudience,
    /// A ring got a new key.
    RotateKeys,
    /// A key was retired.
    RetireKey,
    /// A backup was restored.
    Restore,
}

impl Action {
    /// All of them, for filters and documents.
    pub const ALL: [Self; 19] = [
        Self::Generate,
        Self::Edit,
        Self::Disable,
        Self::Enable,
        Self::Revoke,
        Self::Delete,
        Self::Rotate,
        Self::CancelRotation,
        Self::ConfirmRotation,
        Self::CutOff,
        Self::Reveal,
        Self::Exchange,
        Self::Refuse,
        Self::RevokeAccessToken,
        Self::ReportLeak,
        Self::EditAudience,
        Self::RotateKeys,
        Self::RetireKey,
        Self::Restore,
    ];

    /// The word on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Edit => "edit",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Revoke => "revoke",
            Self::Delete => "delete",
            Self::Rotate => "rotate",
            Self::CancelRotation => "cancel_rotation",
            Self::ConfirmRotation => "confirm_rotation",
            Self::CutOff => "cut_off",
            Self::Reveal => "reveal",
            Self::Exchange => "exchange",
            Self::Refuse => "refuse",
            Self::RevokeAccessToken => "revoke_access_token",
            Self::ReportLeak => "report_leak",
            Self::EditAudience => "edit_audience",
            Self::RotateKeys => "rotate_keys",
            Self::RetireKey => "retire_key",
            Self::Restore => "restore",
        }
    }

    /// The action of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// Where something was asked for from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the client.
    pub address: Option<IpAddr>,
    /// Its program, in its own words: printable, and at most 200 characters.
    pub user_agent: Option<String>,
}

impl Origin {
    /// That address and that `User-Agent` (RFC 9110 §10.1.5), cut to what is kept.
    pub fn new(address: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        let kept = |text: &str| text.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect();
        Self { address, user_agent: user_agent.map(kept).filter(|text: &String| !text.is_empty()) }
    }
}

/// The same, not kept yet: what a request shows of where it comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OriginRef<'a> {
    /// The address of the client.
    pub address: Option<IpAddr>,
    /// The `User-Agent`, as it came.
    pub user_agent: Option<&'a str>,
}

impl From<OriginRef<'_>> for Origin {
    fn from(origin: OriginRef<'_>) -> Self {
        Self::new(origin.address, origin.user_agent)
    }
}

impl Origin {
    /// The same, lent.
    pub fn borrowed(&self) -> OriginRef<'_> {
        OriginRef { address: self.address, user_agent: self.user_agent.as_deref() }
    }
}

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: Action,
    /// Who: a subject, or the id of a token that has none; empty if nobody could tell.
    pub actor: String,
    /// To which token.
    pub token_id: Option<RecordId>,
    /// The tenant of that token.
    pub tenant: Option<String>,
    /// From where.
    pub origin: Origin,
    /// Why: what the actor said, the code of a refusal, or which key or audience it was.
    pub reason: Option<String>,
}

impl AuditEntry {
    /// The same as an event of the log, with the same fields.
    pub(crate) fn tell(&self) {
        let Self { action, actor, token_id, origin, reason, .. } = self;
        tracing::info!(
            target: "jeton::audit",
            action = action.as_str(),
            actor,
            token_id = token_id.map(tracing::field::display),
            address = origin.address.map(tracing::field::display),
            user_agent = origin.user_agent,
            reason,
        );
    }
}

/// An entry with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Numbers the entries in the order in which they were written; not without gaps.
    pub seq: u64,
    /// The entry.
    pub entry: AuditEntry,
}

/// Which entries. Every `None` lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// About that token.
    pub token_id: Option<RecordId>,
    /// By that actor.
    pub actor: Option<String>,
    /// That action.
    pub action: Option<Action>,
    /// At that time or later.
    pub since: Option<Timestamp>,
    /// About tokens of that tenant.
    pub tenant: Option<String>,
}

impl AuditFilter {
    /// Whether the entry passes, for stores that look at each one.
    pub fn admits(&self, entry: &AuditEntry) -> bool {
        self.token_id.is_none_or(|id| entry.token_id == Some(id))
            && self.actor.as_ref().is_none_or(|actor| entry.actor == *actor)
            && self.action.is_none_or(|action| entry.action == action)
            && self.since.is_none_or(|since| entry.at >= since)
            && (self.tenant.is_none() || entry.tenant == self.tenant)
    }
}

/// A question for one page of the audit log, the newest entries first.
#[derive(Clone, Debug)]
pub struct AuditQuery {
    /// Which entries.
    pub filter: AuditFilter,
    /// Only those with a lower number.
    pub before: Option<u64>,
    /// At most so many, 1 to 200.
    pub limit: u32,
}

/// One page of the audit log.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// The entries, the one with the highest number first.
    pub rows: Vec<AuditRow>,
    /// The number before which the next page begins; none on the last.
    pub next: Option<u64>,
}

impl AuditPage {
    /// For stores: the page of these rows, of which there is one more than `limit` if another page follows.
    pub fn of(mut rows: Vec<AuditRow>, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| row.seq);
        Self { rows, next }
    }
}

/// Keeps the audit log. Entries are only ever added, and pruned by age.
#[async_trait]
pub trait AuditLog: Send + Sync + 'static {
    /// Appends these entries, all of them or none.
    async fn append(&self, entries: &[AuditEntry]) -> Result<(), StoreError>;

    /// A page of entries.
    async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError>;

    /// Drops the entries from before that time.
    async fn prune_audit(&self, before: Timestamp) -> Result<(), StoreError>;
}
