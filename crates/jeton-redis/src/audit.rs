//! The audit log: a stream, numbered from 1 on, and a sorted set of numbers for each filter by equality.

use std::net::IpAddr;

use async_trait::async_trait;
use jeton::{
    Action, AuditEntry, AuditFilter, AuditLog, AuditPage, AuditQuery, AuditRow, Origin, RecordId, StoreError,
    Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{
    RedisStore,
    answer::{list, number, sense, text},
    record::json,
    scripts::{APPEND, AUDIT, PRUNE_AUDIT, SIZES},
};

/// How many entries are looked at for one page. A page that finds fewer than asked among them ends early, and says where
/// the next one begins.
const SEARCHED: usize = 10_000;
/// How many one script looks at.
const PART: usize = 500;
/// The largest number that the scripts count exactly.
const LARGEST: u64 = (1 << 53) - 1;

#[derive(Serialize, Deserialize)]
struct StoredEntry {
    at: Timestamp,
    action: String,
    actor: String,
    token: Option<RecordId>,
    tenant: Option<String>,
    address: Option<IpAddr>,
    user_agent: Option<String>,
    reason: Option<String>,
}

/// What a script appends of an entry: the entry, its time, and the sets that find it.
pub(crate) fn args(entry: &AuditEntry) -> Result<[String; 3], StoreError> {
    let Origin { address, user_agent } = &entry.origin;
    let stored = StoredEntry {
        at: entry.at,
        action: entry.action.as_str().to_owned(),
        actor: entry.actor.clone(),
        token: entry.token_id,
        tenant: entry.tenant.clone(),
        address: *address,
        user_agent: user_agent.clone(),
        reason: entry.reason.clone(),
    };
    let of = AuditFilter {
        token_id: entry.token_id,
        actor: Some(entry.actor.clone()),
        action: Some(entry.action),
        tenant: entry.tenant.clone(),
        since: None,
    };
    Ok([json(&stored)?, entry.at.unix_seconds().to_string(), json(&sets(&of))?])
}

/// The sets each of which holds all that pass.
fn sets(filter: &AuditFilter) -> Vec<String> {
    [
        filter.token_id.map(|id| format!("token:{id}")),
        filter.actor.as_ref().map(|actor| format!("actor:{actor}")),
        filter.tenant.as_ref().map(|tenant| format!("tenant:{tenant}")),
        filter.action.map(|action| format!("action:{}", action.as_str())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[async_trait]
impl AuditLog for RedisStore {
    async fn append(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        let mut all = Vec::with_capacity(entries.len() * 3);
        for entry in entries {
            all.extend(args(entry)?);
        }
        self.run(&APPEND, all).await.map(drop)
    }

    async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError> {
        self.within(self.audit_page(query)).await
    }

    async fn prune_audit(&self, before: Timestamp) -> Result<(), StoreError> {
        self.prune(&PRUNE_AUDIT, before).await
    }
}

impl RedisStore {
    async fn audit_page(&self, query: &AuditQuery) -> Result<AuditPage, StoreError> {
        let set = self.smallest_audit_set(&query.filter).await?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let (mut rows, mut searched) = (Vec::new(), 0);
        let mut before = query.before.unwrap_or(u64::MAX);
        while let Some(from) = before.checked_sub(1) {
            let from = from.min(LARGEST).to_string();
            let found = self.run(&AUDIT, vec![set.clone(), from, PART.to_string()]).await?.list()?;
            let looked_at = found.len();
            for row in found {
                let [seq, entry] = sense(list(row)?.try_into().ok(), "an audit entry")?;
                let seq = sense(text(seq)?.parse().ok(), "an audit entry")?;
                before = seq;
                let entry = read(&text(entry)?)?;
                if query.filter.admits(&entry) {
                    rows.push(AuditRow { seq, entry });
                }
            }
            searched += looked_at;
            if rows.len() > limit || looked_at < PART {
                break;
            }
            if searched >= SEARCHED {
                return Ok(AuditPage { rows, next: Some(before) });
            }
        }
        Ok(AuditPage::of(rows, query.limit))
    }

    async fn smallest_audit_set(&self, filter: &AuditFilter) -> Result<String, StoreError> {
        let mut sets = sets(filter);
        if sets.len() < 2 {
            return Ok(sets.pop().unwrap_or_default());
        }
        let names = sets.iter().map(|set| format!("audit:of:{set}")).collect();
        let sizes = self.run(&SIZES, names).await?.list()?;
        let sizes: Vec<_> = sizes.into_iter().map(number).collect::<Result<_, _>>()?;
        Ok(sizes.into_iter().zip(sets).min().map(|(_, set)| set).unwrap_or_default())
    }
}

fn read(text: &str) -> Result<AuditEntry, StoreError> {
    let stored: StoredEntry = sense(serde_json::from_str(text).ok(), "an audit entry")?;
    Ok(AuditEntry {
        at: stored.at,
        action: sense(Action::parse(&stored.action), "an audit entry")?,
        actor: stored.actor,
        token_id: stored.token,
        tenant: stored.tenant,
        origin: Origin { address: stored.address, user_agent: stored.user_agent },
        reason: stored.reason,
    })
}
