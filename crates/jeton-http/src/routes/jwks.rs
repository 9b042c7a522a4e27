//! The published keys (RFC 7517 §5): those of access tokens, and never a symmetric one.

use jeton::PublicJwk;
use serde_json::json;

use super::{Request, condition::published};
use crate::{Answer, issuer::IssuerGate};

/// How long others may keep the keys, in seconds.
const CACHE: &str = "public, max-age=300";

pub(super) fn jwks(gate: &IssuerGate, request: &Request) -> Answer {
    let jwks = gate.authority().jwks();
    // Each name is the thumbprint of its key (RFC 7638), so that together they name the set.
    let tag = jwks.keys.iter().map(PublicJwk::kid).collect::<Vec<_>>().join(".");
    published(request, &tag, "application/jwk-set+json", CACHE, || json!(jwks).to_string().into())
}
