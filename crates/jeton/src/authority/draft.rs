//! What the access tokens of a record say, but for what each says of itself: its id and its life.
//!
//! A draft decides nothing and is never old: it is used for the very record that it was written from, and for an account
//! with the same rights, or it is written anew.

use std::{fmt::Write as _, sync::Arc};

use quick_cache::sync::Cache;

use super::{Authority, Exchange, Settings, exchange::UNWRITTEN, live::Live};
use crate::{
    Account, ExchangeError, Names, Record, RecordId, Timestamp, Unavailable,
    claims::{AccessClaims, Audience, Text, join_scopes},
    rights::Rights,
};

/// What stands between two halves. No text in JSON holds it: its quotes would be escaped there.
const OWN: &str = r#""jti":"","iat":0,"exp":0,"#;

#[derive(Debug)]
pub(super) struct Draft {
    record: Arc<Record>,
    account: Option<Account>,
    pub(super) scopes: Arc<Names>,
    pub(super) halves: Halves,
}

/// Claims in JSON, before and after those that each token has of its own.
#[derive(Debug)]
pub(super) struct Halves {
    before: String,
    after: String,
}

/// Those of records that are kept in memory.
#[derive(Debug)]
pub(super) struct Drafts(Option<Cache<RecordId, Arc<Draft>>>);

impl Drafts {
    /// So many; none if zero.
    pub(super) fn new(room: usize) -> Self {
        Self((room > 0).then(|| Cache::new(room)))
    }

    fn find(&self, live: &Live) -> Option<Arc<Draft>> {
        let draft = self.0.as_ref()?.get(&live.record.id)?;
        // Both accounts are active, and of the life that this record names.
        let same_rights = match (&draft.account, &live.account) {
            (Some(one), Some(other)) => {
                one.roles == other.roles && one.groups == other.groups && one.scopes == other.scopes
            }
            (None, None) => true,
            _ => false,
        };
        (same_rights && Arc::ptr_eq(&draft.record, &live.record)).then_some(draft)
    }

    /// A row tells that the record was changed: what was written of it takes no more room.
    pub(super) fn drop_one(&self, id: RecordId) {
        if let Some(drafts) = &self.0 {
            drafts.remove(&id);
        }
    }

    pub(super) fn clear(&self) {
        if let Some(drafts) = &self.0 {
            drafts.clear();
        }
    }

    fn remember(&self, draft: &Arc<Draft>) {
        if let Some(drafts) = &self.0 {
            drafts.insert(draft.record.id, Arc::clone(draft));
        }
    }
}

impl Authority {
    /// The draft for what an exchange asks for.
    pub(super) fn draft(&self, live: &Live, request: &Exchange) -> Result<Arc<Draft>, ExchangeError> {
        let plain = request.scopes.is_none() && request.audience.is_none();
        if plain && let Some(draft) = self.0.drafts.find(live) {
            return Ok(draft);
        }
        let Live { record, account, .. } = live;
        let settings = &self.0.settings;
        let mut rights =
            Rights::of(&record.grant, account.as_ref(), &settings.role_map, &settings.default_role);
        if let Some(wanted) = &request.scopes {
            rights = rights.narrowed(wanted, &settings.default_role).ok_or(ExchangeError::InvalidScope)?;
        }
        let audiences = audience(settings, &record.grant.audiences, request.audience.as_deref())?;
        let halves = self.halves(record, &rights, &audiences)?;
        let (record, account) = (Arc::clone(record), account.clone());
        let draft = Arc::new(Draft { record, account, scopes: Arc::new(rights.scopes), halves });
        if plain && !live.is_signed_for {
            self.0.drafts.remember(&draft);
        }
        Ok(draft)
    }

    /// What the access tokens of that record say that have these rights.
    pub(super) fn halves(
        &self,
        record: &Record,
        rights: &Rights,
        audiences: &Names,
    ) -> Result<Halves, Unavailable> {
        let client_id = record.id.to_string();
        let claims = AccessClaims {
            iss: self.issuer().into(),
            sub: Text::from(record.grant.subject.as_deref().unwrap_or(&client_id)),
            aud: Audience(audiences.into()),
            client_id: Text::from(&*client_id),
            jti: "".into(),
            iat: 0,
            exp: 0,
            scope: join_scopes(&rights.scopes).into(),
            roles: (&rights.roles).into(),
            groups: (&rights.groups).into(),
            tenant: record.grant.tenant.as_deref().map(Into::into),
            epoch: record.epoch,
            networks: record.grant.networks.clone(),
        };
        let json = serde_json::to_string(&claims).map_err(|_| UNWRITTEN)?;
        let (before, after) = json.split_once(OWN).ok_or(UNWRITTEN)?;
        Ok(Halves { before: before.to_owned(), after: after.to_owned() })
    }
}

impl Halves {
    /// The claims of an access token (RFC 9068 §2.2) in JSON, with that `jti` in base64url.
    pub(super) fn claims(&self, jti: &str, issued_at: Timestamp, expires_at: Timestamp) -> String {
        /// What is written between the halves, with numbers of usual length.
        const OWN_BYTES: usize = OWN.len() + 2 * 12;
        let length = self.before.len() + self.after.len() + jti.len() + OWN_BYTES;
        let mut json = String::with_capacity(length);
        json.push_str(&self.before);
        json.push_str(r#""jti":""#);
        json.push_str(jti);
        let (iat, exp) = (issued_at.unix_seconds(), expires_at.unix_seconds());
        // Nothing fails that is written into a text.
        let _ = write!(json, r#"","iat":{iat},"exp":{exp},"#);
        json.push_str(&self.after);
        json
    }
}

/// For what the child is: what was asked for, if the record and the authority allow it.
fn audience(settings: &Settings, allowed: &Names, wanted: Option<&str>) -> Result<Names, ExchangeError> {
    match wanted {
        Some(wanted) => {
            let fits =
                settings.audiences.contains(wanted) && (allowed.is_empty() || allowed.contains(wanted));
            if fits { Ok(Names::from([wanted.to_owned()])) } else { Err(ExchangeError::InvalidTarget) }
        }
        None if allowed.is_empty() => Ok(Names::from([settings.default_audience.clone()])),
        // One that was taken out of the settings meanwhile is no audience any more.
        None => Some(allowed.intersection(&settings.audiences).cloned().collect())
            .filter(|known: &Names| !known.is_empty())
            .ok_or(ExchangeError::InvalidTarget),
    }
}
