//! The exchange, audiences, the audit log, and keys.

use jeton::rights::scopes;
use serde_json::json;

use super::{
    super::{
        failures::{BEARER, CHANGES, Failures, NOT_FOUND, STALE, header},
        operation::{Operation, Who},
    },
    managed,
};
use crate::{
    routes::{self, EXPIRATION},
    wire,
};

const KEPT_BY_HOST: Failures = &[(409, "keys_not_managed")];

pub(super) fn exchange() -> Operation {
    let end = json!({"type": "string", "format": "date-time"});
    Operation::new("exchange", "exchangeToken", "Exchange an API token for an access token", Who::ApiToken)
        .about("What is asked for only narrows. An empty body asks for all that the token has.")
        .body(&wire::EXCHANGE)
        .answers::<routes::ShownAccessToken<'_>>(200, "An access token.")
        .with(EXPIRATION.as_str(), header("The end of the API token, if it has one.", false, end))
        .fails(BEARER)
        .fails(&[
            (400, "invalid_scope"),
            (400, "invalid_target"),
            (409, "token_too_large"),
            (403, "subject_denied"),
        ])
}

pub(super) fn audiences() -> Operation {
    managed("audiences", "listAudiences", "List the named audiences", scopes::TOKENS_READ)
        .answers::<routes::AudienceList<'_>>(200, "All of them.")
}

pub(super) fn audience() -> Operation {
    managed("audiences", "getAudience", "See a named audience", scopes::TOKENS_READ)
        .answers::<routes::ShownAudience<'_>>(200, "Who is in it.")
        .tagged()
        .fails(NOT_FOUND)
}

pub(super) fn put_audience() -> Operation {
    managed("audiences", "putAudience", "Say who is in a named audience", scopes::AUDIENCES_WRITE)
        .about("Whoever is left out is not in it. One that is not there is made.")
        .body(&wire::AUDIENCE)
        .if_match(STALE)
        .answers::<routes::ShownAudience<'_>>(200, "Who is in it.")
        .tagged()
        .fails(CHANGES)
        .fails(NOT_FOUND)
}

pub(super) fn audit() -> Operation {
    managed("audit", "listAuditEntries", "Read the audit log", scopes::TOKENS_AUDIT)
        .about("Who did what to which token, the newest first.")
        .query(&wire::AUDIT)
        .answers::<routes::AuditPage<'_>>(200, "A page of entries.")
}

pub(super) fn keys() -> Operation {
    managed("keys", "listKeys", "List the keys", scopes::KEYS_WRITE)
        .about("Without any private part.")
        .answers::<routes::KeyList<'_>>(200, "All of them, ring by ring, the youngest first.")
}

pub(super) fn rotate_keys() -> Operation {
    managed("keys", "rotateKeys", "Make a new key", scopes::KEYS_WRITE)
        .about("One of access tokens is published first, and signs later.")
        .body(&wire::RING)
        .answers::<routes::ShownKey<'_>>(200, "The new key.")
        .fails(CHANGES)
        .fails(STALE)
        .fails(KEPT_BY_HOST)
}

pub(super) fn retire_key() -> Operation {
    managed("keys", "retireKey", "Retire a key", scopes::KEYS_WRITE)
        .about("For one that others have got hold of: all that it signed is refused from now on.")
        .body(&wire::REASON)
        .answers::<routes::ShownKey<'_>>(200, "The key.")
        .fails(CHANGES)
        .fails(NOT_FOUND)
        .fails(STALE)
        .fails(KEPT_BY_HOST)
}
