//! What a verified token says, as it is kept: all texts in one, so that a remembered token is one piece of memory and one
//! of text.

use std::time::Duration;

use ipnet::IpNet;
use zeroize::Zeroizing;

use crate::{
    NameList, RecordId, Timestamp, TokenKind,
    cutoff::Checked,
    last_use::Used,
    names::{pack, packed_len, unpack},
    principal::Watch,
};

/// What a verified token says.
#[derive(Debug)]
pub(crate) struct Assertion<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) token_id: RecordId,
    pub(crate) jti: &'a str,
    pub(crate) epoch: u64,
    pub(crate) subject: Option<&'a str>,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) groups: NameList<'a>,
    pub(crate) roles: NameList<'a>,
    pub(crate) scopes: NameList<'a>,
    pub(crate) audiences: NameList<'a>,
    pub(crate) networks: Vec<IpNet>,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    /// Until when what the token says can be relied on without asking again, exclusive.
    pub(crate) known_until: Timestamp,
    pub(crate) verifier: Watch,
}

/// The same as it is kept: with all texts in one.
pub(crate) struct Known {
    pub(crate) kind: TokenKind,
    pub(crate) token_id: RecordId,
    pub(crate) epoch: u64,
    /// Most have none.
    networks: Option<Box<Networks>>,
    pub(crate) issued_at: Timestamp,
    /// The end of time, if it never ends.
    pub(crate) expires_at: Timestamp,
    /// In seconds from when it was issued on.
    pub(crate) known_for: u32,
    pub(crate) verifier: Watch,
    /// The token, if it is remembered; then the lists. Wiped, since a token is a secret.
    text: Zeroizing<Box<str>>,
    token_bytes: u16,
    /// Which keys it was verified with.
    keys_version: u16,
    pub(crate) checked: Checked,
    pub(crate) used: Used,
}

type Networks = Box<[IpNet]>;

/// The lists in the text, in their order.
pub(crate) mod list {
    pub(crate) const JTI: usize = 0;
    pub(crate) const SUBJECT: usize = 1;
    pub(crate) const TENANT: usize = 2;
    pub(crate) const SCOPES: usize = 3;
    pub(crate) const ROLES: usize = 4;
    pub(crate) const GROUPS: usize = 5;
    pub(crate) const AUDIENCES: usize = 6;
}

impl Known {
    pub(crate) fn new(assertion: Assertion<'_>, token: &str, keys_version: u16, checked: Checked) -> Self {
        let Assertion { jti, subject, tenant, scopes, roles, groups, audiences, .. } = &assertion;
        let (ones, lists) = ([Some(*jti), *subject, *tenant], [scopes, roles, groups, audiences]);
        let ones_len: usize = ones.iter().map(|one| packed_len(one.iter().copied())).sum();
        let lists_len: usize = lists.iter().map(|names| packed_len(names.iter())).sum();
        // As long as the text will be: what would grow leaves copies of a secret behind.
        let mut text = String::with_capacity(token.len().saturating_add(ones_len).saturating_add(lists_len));
        text.push_str(token);
        for one in ones {
            pack(&mut text, one.iter().copied());
        }
        for names in lists {
            pack(&mut text, names.iter());
        }
        let known_for = assertion.known_until.saturating_since(assertion.issued_at);
        // The text of a token is bounded; one that is not remembered is none.
        let token_bytes = u16::try_from(token.len()).unwrap_or(0);
        Self {
            kind: assertion.kind,
            token_id: assertion.token_id,
            epoch: assertion.epoch,
            networks: Some(assertion.networks).filter(|all| !all.is_empty()).map(|all| Box::new(all.into())),
            issued_at: assertion.issued_at,
            expires_at: assertion.expires_at.unwrap_or(Timestamp::END_OF_TIME),
            known_for: u32::try_from(known_for.as_secs()).unwrap_or(u32::MAX),
            verifier: assertion.verifier,
            text: Zeroizing::new(text.into_boxed_str()),
            token_bytes,
            keys_version,
            checked,
            used: Used::default(),
        }
    }

    fn split(&self) -> (&str, &str) {
        self.text.split_at_checked(self.token_bytes.into()).unwrap_or_default()
    }

    pub(crate) fn lists(&self) -> &str {
        self.split().1
    }

    pub(crate) fn networks(&self) -> &[IpNet] {
        self.networks.as_deref().map_or(&[], |networks| networks)
    }

    pub(crate) fn known_until(&self) -> Timestamp {
        self.issued_at.saturating_add(Duration::from_secs(self.known_for.into()))
    }

    pub(crate) fn list(&self, index: usize) -> NameList<'_> {
        unpack(self.lists(), index)
    }

    /// Whether it was made from exactly that token, with the keys of that version.
    pub(crate) fn is_of(&self, token: &str, keys_version: u16) -> bool {
        self.keys_version == keys_version && self.split().0 == token
    }

    pub(crate) fn keys_version(&self) -> u16 {
        self.keys_version
    }

    /// How many bytes it takes beside its own fields.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.text.len().saturating_add(size_of_val(self.networks()))
    }
}
