//! The OAuth endpoints, and the documents that everybody may read.

use serde_json::json;

use super::super::{
    failures::{Failures, header},
    operation::{Operation, Who},
};
use crate::{
    routes::{self, EXPIRATION},
    wire::Shape as _,
};

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

pub(super) fn token_endpoint() -> Operation {
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

pub(super) fn introspection() -> Operation {
    Operation::new("oauth2", "introspectToken", "Look at a token", Who::ClientOrAccessToken)
        .about("RFC 7662. A client sees its own tokens; who holds `tokens:read`, all that it may see.")
        .form(&routes::INTROSPECTION, NO_ANSWER)
        .answers::<routes::ShownIntrospection<'_>>(200, "What is told of it.")
}

pub(super) fn revocation() -> Operation {
    Operation::new("oauth2", "revokeAnyToken", "End a token", Who::ClientOrAccessToken)
        .about(
            "RFC 7009. An API token with all that came of it, or one access token alone. Whoever holds a token may end \
             it.",
        )
        .form(&routes::REVOCATION, NO_ANSWER)
        .answers::<routes::Nothing>(200, "It is ended, if it was one.")
}

pub(super) fn jwks() -> Operation {
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
        .published()
}

pub(super) fn cut_offs() -> Operation {
    let example = "eyJ0eXAiOiJjdXQtb2Zmcytqd3QifQ.eyJpc3MiOiJodHRwcyJ9.c2lnbmF0dXJl";
    let schema = json!({"type": "string", "examples": [example]});
    Operation::new("documents", "getCutOffs", "What was ended, for verifiers elsewhere", Who::Anybody)
        .about("A JWT, signed by a key of access tokens.")
        .answers_as(200, "The cut-offs.", "application/jwt", schema)
        .published()
        .fails(&[(503, "unavailable")])
}

pub(super) fn openapi() -> Operation {
    Operation::new("documents", "getOpenapi", "This document", Who::Anybody)
        .answers_as(200, "The document.", "application/json", json!({"type": "object"}))
        .published()
}
