//! What the store does, each in a script of its own.

use std::time::Duration;

use async_trait::async_trait;
use jeton::{
    AuditEntry, Change, Changes, Cursor, Insert, Kind, LastUse, LiveLimit, NamedAudience, Page, Query,
    Record, RecordId, Restoration, Store, StoreError, Timestamp, Update, Wakeups,
};
use redis::Script;
use serde::Serialize;

use super::{
    RedisStore, audit, index, open,
    record::{self, json},
    scripts::{ANNOUNCE, FIND, PING, PRUNE_TOMBSTONES, RESTORE, TOUCH, WRITE},
};

/// What one script drops at most, so that none holds others up for long.
const PRUNED: usize = 500;
/// How long what touches every record may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// A limit as the script counts: the sets of live records, from which end on, and how many fit.
#[derive(Serialize)]
struct StoredLimit {
    live: Vec<String>,
    from: String,
    at_most: u64,
}

/// A write of a record.
struct Write<'a> {
    record: &'a Record,
    expected_version: Option<u64>,
    limits: &'a [LiveLimit],
    change: Option<&'a Change>,
    audit: &'a AuditEntry,
}

impl Write<'_> {
    fn args(&self) -> Result<Vec<String>, StoreError> {
        let Self { record, expected_version, limits, change, audit } = self;
        let mut fields = record::editable(record)?;
        if expected_version.is_none() {
            fields.extend(record::of_use(record)?);
        }
        let limits: Vec<_> = limits.iter().map(|limit| counted(limit, record)).collect();
        let mut args = vec![
            record.id.to_string(),
            expected_version.map(|version| version.to_string()).unwrap_or_default(),
            json(&limits)?,
            change.map(json).transpose()?.unwrap_or_default(),
        ];
        args.extend(audit::args(audit)?);
        args.extend(fields.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
        Ok(args)
    }
}

fn counted(limit: &LiveLimit, record: &Record) -> StoredLimit {
    let kinds = limit.kind.map_or_else(|| vec![Kind::Service, Kind::Personal], |kind| vec![kind]);
    let subject = record.grant.subject.as_deref().unwrap_or_default();
    StoredLimit {
        live: kinds.into_iter().map(|kind| record::live_set(kind, subject)).collect(),
        // The end itself is outside.
        from: index::sortable(limit.now.unix_seconds().saturating_add(1)),
        at_most: limit.at_most,
    }
}

impl RedisStore {
    /// Drops what is from before that time, by a script that takes it and how many.
    pub(crate) async fn prune(&self, script: &'static Script, before: Timestamp) -> Result<(), StoreError> {
        loop {
            let args = vec![before.unix_seconds().to_string(), PRUNED.to_string()];
            if self.run(script, args).await?.number()? < PRUNED {
                return Ok(());
            }
        }
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn insert(&self, insert: &Insert) -> Result<(), StoreError> {
        let Insert { record, limits, audit } = insert;
        let write = Write { record, expected_version: None, limits, change: None, audit };
        self.run(&WRITE, write.args()?).await.map(drop)
    }

    async fn find(&self, id: RecordId) -> Result<Option<Record>, StoreError> {
        let fields = self.run(&FIND, vec![id.to_string()]).await?.list()?;
        if fields.is_empty() { Ok(None) } else { record::from_fields(fields).map(Some) }
    }

    async fn list(&self, query: &Query) -> Result<Page, StoreError> {
        self.within(self.page(query)).await
    }

    async fn update(&self, update: &Update) -> Result<(), StoreError> {
        let Update { record, expected_version, limits, change, audit } = update;
        let expected_version = Some(*expected_version);
        let write = Write { record, expected_version, limits, change: Some(change), audit };
        self.run(&WRITE, write.args()?).await.map(drop)
    }

    async fn touch(&self, uses: &[(RecordId, LastUse)]) -> Result<(), StoreError> {
        let mut args = Vec::with_capacity(uses.len() * 4);
        for (id, last) in uses {
            let (used, told) = record::last_use(last)?;
            let count = i64::try_from(last.count).unwrap_or(i64::MAX);
            args.extend([id.to_string(), used, told, count.to_string()]);
        }
        self.run(&TOUCH, args).await.map(drop)
    }

    async fn changes(&self, after: Option<&Cursor>) -> Result<Changes, StoreError> {
        self.changes_after(after).await
    }

    fn watch(&self) -> Option<Wakeups> {
        Some(self.wakeups())
    }

    async fn trim(&self, through: &Cursor) -> Result<(), StoreError> {
        self.trim_through(through).await
    }

    /// Kept in whole seconds, rounded up.
    async fn longest_access_ttl(&self, at_least: Duration) -> Result<Duration, StoreError> {
        self.raise_longest(at_least).await
    }

    async fn audiences(&self) -> Result<Vec<NamedAudience>, StoreError> {
        self.read_audiences(None).await
    }

    async fn audience(&self, name: &str) -> Result<Option<NamedAudience>, StoreError> {
        Ok(self.read_audiences(Some(name)).await?.pop())
    }

    async fn put_audience(
        &self,
        audience: &NamedAudience,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write_audience(audience, change, audit).await
    }

    async fn announce(&self, change: &Change, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut args = vec![json(change)?];
        args.extend(audit::args(audit)?);
        self.run(&ANNOUNCE, args).await.map(drop)
    }

    /// One script writes every record; nothing else is answered meanwhile.
    async fn restore(&self, restoration: &Restoration) -> Result<(), StoreError> {
        let Restoration { at_least, at, audit } = restoration;
        let incarnation = open::incarnation().map_err(StoreError::unavailable)?;
        let change = json(&Change::AllRecords { epoch: *at_least })?;
        let mut args = vec![at_least.to_string(), at.unix_seconds().to_string(), incarnation, change];
        args.extend(audit::args(audit)?);
        self.run_within(&RESTORE, args, PATIENCE).await.map(drop)
    }

    async fn prune_tombstones(&self, before: Timestamp) -> Result<(), StoreError> {
        self.prune(&PRUNE_TOMBSTONES, before).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.run(&PING, Vec::new()).await.map(drop)
    }
}
