//! A record as it is shown. Never the token.

use jeton::{Authority, Record};
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
        "key_id": credential.key_id,
        "generation": credential.generation,
        "previous_generation_until": record.grace(authority.now()).map(|previous| previous.until),
        "fingerprint": credential.fingerprint.to_string(),
    })
}
