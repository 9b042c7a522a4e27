//! Managed signing keys: a hash of them. They are few and seldom changed: what a change comes to is found out here, and
//! written if nobody has changed any of them meanwhile.

use async_trait::async_trait;
use jeton::{Algorithm, AuditEntry, Change, KeyStore, Ring, Sealed, StoreError, StoredKey, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    RedisStore,
    answer::{sense, text},
    audit,
    record::{from_hex, hex, json},
    scripts::{KEYS, WRITE_KEY},
};

#[derive(Serialize, Deserialize)]
struct Stored {
    kid: String,
    ring: String,
    algorithm: Algorithm,
    created_at: Timestamp,
    signs_from: Timestamp,
    retired_at: Option<Timestamp>,
    wrapped: String,
    body: String,
}

/// What becomes of the keys.
enum Step {
    Nothing,
    Put(StoredKey),
    Drop(String),
}

#[async_trait]
impl KeyStore for RedisStore {
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.read_keys().await.map(|(_, keys)| keys)
    }

    async fn add_first_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        let step = |keys: &[StoredKey]| {
            let is_first = !keys.iter().any(|stored| stored.ring == key.ring);
            Ok(if is_first { Step::Put(key.clone()) } else { Step::Nothing })
        };
        self.change_keys(step, None).await
    }

    async fn add_key(&self, key: &StoredKey, youngest: &str, audit: &AuditEntry) -> Result<(), StoreError> {
        let step = |keys: &[StoredKey]| {
            let last = keys.iter().rfind(|stored| stored.ring == key.ring);
            let fits = last.is_some_and(|last| last.kid == youngest)
                && !keys.iter().any(|stored| stored.kid == key.kid);
            if fits { Ok(Step::Put(key.clone())) } else { Err(StoreError::Conflict) }
        };
        self.change_keys(step, Some(audit)).await
    }

    async fn retire_key(&self, kid: &str, at: Timestamp, audit: &AuditEntry) -> Result<(), StoreError> {
        let step = |keys: &[StoredKey]| {
            let key = keys.iter().find(|stored| stored.kid == kid).ok_or(StoreError::Conflict)?;
            if key.retired_at.is_some() {
                return Ok(Step::Nothing);
            }
            let sealed = Sealed { wrapped: Vec::new(), body: Vec::new() };
            Ok(Step::Put(StoredKey { retired_at: Some(at), sealed, ..key.clone() }))
        };
        self.change_keys(step, Some(audit)).await
    }

    async fn reseal_key(&self, kid: &str, from: &Sealed, to: &Sealed) -> Result<(), StoreError> {
        let step = |keys: &[StoredKey]| {
            let key = keys.iter().find(|stored| stored.kid == kid && stored.sealed == *from);
            let key = key.ok_or(StoreError::Conflict)?;
            Ok(Step::Put(StoredKey { sealed: to.clone(), ..key.clone() }))
        };
        self.change_keys(step, None).await
    }

    async fn remove_key(&self, kid: &str) -> Result<(), StoreError> {
        let step = |keys: &[StoredKey]| {
            let there = keys.iter().any(|stored| stored.kid == kid);
            Ok(if there { Step::Drop(kid.to_owned()) } else { Step::Nothing })
        };
        self.change_keys(step, None).await
    }
}

impl RedisStore {
    /// All keys, the oldest first, and at which revision they are.
    async fn read_keys(&self) -> Result<(String, Vec<StoredKey>), StoreError> {
        let mut answer = self.run(&KEYS, Vec::new()).await?;
        let revision = answer.text()?;
        let keys = answer.list()?.into_iter().map(|value| read(&text(value)?));
        let mut keys: Vec<_> = keys.collect::<Result<_, _>>()?;
        keys.sort_by(|one, other| (one.created_at, &one.kid).cmp(&(other.created_at, &other.kid)));
        Ok((revision, keys))
    }

    /// Does the step that the keys ask for, and logs it where there is an entry; again from the beginning whenever
    /// another one was faster.
    async fn change_keys(
        &self,
        step: impl Fn(&[StoredKey]) -> Result<Step, StoreError> + Send + Sync,
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError> {
        let (change, entry) = match audit {
            Some(entry) => (json(&Change::Keys)?, audit::args(entry)?),
            None => Default::default(),
        };
        let work = async {
            loop {
                let (revision, keys) = self.read_keys().await?;
                let (kid, stored) = match step(&keys)? {
                    Step::Nothing => return Ok(()),
                    Step::Put(key) => (key.kid.clone(), write(&key)?),
                    Step::Drop(kid) => (kid, String::new()),
                };
                let mut args = vec![revision, kid, stored, change.clone()];
                args.extend(entry.clone());
                match self.run(&WRITE_KEY, args).await {
                    Err(StoreError::Conflict) => {}
                    answer => return answer.map(drop),
                }
            }
        };
        self.within(work).await
    }
}

fn write(key: &StoredKey) -> Result<String, StoreError> {
    json(&Stored {
        kid: key.kid.clone(),
        ring: key.ring.as_str().to_owned(),
        algorithm: key.algorithm,
        created_at: key.created_at,
        signs_from: key.signs_from,
        retired_at: key.retired_at,
        wrapped: hex(&key.sealed.wrapped),
        body: hex(&key.sealed.body),
    })
}

fn read(text: &str) -> Result<StoredKey, StoreError> {
    let read = || {
        let stored: Stored = serde_json::from_str(text).ok()?;
        Some(StoredKey {
            kid: stored.kid,
            ring: Ring::parse(&stored.ring)?,
            algorithm: stored.algorithm,
            created_at: stored.created_at,
            signs_from: stored.signs_from,
            retired_at: stored.retired_at,
            sealed: Sealed { wrapped: from_hex(&stored.wrapped)?, body: from_hex(&stored.body)? },
        })
    };
    sense(read(), "a key")
}
