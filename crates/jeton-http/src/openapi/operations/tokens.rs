//! What is done to tokens: by who may manage them, and by themselves.

use jeton::rights::scopes;
use serde_json::json;

use super::{
    super::{
        failures::{BEARER, CHANGES, NOT_FOUND, STALE, header},
        operation::{Operation, Who},
    },
    EXTENDED, IN_GRACE, RENAMED, REVOKED, TOO_LARGE, TOO_MANY, managed,
};
use crate::{
    routes,
    wire::{self, ShownRecord},
};

pub(super) fn tokens(id: &str, summary: &'static str, scope: &'static str) -> Operation {
    managed("tokens", id, summary, scope)
}

pub(super) fn generate() -> Operation {
    let location = json!({"type": "string", "format": "uri-reference"});
    tokens("generateToken", "Generate an API token", scopes::TOKENS_WRITE)
        .about(
            "Without an end, it gets the one that tokens have unless told otherwise. Rights that the caller does not \
             hold, and another subject or tenant, take the scope `tokens:grant` too.",
        )
        .body(&wire::GENERATE)
        .answers::<routes::ShownToken<'_>>(201, "The record, and the token: the one time that it is seen.")
        .tagged()
        .with("Location", header("The path of the record.", true, location))
        .fails(CHANGES)
        .fails(TOO_LARGE)
        .fails(RENAMED)
        .fails(TOO_MANY)
        .fails(&[(503, "generating_stopped")])
}

pub(super) fn list() -> Operation {
    tokens("listTokens", "List tokens", scopes::TOKENS_READ)
        .about("A caller that belongs to a tenant sees those of that tenant alone.")
        .query(&wire::LIST)
        .answers::<routes::TokenPage<'_>>(200, "A page of records.")
}

pub(super) fn find() -> Operation {
    tokens("getToken", "See a token", scopes::TOKENS_READ)
        .answers::<ShownRecord<'_>>(200, "The record.")
        .tagged()
        .fails(NOT_FOUND)
}

pub(super) fn edit() -> Operation {
    tokens("editToken", "Edit a token", scopes::TOKENS_WRITE)
        .about(
            "A merge patch (RFC 7396): what is left out stays; `null` takes the subject or the end away. What takes \
             rights away ends the access tokens that were made before.",
        )
        .body(&wire::EDIT)
        .takes_as("application/merge-patch+json")
        .if_match(STALE)
        .answers::<ShownRecord<'_>>(200, "The record.")
        .tagged()
        .fails(CHANGES)
        .fails(NOT_FOUND)
        .fails(TOO_LARGE)
        .fails(RENAMED)
        .fails(REVOKED)
        .fails(EXTENDED)
        .fails(TOO_MANY)
}

pub(super) fn delete() -> Operation {
    tokens("deleteToken", "Delete a token", scopes::TOKENS_WRITE)
        .about("Revokes it, and takes it out of every list.")
        .fails(CHANGES)
        .fails(NOT_FOUND)
}

pub(super) fn stand(id: &str, summary: &'static str) -> Operation {
    tokens(id, summary, scopes::TOKENS_WRITE)
        .body(&wire::REASON)
        .answers::<ShownRecord<'_>>(200, "The record.")
        .tagged()
        .fails(CHANGES)
        .fails(NOT_FOUND)
}

pub(super) fn rotate() -> Operation {
    tokens("rotateToken", "Rotate a token", scopes::TOKENS_WRITE)
        .about("A new credential for the same record. The old one is accepted until the grace ends.")
        .body(&wire::ROTATE)
        .answers::<routes::ShownToken<'_>>(200, "The record, and the new token.")
        .tagged()
        .fails(CHANGES)
        .fails(NOT_FOUND)
        .fails(TOO_LARGE)
        .fails(REVOKED)
        .fails(IN_GRACE)
}

pub(super) fn reveal() -> Operation {
    tokens("revealToken", "Show a token again", scopes::TOKENS_REVEAL)
        .about("Where that is allowed.")
        .body(&wire::NOTHING)
        .answers::<routes::Revealed<'_>>(200, "The token.")
        .fails(CHANGES)
        .fails(NOT_FOUND)
        .fails(TOO_LARGE)
        .fails(&[(403, "reveal_not_allowed"), (409, "reveal_unavailable")])
}

pub(super) fn bulk() -> Operation {
    tokens("changeTokens", "Disable, revoke or delete many tokens", scopes::TOKENS_WRITE)
        .about("Each for itself: the answer says what came of each.")
        .body(&wire::BULK)
        .answers::<routes::BulkResults>(200, "What came of each.")
        .fails(CHANGES)
}

pub(super) fn own(id: &str, summary: &'static str) -> Operation {
    Operation::new("own", id, summary, Who::AccessToken)
        .about("Without any scope.")
        .answers::<ShownRecord<'_>>(200, "The record.")
        .tagged()
        .fails(BEARER)
        .fails(NOT_FOUND)
}

pub(super) fn rotate_own() -> Operation {
    Operation::new("own", "rotateOwnToken", "Rotate the token that is sent", Who::ApiToken)
        .about("The bearer is the API token itself. Without `grace_seconds` the old one is accepted for an hour.")
        .body(&wire::ROTATE_OWN)
        .answers::<routes::ShownToken<'_>>(200, "The record, and the new token.")
        .tagged()
        .fails(BEARER)
        .fails(NOT_FOUND)
        .fails(REVOKED)
        .fails(IN_GRACE)
        .fails(&[(409, "token_too_large"), (403, "subject_denied")])
}
