//! What an edit makes of a record. A pure function.

use super::{Edit, Settings, expiry::Lifetime, request::check_grant};
use crate::{Conflict, ManageError, Record, Timestamp, text::Check};

/// Changes the record as the edit says.
pub(super) fn apply(
    edit: &Edit,
    record: &mut Record,
    now: Timestamp,
    lifetime: Lifetime,
    settings: &Settings,
) -> Result<(), ManageError> {
    let edit = edit.clone();
    let mut check = Check::default();
    if let Some(name) = edit.name {
        check.name(&name);
        record.name = name;
    }
    if let Some(description) = edit.description {
        check.description(&description);
        record.description = description;
    }
    let grant = &mut record.grant;
    set(&mut grant.subject, edit.subject);
    set(&mut grant.groups, edit.groups);
    set(&mut grant.roles, edit.roles);
    set(&mut grant.scopes, edit.scopes);
    set(&mut grant.audiences, edit.audiences);
    set(&mut grant.networks, edit.networks);
    if let Some(expiry) = edit.expiry {
        grant.expires_at = lifetime.resolve(expiry, now, &mut check);
        // An end that is over was told already.
        if grant.expires_at.is_some_and(|end| now < end && end <= record.not_before) {
            check.fail("/expires_at", "must be after the beginning");
        }
    }
    if record.kind == crate::Kind::Personal && grant.subject.is_none() {
        check.fail("/subject", "a personal token needs one");
    }
    // In an access token a subject of that name would mean that there is none (RFC 9068 §5).
    if grant.subject == Some(record.id.to_string()) {
        check.fail("/subject", "must not be the id of the token");
    }
    settings.drop_default_role(grant);
    check_grant(grant, &settings.audiences, &mut check);
    check.finish().map_err(ManageError::Invalid)?;
    let signed = record.credential.expires_at;
    if crate::grant::ends_cover(signed, record.grant.expires_at) {
        Ok(())
    } else {
        Err(Conflict::RotateToExtend.into())
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
