//! A record as it is shown. Never the token.

use jeton::{AuditEntry, AuditRow, Authority, Record};
use serde_json::{Value, json};

/// The record as JSON, with the state that it has now and with the default role of tokens without subject.
pub(crate) fn record(authority: &Authority, record: &Record) -> Value {
    let grant = &record.grant;
    let credential = &record.credential;
    json!({
        "id": record.id,
        "kind": record.kind,
        "name": record.name,
        "description": record.description,
        "subject": grant.subject,
        "tenant": grant.tenant,
        "groups": grant.groups,
        "roles": authority.roles_of(record),
        "scopes": grant.scopes,
        "audiences": grant.audiences,
        "networks": grant.networks,
        "state": record.state(authority.now()),
        "created_at": record.created_at,
        "created_by": record.created_by,
        "not_before": record.not_before,
        "expires_at": grant.expires_at,
        "last_used_at": record.last_use.at,
        "last_used_ip": record.last_use.address,
        "last_used_user_agent": record.last_use.user_agent,
        "use_count": record.last_use.count,
        "key_and_secret": record.has_secret,
        "key_id": credential.key_id,
        "generation": credential.generation,
        "previous_generation_until": record.grace(authority.now()).map(|previous| previous.until),
        "fingerprint": credential.fingerprint.to_string(),
    })
}

/// An entry of the audit log as it is shown.
pub(crate) fn audit_row(row: &AuditRow) -> Value {
    let AuditEntry { at, action, actor, token_id, tenant, origin, reason } = &row.entry;
    json!({
        "time": at,
        "action": action.as_str(),
        "actor": actor,
        "token_id": token_id,
        "tenant": tenant,
        "address": origin.address,
        "user_agent": origin.user_agent,
        "reason": reason,
    })
}
