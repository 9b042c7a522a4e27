//! Seeing, rotating and retiring managed keys.

use std::time::Duration;

use super::{ManagedKeysError, after, refresh};
use crate::{
    Action, Algorithm, AuditEntry, Authority, Caller, Conflict, Filter, ManageError, Query, RecordId, Ring,
    Sort, StoreError, StoredKey, Timestamp, Unavailable, authority::mutate::Mutation, rights::scopes,
};

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// It is known and published, and signs later.
    Next,
    /// It signs.
    Signing,
    /// It signed once, and what it signed is accepted.
    Verifying,
    /// Whatever it signed is refused.
    Retired,
}

impl KeyState {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Signing => "signing",
            Self::Verifying => "verifying",
            Self::Retired => "retired",
        }
    }
}

/// A key, without any private part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its name in token headers.
    pub kid: String,
    /// What it is for.
    pub ring: Ring,
    /// Its one algorithm.
    pub algorithm: Algorithm,
    /// What it does now.
    pub state: KeyState,
    /// When it was made; unknown of keys that the host gave.
    pub created_at: Option<Timestamp>,
    /// From when on it signs.
    pub signs_from: Option<Timestamp>,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
}

impl Authority {
    /// All keys, ring by ring, the youngest first.
    ///
    /// # Errors
    ///
    /// If the caller does not hold `keys:write` or belongs to a tenant, or if the store does not answer.
    pub async fn keys(&self, caller: &Caller) -> Result<Vec<KeyInfo>, ManageError> {
        self.may(caller, scopes::KEYS_WRITE)?;
        let Some(managed) = &self.0.managed else { return Ok(self.given_keys()) };
        let (stored, now) = (managed.store.keys().await?, self.now());
        let of_ring = |ring| stored.iter().rev().filter(move |key| key.ring == ring);
        let show = |key: &StoredKey| KeyInfo {
            state: state(key, of_ring(key.ring), now),
            created_at: Some(key.created_at),
            signs_from: Some(key.signs_from),
            retired_at: key.retired_at,
            kid: key.kid.clone(),
            ring: key.ring,
            algorithm: key.algorithm,
        };
        Ok(Ring::ALL.into_iter().flat_map(of_ring).map(show).collect())
    }

    fn given_keys(&self) -> Vec<KeyInfo> {
        let rings = self.0.rings.load();
        let all = [(Ring::Api, Some(&rings.api)), (Ring::Access, Some(&rings.access))];
        let all = all.into_iter().chain([(Ring::Secret, rings.secret.as_ref())]);
        let keys = all.flat_map(|(ring, keys)| {
            keys.into_iter()
                .flat_map(|keys| keys.keys())
                .enumerate()
                .map(move |(index, key)| (ring, index, key))
        });
        let show = |(ring, index, key): (Ring, usize, &crate::SigningKey)| KeyInfo {
            kid: key.kid().to_owned(),
            ring,
            algorithm: key.algorithm(),
            state: if index == 0 { KeyState::Signing } else { KeyState::Verifying },
            created_at: None,
            signs_from: None,
            retired_at: None,
        };
        keys.map(show).collect()
    }

    /// Gives a ring a new key. That of access tokens is published at once and signs after the
    /// [lead](super::super::AuthorityBuilder::key_lead); the others sign at once. What older keys signed is accepted as before.
    ///
    /// # Errors
    ///
    /// [`Conflict::KeysNotManaged`] if the host gave the keys; and see [`keys`](Self::keys).
    pub async fn rotate_keys(&self, caller: &Caller, ring: Ring) -> Result<KeyInfo, ManageError> {
        self.may(caller, scopes::KEYS_WRITE)?;
        let lead = if ring == Ring::Access { self.0.settings.key_lead } else { Duration::ZERO };
        let (authority, caller) = (self.clone(), caller.clone());
        let task = tokio::spawn(async move { authority.add_key(&caller, ring, lead).await });
        task.await.unwrap_or_else(|_| Err(broken_off()))
    }

    async fn add_key(&self, caller: &Caller, ring: Ring, lead: Duration) -> Result<KeyInfo, ManageError> {
        let managed = self.0.managed.as_ref().ok_or(Conflict::KeysNotManaged)?;
        let stored = managed.store.keys().await?;
        let youngest = stored.iter().rev().find(|key| key.ring == ring).ok_or(Conflict::KeysNotManaged)?;
        let now = self.now();
        let key = managed.make(ring, after(youngest, now), now.saturating_add(lead), &*self.0.random);
        let key = key.map_err(unavailable)?;
        let entry = self.key_entry(caller, Action::RotateKeys, &key.kid);
        match managed.store.add_key(&key, &youngest.kid, &entry).await {
            Ok(()) => {}
            Err(StoreError::Conflict) => return Err(ManageError::Stale),
            Err(error) => return Err(error.into()),
        }
        entry.tell();
        refresh(&self.0).await.map_err(unavailable)?;
        Ok(KeyInfo {
            state: if key.signs_from > now { KeyState::Next } else { KeyState::Signing },
            created_at: Some(key.created_at),
            signs_from: Some(key.signs_from),
            retired_at: None,
            kid: key.kid,
            ring,
            algorithm: key.algorithm,
        })
    }

    /// Refuses all that a key signed: for a key that others have got hold of. Here from the answer on, on other nodes when
    /// they read the change log, and by [verifiers](crate::Verifier) elsewhere once they have read the keys again. Its
    /// private part is forgotten. If no other key of its ring signs yet, a new one does at once, and is not known
    /// elsewhere before it is read there. Of a key of API tokens, the access tokens are refused too that were got with
    /// them, and of a key of secrets those of every record that has one.
    ///
    /// It may be done again, to the same end: after [`ManageError::Unavailable`] it must be, as it may have been done in
    /// part.
    ///
    /// # Errors
    ///
    /// [`ManageError::NotFound`] if there is no such key, [`Conflict::KeysNotManaged`] if the host gave the keys; and see
    /// [`keys`](Self::keys).
    pub async fn retire_key(&self, caller: &Caller, kid: &str) -> Result<KeyInfo, ManageError> {
        self.may(caller, scopes::KEYS_WRITE)?;
        let (authority, asking, name) = (self.clone(), caller.clone(), kid.to_owned());
        let task = tokio::spawn(async move { authority.retire(&asking, &name).await });
        task.await.unwrap_or_else(|_| Err(broken_off()))?;
        let keys = self.keys(caller).await?;
        keys.into_iter().find(|key| key.kid == kid).ok_or(ManageError::NotFound)
    }

    async fn retire(&self, caller: &Caller, kid: &str) -> Result<(), ManageError> {
        let managed = self.0.managed.as_ref().ok_or(Conflict::KeysNotManaged)?;
        let (stored, now) = (managed.store.keys().await?, self.now());
        let key = stored.iter().find(|key| key.kid == kid).ok_or(ManageError::NotFound)?;
        let usable = |other: &&StoredKey| {
            other.ring == key.ring
                && other.kid != kid
                && other.retired_at.is_none()
                && other.signs_from <= now
        };
        if !stored.iter().any(|other| usable(&other)) {
            self.add_key(caller, key.ring, Duration::ZERO).await?;
        }
        let entry = self.key_entry(caller, Action::RetireKey, kid);
        managed.store.retire_key(kid, now, &entry).await?;
        entry.tell();
        refresh(&self.0).await.map_err(unavailable)?;
        if key.ring == Ring::Access { Ok(()) } else { self.cut_off_all_of(kid).await }
    }

    /// Ends the access tokens of every record that names the key, or all whose secret may come from it.
    async fn cut_off_all_of(&self, kid: &str) -> Result<(), ManageError> {
        let system = Caller::system("keys").with_reason(Some(kid.to_owned()));
        let mut query = Query {
            filter: Filter::default(),
            sort: Sort::default(),
            after: None,
            limit: 200,
            now: self.now(),
        };
        loop {
            let page = self.0.store.list(&query).await?;
            let named = |record: &&crate::Record| {
                let previous = record.previous.as_ref().map(|previous| &previous.credential.key_id);
                record.has_secret || record.credential.key_id == kid || previous.is_some_and(|id| id == kid)
            };
            let ids: Vec<RecordId> = page.records.iter().filter(named).map(|record| record.id).collect();
            for id in ids {
                match self.change(&system, id, &Mutation::CutOff, None).await {
                    // Gone meanwhile, and dead already.
                    Ok(_) | Err(ManageError::NotFound | ManageError::Conflict(Conflict::Revoked)) => {}
                    Err(error) => return Err(error),
                }
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Rotates the access keys when their time has come, and drops those that nothing needs any more.
    pub(in crate::authority) async fn look_after_keys(&self) -> Result<(), Unavailable> {
        let Some(managed) = &self.0.managed else { return Ok(()) };
        refresh(&self.0).await.map_err(|error| internal(&error))?;
        let (stored, now) = (managed.store.keys().await?, self.now());
        let access = || stored.iter().rev().filter(|key| key.ring == Ring::Access);
        let Some(youngest) = access().next() else { return Ok(()) };
        let lead = self.0.settings.key_lead;
        let due = self
            .0
            .settings
            .rotate_access_keys_every
            .is_some_and(|every| now.saturating_add(lead) >= youngest.signs_from.saturating_add(every));
        if due {
            match self.add_key(&Caller::system("housekeeping"), Ring::Access, lead).await {
                // Another node was first.
                Ok(_) | Err(ManageError::Stale) => {}
                Err(ManageError::Unavailable(unavailable)) => return Err(unavailable),
                Err(_) => return Err(Unavailable::Internal("the keys could not be rotated")),
            }
        }
        let longest = self.0.store.longest_access_ttl(self.0.settings.access_ttl).await?;
        let span = self.0.keep_span(longest).saturating_add(lead);
        let mut younger = None;
        for key in access() {
            let over = |moment: Timestamp| now >= moment.saturating_add(span);
            let superseded = younger.is_some_and(over) || key.retired_at.is_some_and(over);
            if superseded {
                managed.store.remove_key(&key.kid).await?;
            }
            if key.retired_at.is_none() {
                younger = Some(key.signs_from);
            }
        }
        Ok(())
    }

    fn key_entry(&self, caller: &Caller, action: Action, kid: &str) -> AuditEntry {
        caller.clone().with_reason(Some(kid.to_owned())).entry(action, self.now(), None)
    }
}

/// What a key does, among those of its ring, the youngest first.
fn state<'a>(key: &StoredKey, mut ring: impl Iterator<Item = &'a StoredKey>, now: Timestamp) -> KeyState {
    if key.retired_at.is_some() {
        return KeyState::Retired;
    }
    if key.signs_from > now {
        return KeyState::Next;
    }
    let signing = ring.find(|other| other.retired_at.is_none() && other.signs_from <= now);
    if signing.is_some_and(|signing| signing.kid == key.kid) {
        KeyState::Signing
    } else {
        KeyState::Verifying
    }
}

fn broken_off() -> ManageError {
    ManageError::Unavailable(Unavailable::Internal("the change was broken off"))
}

fn unavailable(error: ManagedKeysError) -> ManageError {
    match error {
        ManagedKeysError::Store(error) => error.into(),
        other => ManageError::Unavailable(internal(&other)),
    }
}

fn internal(error: &ManagedKeysError) -> Unavailable {
    tracing::error!(error = error as &dyn std::error::Error, "the managed keys cannot be used");
    Unavailable::Internal("the managed keys cannot be used")
}
