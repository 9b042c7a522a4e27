//! `POST /exchange`: an API token for an access token.

use http::{HeaderName, HeaderValue, StatusCode};
use jeton::{Exchange, Exchanged, Origin, RecordId, Timestamp};

use super::{Failure, Request};
use crate::{
    Answer, Problem, Refusal,
    issuer::IssuerGate,
    problem::json_answer,
    wire::{self, object},
};

object! {
    /// An access token.
    ShownAccessToken<'a> as "AccessToken" {
        access_token: &'a str,
        token_type: &'a str,
        expires_in: u64,
        expires_at: Timestamp,
        scope: String,
        token_id: RecordId,
    }
}

/// The end of the API token, as an RFC 3339 time; left out if it has none.
pub(crate) const EXPIRATION: HeaderName = HeaderName::from_static("api-token-expiration");

pub(super) async fn exchange(gate: &IssuerGate, request: &Request) -> Result<Answer, Failure> {
    let authority = gate.authority();
    let presented = presented(gate, request)?;
    let wanted = wanted(request, gate.origin(request).into())?;
    let exchanged = match presented {
        Presented::Token(token) => authority.exchange(token, &wanted).await?,
        Presented::Signature(signature) => authority.exchange_signature(signature, &wanted).await?,
    };
    let body = ShownAccessToken {
        access_token: exchanged.access_token.expose(),
        token_type: "Bearer",
        expires_in: exchanged.expires_in.as_secs(),
        expires_at: exchanged.expires_at,
        scope: exchanged.scope(),
        token_id: exchanged.token_id,
    };
    let mut answer = json_answer(StatusCode::OK, &body);
    tell_expiration(&mut answer, &exchanged);
    Ok(answer)
}

/// The narrower rights that are asked for.
fn wanted(request: &Request, origin: Origin) -> Result<Exchange, Problem> {
    let wanted = wire::EXCHANGE.read(&request.headers, &request.body)?;
    let exchange = Exchange { audience: wanted.audience, origin, ..Exchange::default() };
    exchange.with_scope_parameter(&wanted.scope).map_err(|error| Problem::fields(vec![error]))
}

/// What stands for the API token.
enum Presented<'a> {
    Token(&'a str),
    Signature(&'a str),
}

fn presented<'a>(gate: &IssuerGate, request: &'a Request) -> Result<Presented<'a>, Refusal> {
    let bearer = gate.bearer(request)?;
    let mut signatures =
        gate.signature_header_of().into_iter().flat_map(|name| request.headers.get_all(name));
    match (bearer, signatures.next(), signatures.next()) {
        (Some(token), None, _) => Ok(Presented::Token(token)),
        (None, Some(signature), None) => {
            signature.to_str().map(Presented::Signature).map_err(|_| Refusal::Malformed)
        }
        (None, None, _) => Err(Refusal::NoCredentials),
        // Two at once (RFC 6750 §3.1).
        _ => Err(Refusal::Malformed),
    }
}

/// Tells the holder, at each exchange, when what it holds ends.
pub(super) fn tell_expiration(answer: &mut Answer, exchanged: &Exchanged) {
    let end = exchanged.api_token_expires_at.and_then(|end| HeaderValue::try_from(end.to_string()).ok());
    if let Some(end) = end {
        answer.headers_mut().insert(EXPIRATION, end);
    }
}
