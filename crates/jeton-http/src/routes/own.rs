//! `/tokens/self`: the token behind the caller, without any scope.

use std::time::Duration;

use http::StatusCode;

use super::{Endpoint, Failure, Request, condition::tagged, tokens::shown};
use crate::{Answer, Refusal, issuer::IssuerGate, session::principal, wire};

/// How long the old token is accepted too when a token rotates itself, unless told otherwise.
const GRACE: Duration = Duration::from_secs(3600);

pub(super) async fn respond(
    gate: &IssuerGate,
    endpoint: Endpoint,
    request: &Request,
) -> Result<Answer, Failure> {
    let authority = gate.authority();
    let principal = principal(gate, request)?.ok_or(Refusal::NoCredentials)?;
    let record = if endpoint == Endpoint::RevokeOwn {
        let reason = wire::REASON.read(&request.headers, &request.body)?;
        authority.revoke_self(&principal, gate.origin(request).into(), reason).await?
    } else {
        authority.find_self(&principal).await?
    };
    Ok(tagged(StatusCode::OK, &wire::record(authority, &record), record.version))
}

/// The bearer is the API token itself: an access token that was stolen must not become a token that stays.
pub(super) async fn rotate(gate: &IssuerGate, request: &Request) -> Result<Answer, Failure> {
    let token = gate.bearer(request)?.ok_or(Refusal::NoCredentials)?;
    let grace = wire::ROTATE_OWN.read(&request.headers, &request.body)?.unwrap_or(GRACE);
    let rotated = gate.authority().rotate_self(token, grace, &gate.origin(request).into()).await?;
    Ok(shown(gate.authority(), StatusCode::OK, &rotated))
}
