//! `/oauth2/introspect` (RFC 7662) and `/oauth2/revoke` (RFC 7009).

use http::StatusCode;
use jeton::{Caller, Introspection, Origin, TokenKind};
use serde_json::{Value, json};

use super::{
    OauthError,
    client::{self, Client},
    form::Form,
};
use crate::{Answer, Request, issuer::IssuerGate, problem::json_answer, session::principal};

pub(super) async fn introspect(gate: &IssuerGate, request: &Request) -> Result<Answer, OauthError> {
    let form = Form::read(&request.headers, &request.body)?;
    let caller = caller(gate, request, &form).await?.ok_or(OauthError::no_client())?;
    let found = gate.authority().introspect(&caller, form.needed("token")?).await;
    let found = found.map_err(|cause| OauthError::unavailable(&cause))?;
    let body = found.map_or_else(|| json!({"active": false}), |found| show(gate, &found));
    Ok(json_answer(StatusCode::OK, &body))
}

/// Whoever holds a token may end it; who says besides who it is must prove it.
pub(super) async fn revoke(gate: &IssuerGate, request: &Request) -> Result<Answer, OauthError> {
    let form = Form::read(&request.headers, &request.body)?;
    caller(gate, request, &form).await?;
    let origin = Origin::from(gate.origin(request));
    // A hint is no more than that (RFC 7009 §2.1): a token shows its kind itself.
    let ended = gate.authority().revoke_token(form.needed("token")?, &origin).await;
    ended.map_err(|cause| OauthError::unavailable(&cause))?;
    Ok(json_answer(StatusCode::OK, &json!({})))
}

/// The bearer of an access token, or an OAuth client; none without credentials.
async fn caller(gate: &IssuerGate, request: &Request, form: &Form) -> Result<Option<Caller>, OauthError> {
    let origin = gate.origin(request);
    let bearer =
        principal(gate, request).map_err(|refusal| OauthError::from_refusal(&refusal, gate.realm_of()))?;
    let found = match bearer {
        Some(principal) => Some(principal),
        None => match Client::read(request, form)? {
            None => None,
            Some(client) => {
                let answer = client.authenticate(gate.authority(), origin).await;
                let has_header = client::has_header(request);
                Some(answer.map_err(|error| OauthError::from_client(error).challenging(has_header))?)
            }
        },
    };
    Ok(found.map(|principal| Caller::from(principal).from_origin(origin.into())))
}

/// RFC 7662 §2.2; the names of rights are those of the access token itself.
fn show(gate: &IssuerGate, found: &Introspection) -> Value {
    let principal = &found.principal;
    let client_id = principal.token_id().to_string();
    let scopes: Vec<_> = principal.scopes().iter().map(String::as_str).collect();
    let mut body = json!({
        "active": true,
        "iss": gate.authority().issuer(),
        "sub": principal.subject().unwrap_or(&client_id),
        "aud": principal.audiences(),
        "client_id": client_id,
        "jti": principal.jti(),
        "iat": found.issued_at.unix_seconds(),
        "scope": scopes.join(" "),
        "roles": principal.roles(),
        "groups": principal.groups(),
        // What a resource takes as a bearer; an API token is one at the exchange.
        "token_type": if principal.kind() == TokenKind::AccessToken { "Bearer" } else { "N_A" },
    });
    if let Some(end) = principal.expires_at() {
        body["exp"] = json!(end.unix_seconds());
    }
    if let Some(tenant) = principal.tenant() {
        body["tenant"] = json!(tenant);
    }
    body
}
