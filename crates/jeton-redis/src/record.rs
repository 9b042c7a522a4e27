//! The hash of a record: what the scripts read and change has fields of its own, all else is one document.

use std::{collections::HashMap, net::IpAddr};

use ipnet::IpNet;
use jeton::{
    Credential, Fingerprint, Grant, Kind, LastUse, Names, PreviousCredential, Record, RecordId, SortKey,
    Standing, StoreError, Timestamp, fold,
};
use redis::Value;
use serde::{Deserialize, Serialize};

use super::{
    answer::{sense, text},
    index,
};

/// What no script looks into.
#[derive(Serialize, Deserialize)]
struct Document {
    id: RecordId,
    kind: Kind,
    name: String,
    description: String,
    subject: Option<String>,
    tenant: Option<String>,
    groups: Names,
    roles: Names,
    scopes: Names,
    audiences: Names,
    networks: Vec<IpNet>,
    incarnation: Option<String>,
    standing: String,
    created_by: String,
    has_secret: bool,
    not_before: Timestamp,
    credential: StoredCredential,
    previous: Option<StoredPrevious>,
}

#[derive(Serialize, Deserialize)]
struct StoredCredential {
    generation: u64,
    key_id: String,
    issued_at: Timestamp,
    not_before: Timestamp,
    expires_at: Option<Timestamp>,
    fingerprint: String,
}

#[derive(Serialize, Deserialize)]
struct StoredPrevious {
    credential: StoredCredential,
    ends_at: Option<Timestamp>,
    until: Timestamp,
    superseded: bool,
}

/// What is told of a last use, but for its time.
#[derive(Default, Serialize, Deserialize)]
struct StoredUse {
    from: Option<IpAddr>,
    by: Option<String>,
}

/// As JSON. Nothing that is stored has a form that JSON has not.
pub(crate) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::unavailable)
}

/// The fields that an edit changes.
pub(crate) fn editable(record: &Record) -> Result<Vec<(&'static str, String)>, StoreError> {
    let live = matches!(record.standing, Standing::Active | Standing::Disabled);
    let live = record.grant.subject.as_deref().filter(|_| live).map(|subject| live_set(record.kind, subject));
    let deleted = record.standing == Standing::Deleted;
    Ok(vec![
        ("document", json(&document(record))?),
        ("version", record.version.to_string()),
        ("epoch", record.epoch.to_string()),
        ("generation", record.last_generation.to_string()),
        ("updated", record.updated_at.unix_seconds().to_string()),
        ("unique", if deleted { String::new() } else { unique(record) }),
        ("groups", json(&index::groups(record))?),
        ("live", live.unwrap_or_default()),
        ("deleted", u8::from(deleted).to_string()),
        ("created", index::sortable(record.created_at.unix_seconds())),
        ("name", index::key(&SortKey::Text(fold(&record.name)))),
        ("ends", index::sortable_time(record.grant.expires_at, SortKey::NEVER_ENDS)),
    ])
}

/// The others.
pub(crate) fn of_use(record: &Record) -> Result<Vec<(&'static str, String)>, StoreError> {
    let (used, told) = last_use(&record.last_use)?;
    // As large as Redis counts.
    let uses = i64::try_from(record.last_use.count).map_err(StoreError::unavailable)?;
    Ok(vec![("used", used), ("use", told), ("uses", uses.to_string())])
}

/// The time of a last use, sortable, and what is told of it.
pub(crate) fn last_use(last: &LastUse) -> Result<(String, String), StoreError> {
    let told = StoredUse { from: last.address, by: last.user_agent.clone() };
    Ok((index::sortable_time(last.at, SortKey::NEVER_USED), json(&told)?))
}

/// The set of the live records of a subject: those that are neither revoked nor deleted, by their end.
pub(crate) fn live_set(kind: Kind, subject: &str) -> String {
    format!("{}:{subject}", kind.as_str())
}

/// Tenant and name as one text. The length keeps them apart.
fn unique(record: &Record) -> String {
    match &record.grant.tenant {
        None => format!("-:{}", record.name),
        Some(tenant) => format!("{}:{tenant}{}", tenant.len(), record.name),
    }
}

fn document(record: &Record) -> Document {
    let grant = &record.grant;
    Document {
        id: record.id,
        kind: record.kind,
        name: record.name.clone(),
        description: record.description.clone(),
        subject: grant.subject.clone(),
        tenant: grant.tenant.clone(),
        groups: grant.groups.clone(),
        roles: grant.roles.clone(),
        scopes: grant.scopes.clone(),
        audiences: grant.audiences.clone(),
        networks: grant.networks.clone(),
        incarnation: record.incarnation.clone(),
        standing: record.standing.as_str().to_owned(),
        created_by: record.created_by.clone(),
        has_secret: record.has_secret,
        not_before: record.not_before,
        credential: StoredCredential::of(&record.credential),
        previous: record.previous.as_ref().map(|previous| StoredPrevious {
            credential: StoredCredential::of(&previous.credential),
            ends_at: previous.ends_at,
            until: previous.until,
            superseded: previous.superseded,
        }),
    }
}

/// The record of these fields and values, one after another.
pub(crate) fn from_fields(fields: Vec<Value>) -> Result<Record, StoreError> {
    let mut found = HashMap::new();
    let mut fields = fields.into_iter();
    while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
        found.insert(text(name)?, text(value)?);
    }
    let field = |name: &'static str| sense(found.get(name), name);
    let counter = |name| sense(field(name)?.parse::<u64>().ok(), name);
    let sortable = |name| sense(index::seconds(field(name)?), name);
    let time = |seconds, name| sense(Timestamp::from_unix_seconds(seconds), name);
    let time_or = |name, none| match sortable(name)? {
        seconds if seconds == none => Ok(None),
        seconds => time(seconds, name).map(Some),
    };
    let document: Document = sense(serde_json::from_str(field("document")?).ok(), "document")?;
    let told: StoredUse = sense(serde_json::from_str(field("use")?).ok(), "use")?;
    let updated = sense(field("updated")?.parse().ok(), "updated")?;
    Ok(Record {
        id: document.id,
        kind: document.kind,
        name: document.name,
        description: document.description,
        grant: Grant {
            subject: document.subject,
            tenant: document.tenant,
            groups: document.groups,
            roles: document.roles,
            scopes: document.scopes,
            audiences: document.audiences,
            networks: document.networks,
            expires_at: time_or("ends", SortKey::NEVER_ENDS)?,
        },
        incarnation: document.incarnation,
        standing: sense(Standing::parse(&document.standing), "document")?,
        created_at: time(sortable("created")?, "created")?,
        created_by: document.created_by,
        updated_at: time(updated, "updated")?,
        has_secret: document.has_secret,
        not_before: document.not_before,
        credential: document.credential.read()?,
        previous: document.previous.map(StoredPrevious::read).transpose()?,
        last_generation: counter("generation")?,
        epoch: counter("epoch")?,
        version: counter("version")?,
        last_use: LastUse {
            at: time_or("used", SortKey::NEVER_USED)?,
            address: told.from,
            user_agent: told.by,
            count: counter("uses")?,
        },
    })
}

impl StoredCredential {
    fn of(credential: &Credential) -> Self {
        Self {
            generation: credential.generation,
            key_id: credential.key_id.clone(),
            issued_at: credential.issued_at,
            not_before: credential.not_before,
            expires_at: credential.expires_at,
            fingerprint: hex(credential.fingerprint.as_bytes()),
        }
    }

    fn read(self) -> Result<Credential, StoreError> {
        let fingerprint = from_hex(&self.fingerprint).and_then(|bytes| bytes.try_into().ok());
        Ok(Credential {
            generation: self.generation,
            key_id: self.key_id,
            issued_at: self.issued_at,
            not_before: self.not_before,
            expires_at: self.expires_at,
            fingerprint: Fingerprint::from_bytes(sense(fingerprint, "a fingerprint")?),
        })
    }
}

impl StoredPrevious {
    fn read(self) -> Result<PreviousCredential, StoreError> {
        Ok(PreviousCredential {
            credential: self.credential.read()?,
            ends_at: self.ends_at,
            until: self.until,
            superseded: self.superseded,
        })
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}
