//! What each path does, for the document.

use jeton::rights::scopes;
use serde_json::json;

use super::{
    failures::{BEARER, CHANGES, Failures, MANAGED, NOT_FOUND, STALE, header},
    operation::{Operation, Who},
};
use crate::{
    Endpoint, WellKnown,
    routes::{self, EXPIRATION},
    wire::{self, Shape, ShownRecord},
};

const REVOKED: Failures = &[(409, "token_revoked")];
const RENAMED: Failures = &[(409, "name_taken")];
const TOO_MANY: Failures = &[(409, "too_many_tokens")];
const EXTENDED: Failures = &[(409, "rotate_to_extend")];
const IN_GRACE: Failures = &[(409, "rotation_in_progress")];
const TOO_LARGE: Failures = &[(409, "token_too_large")];
const KEPT_BY_HOST: Failures = &[(409, "keys_not_managed")];

/// What the token endpoint can refuse with.
const NO_TOKEN: Failures = &[
    (400, "invalid_request"),
    (400, "invalid_scope"),
    (400, "invalid_target"),
    (400, "unsupported_grant_type"),
    (401, "invalid_client"),
    (429, "temporarily_unavailable"),
    (503, "temporarily_unavailable"),
];

/// What the other OAuth endpoints can refuse with.
const NO_ANSWER: Failures = &[
    (400, "invalid_request"),
    (401, "invalid_client"),
    (401, "invalid_token"),
    (403, "access_denied"),
    (429, "temporarily_unavailable"),
    (503, "temporarily_unavailable"),
];

impl Endpoint {
    /// What that method does there.
    pub(super) fn operation(self, method: &str) -> Operation {
        if let Some(all) = self.for_all() {
            let own = all.operation(method).of_own();
            // Where a user has one token, to generate another one is to rotate it.
            return if self == Self::MyTokens && method == "POST" { own.fails(IN_GRACE) } else { own };
        }
        let operation = match (self, method) {
            (Self::Exchange, _) => exchange(),
            (Self::Tokens, "POST") => generate(),
            (Self::Tokens, _) => list(),
            (Self::Bulk, _) => bulk(),
            (Self::Token, "PATCH") => edit(),
            (Self::Token, "DELETE") => delete(),
            (Self::Token, _) => find(),
            (Self::Own, _) => own("getOwnToken", "The token behind the caller"),
            (Self::RevokeOwn, _) => {
                own("revokeOwnToken", "Revoke the token behind the caller").body(&wire::REASON)
            }
            (Self::RotateOwn, _) => rotate_own(),
            (Self::Disable, _) => stand("disableToken", "Disable a token").fails(REVOKED),
            (Self::Enable, _) => {
                stand("enableToken", "Enable a token").fails(REVOKED).fails(TOO_LARGE).fails(TOO_MANY)
            }
            (Self::Revoke, _) => {
                stand("revokeToken", "Revoke a token").about("For ever. To do it again changes nothing.")
            }
            (Self::Rotate, _) => rotate(),
            (Self::CancelRotation, _) => stand("cancelTokenRotation", "Cancel a rotation")
                .about("The new credential dies, the old one goes on: before the new one was used.")
                .fails(&[(409, "rotation_not_cancellable"), (409, "token_revoked")])
                .fails(TOO_LARGE),
            (Self::Reveal, _) => reveal(),
            (Self::Audiences, _) => audiences(),
            (Self::Audience, "PUT") => put_audience(),
            (Self::Audience, _) => audience(),
            (Self::Audit, _) => audit(),
            (Self::Keys, _) => keys(),
            (Self::RotateKeys, _) => rotate_keys(),
            (Self::RetireKey, _) => retire_key(),
            (Self::OauthToken, _) => token_endpoint(),
            (Self::Introspect, _) => introspection(),
            (Self::OauthRevoke, _) => revocation(),
            (Self::Jwks, _) => jwks(),
            _ => openapi(),
        };
        match self.parameter() {
            Some(name) => operation.at(name),
            None => operation,
        }
    }
}

impl WellKnown {
    /// What stands there.
    pub(super) fn operation(self) -> Operation {
        let document = |id, summary| Operation::new("documents", id, summary, Who::Anybody);
        match self {
            Self::AuthorizationServer => document("getIssuer", "The metadata of the issuer")
                .about("RFC 8414.")
                .answers_as(200, "The metadata.", "application/json", routes::Issuer::schema())
                .cacheable(),
            Self::ProtectedResource => document("getResource", "The metadata of the app")
                .about("RFC 9728.")
                .answers_as(200, "The metadata.", "application/json", routes::Resource::schema())
                .cacheable(),
        }
    }
}

fn exchange() -> Operation {
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

fn managed(tag: &'static str, id: &str, summary: &'static str, scope: &'static str) -> Operation {
    Operation::new(tag, id, summary, Who::Scope(scope)).fails(BEARER).fails(MANAGED)
}

fn tokens(id: &str, summary: &'static str, scope: &'static str) -> Operation {
    managed("tokens", id, summary, scope)
}

fn generate() -> Operation {
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

fn list() -> Operation {
    tokens("listTokens", "List tokens", scopes::TOKENS_READ)
        .about("A caller that belongs to a tenant sees those of that tenant alone.")
        .query(&wire::LIST)
        .answers::<routes::TokenPage<'_>>(200, "A page of records.")
}

fn find() -> Operation {
    tokens("getToken", "See a token", scopes::TOKENS_READ)
        .answers::<ShownRecord<'_>>(200, "The record.")
        .tagged()
        .fails(NOT_FOUND)
}

fn edit() -> Operation {
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

fn delete() -> Operation {
    tokens("deleteToken", "Delete a token", scopes::TOKENS_WRITE)
        .about("Revokes it, and takes it out of every list.")
        .fails(CHANGES)
        .fails(NOT_FOUND)
}

fn stand(id: &str, summary: &'static str) -> Operation {
    tokens(id, summary, scopes::TOKENS_WRITE)
        .body(&wire::REASON)
        .answers::<ShownRecord<'_>>(200, "The record.")
        .tagged()
        .fails(CHANGES)
        .fails(NOT_FOUND)
}

fn rotate() -> Operation {
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

fn reveal() -> Operation {
    tokens("revealToken", "Show a token again", scopes::TOKENS_REVEAL)
        .about("Where that is allowed.")
        .body(&wire::NOTHING)
        .answers::<routes::Revealed<'_>>(200, "The token.")
        .fails(CHANGES)
        .fails(NOT_FOUND)
        .fails(TOO_LARGE)
        .fails(&[(403, "reveal_not_allowed"), (409, "reveal_unavailable")])
}

fn bulk() -> Operation {
    tokens("changeTokens", "Disable, revoke or delete many tokens", scopes::TOKENS_WRITE)
        .about("Each for itself: the answer says what came of each.")
        .body(&wire::BULK)
        .answers::<routes::BulkResults>(200, "What came of each.")
        .fails(CHANGES)
}

fn own(id: &str, summary: &'static str) -> Operation {
    Operation::new("own", id, summary, Who::AccessToken)
        .about("Without any scope.")
        .answers::<ShownRecord<'_>>(200, "The record.")
        .tagged()
        .fails(BEARER)
        .fails(NOT_FOUND)
}

fn rotate_own() -> Operation {
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

fn audiences() -> Operation {
    managed("audiences", "listAudiences", "List the named audiences", scopes::TOKENS_READ)
        .answers::<routes::AudienceList<'_>>(200, "All of them.")
}

fn audience() -> Operation {
    managed("audiences", "getAudience", "See a named audience", scopes::TOKENS_READ)
        .answers::<routes::ShownAudience<'_>>(200, "Who is in it.")
        .tagged()
        .fails(NOT_FOUND)
}

fn put_audience() -> Operation {
    managed("audiences", "putAudience", "Say who is in a named audience", scopes::AUDIENCES_WRITE)
        .about("Whoever is left out is not in it. One that is not there is made.")
        .body(&wire::AUDIENCE)
        .if_match(STALE)
        .answers::<routes::ShownAudience<'_>>(200, "Who is in it.")
        .tagged()
        .fails(CHANGES)
        .fails(NOT_FOUND)
}

fn audit() -> Operation {
    managed("audit", "listAuditEntries", "Read the audit log", scopes::TOKENS_AUDIT)
        .about("Who did what to which token, the newest first.")
        .query(&wire::AUDIT)
        .answers::<routes::AuditPage<'_>>(200, "A page of entries.")
}

fn keys() -> Operation {
    managed("keys", "listKeys", "List the keys", scopes::KEYS_WRITE)
        .about("Without any private part.")
        .answers::<routes::KeyList<'_>>(200, "All of them, ring by ring, the youngest first.")
}

fn rotate_keys() -> Operation {
    managed("keys", "rotateKeys", "Make a new key", scopes::KEYS_WRITE)
        .about("One of access tokens is published first, and signs later.")
        .body(&wire::RING)
        .answers::<routes::ShownKey<'_>>(200, "The new key.")
        .fails(CHANGES)
        .fails(STALE)
        .fails(KEPT_BY_HOST)
}

fn retire_key() -> Operation {
    managed("keys", "retireKey", "Retire a key", scopes::KEYS_WRITE)
        .about("For one that others have got hold of: all that it signed is refused from now on.")
        .body(&wire::REASON)
        .answers::<routes::ShownKey<'_>>(200, "The key.")
        .fails(CHANGES)
        .fails(NOT_FOUND)
        .fails(STALE)
        .fails(KEPT_BY_HOST)
}

fn token_endpoint() -> Operation {
    let end = json!({"type": "string", "format": "date-time"});
    let pragma = json!({"type": "string", "const": "no-cache"});
    Operation::new("oauth2", "issueAccessToken", "The token endpoint", Who::Client)
        .about(
            "For a key and its secret (`client_credentials`, RFC 6749 §4.4), or for an API token (token exchange, \
             RFC 8693). A client authenticates by HTTP Basic or in the body; a token exchange needs no client.",
        )
        .form(&routes::TOKEN, NO_TOKEN)
        .answers::<routes::Issued<'_>>(200, "An access token.")
        .with("Pragma", header("For old caches.", true, pragma))
        .with(EXPIRATION.as_str(), header("The end of the API token, if it has one.", false, end))
}

fn introspection() -> Operation {
    Operation::new("oauth2", "introspectToken", "Look at a token", Who::ClientOrAccessToken)
        .about("RFC 7662. A client sees its own tokens; who holds `tokens:read`, all that it may see.")
        .form(&routes::INTROSPECTION, NO_ANSWER)
        .answers::<routes::ShownIntrospection<'_>>(200, "What is told of it.")
}

fn revocation() -> Operation {
    Operation::new("oauth2", "revokeAnyToken", "End a token", Who::ClientOrAccessToken)
        .about(
            "RFC 7009. An API token with all that came of it, or one access token alone. Whoever holds a token may end \
             it.",
        )
        .form(&routes::REVOCATION, NO_ANSWER)
        .answers::<routes::Nothing>(200, "It is ended, if it was one.")
}

fn jwks() -> Operation {
    let text = || json!({"type": "string"});
    let key = json!({
        "type": "object",
        "properties": {
            "kty": {"type": "string", "enum": ["RSA", "EC", "OKP"]},
            "kid": text(), "use": {"const": "sig"}, "alg": jeton::Algorithm::schema(),
            "n": text(), "e": text(), "crv": text(), "x": text(), "y": text(),
        },
        "required": ["kty", "kid", "use", "alg"],
        "examples": [{
            "kty": "OKP", "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "use": "sig", "alg": "EdDSA",
            "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }],
    });
    let schema = json!({
        "type": "object",
        "properties": {"keys": {"type": "array", "items": key}},
        "required": ["keys"],
    });
    Operation::new("documents", "getJwks", "The public keys of access tokens", Who::Anybody)
        .about("RFC 7517.")
        .answers_as(200, "The keys.", "application/jwk-set+json", schema)
        .cacheable()
}

fn openapi() -> Operation {
    Operation::new("documents", "getOpenapi", "This document", Who::Anybody)
        .answers_as(200, "The document.", "application/json", json!({"type": "object"}))
        .cacheable()
}
