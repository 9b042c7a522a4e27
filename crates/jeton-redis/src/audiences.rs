//! Named audiences: a hash of them, each behind its version.

use jeton::{AuditEntry, Change, NamedAudience, Names, StoreError};
use redis::Value;
use serde::{Deserialize, Serialize};

use super::{
    RedisStore,
    answer::{sense, text},
    audit,
    record::json,
    scripts::{AUDIENCES, PUT_AUDIENCE},
};

#[derive(Serialize, Deserialize)]
struct StoredAudience {
    name: String,
    subjects: Names,
    groups: Names,
    roles: Names,
}

impl RedisStore {
    /// All of them in the order of their names, or the one of that name.
    pub(crate) async fn read_audiences(&self, name: Option<&str>) -> Result<Vec<NamedAudience>, StoreError> {
        let args = name.map(str::to_owned).into_iter().collect();
        let found = self.run(&AUDIENCES, args).await?.list()?;
        let there = found.into_iter().filter(|value| *value != Value::Nil);
        let mut all: Vec<_> = there.map(|value| read(&text(value)?)).collect::<Result<_, _>>()?;
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// Replaces the version before.
    pub(crate) async fn write_audience(
        &self,
        audience: &NamedAudience,
        change: &Change,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        let before = audience.version.checked_sub(1).ok_or(StoreError::Conflict)?;
        let NamedAudience { name, subjects, groups, roles, version } = audience.clone();
        let stored = json(&StoredAudience { name, subjects, groups, roles })?;
        let mut args =
            vec![audience.name.clone(), before.to_string(), format!("{version} {stored}"), json(change)?];
        args.extend(audit::args(entry)?);
        self.run(&PUT_AUDIENCE, args).await.map(drop)
    }
}

fn read(text: &str) -> Result<NamedAudience, StoreError> {
    let read = || {
        let (version, stored) = text.split_once(' ')?;
        let StoredAudience { name, subjects, groups, roles } = serde_json::from_str(stored).ok()?;
        Some(NamedAudience { name, subjects, groups, roles, version: version.parse().ok()? })
    };
    sense(read(), "an audience")
}
