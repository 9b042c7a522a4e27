//! Records and entries of the audit log as they are shown. Never the token.

use std::net::IpAddr;

use ipnet::IpNet;
use jeton::{Action, AuditEntry, AuditRow, Authority, Kind, Names, Record, RecordId, State, Timestamp};

use super::{Word, object};

object! {
    /// A record as it is shown, with the state that it has now and with the default role of tokens without subject.
    ShownRecord<'a> as "Token" {
        id: RecordId,
        kind: Kind,
        name: &'a str,
        description: &'a str,
        subject: Option<&'a str>,
        tenant: Option<&'a str>,
        groups: &'a Names,
        roles: Names,
        scopes: &'a Names,
        audiences: &'a Names,
        networks: &'a [IpNet],
        state: State,
        created_at: Timestamp,
        created_by: &'a str,
        not_before: Timestamp,
        expires_at: Option<Timestamp>,
        last_used_at: Option<Timestamp>,
        last_used_ip: Option<IpAddr>,
        last_used_user_agent: Option<&'a str>,
        use_count: u64,
        key_and_secret: bool,
        key_id: &'a str,
        generation: u64,
        previous_generation_until: Option<Timestamp>,
        fingerprint: String,
    }
}

object! {
    /// An entry of the audit log as it is shown.
    ShownEntry<'a> as "AuditEntry" {
        time: Timestamp,
        action: Word<Action>,
        actor: &'a str,
        token_id: Option<RecordId>,
        tenant: Option<&'a str>,
        address: Option<IpAddr>,
        user_agent: Option<&'a str>,
        reason: Option<&'a str>,
    }
}

/// The record as it is now.
pub(crate) fn record<'a>(authority: &Authority, record: &'a Record) -> ShownRecord<'a> {
    let grant = &record.grant;
    let credential = &record.credential;
    ShownRecord {
        id: record.id,
        kind: record.kind,
        name: &record.name,
        description: &record.description,
        subject: grant.subject.as_deref(),
        tenant: grant.tenant.as_deref(),
        groups: &grant.groups,
        roles: authority.roles_of(record),
        scopes: &grant.scopes,
        audiences: &grant.audiences,
        networks: &grant.networks,
        state: record.state(authority.now()),
        created_at: record.created_at,
        created_by: &record.created_by,
        not_before: record.not_before,
        expires_at: grant.expires_at,
        last_used_at: record.last_use.at,
        last_used_ip: record.last_use.address,
        last_used_user_agent: record.last_use.user_agent.as_deref(),
        use_count: record.last_use.count,
        key_and_secret: record.has_secret,
        key_id: &credential.key_id,
        generation: credential.generation,
        previous_generation_until: record.grace(authority.now()).map(|previous| previous.until),
        fingerprint: credential.fingerprint.to_string(),
    }
}

/// The entry of that row.
pub(crate) fn audit_row(row: &AuditRow) -> ShownEntry<'_> {
    let AuditEntry { at, action, actor, token_id, tenant, origin, reason } = &row.entry;
    ShownEntry {
        time: *at,
        action: (*action).into(),
        actor,
        token_id: *token_id,
        tenant: tenant.as_deref(),
        address: origin.address,
        user_agent: origin.user_agent.as_deref(),
        reason: reason.as_deref(),
    }
}
