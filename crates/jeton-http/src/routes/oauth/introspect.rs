//! `/oauth2/introspect` (RFC 7662) and `/oauth2/revoke` (RFC 7009).

use http::StatusCode;
use jeton::{Caller, Introspection, NameList, Origin, TokenKind};
use serde_json::json;

use super::{
    OauthError,
    client::{self, Client},
    form::{Form, Parameter, Parameters},
};
use crate::{
    Answer, Request,
    issuer::IssuerGate,
    problem::json_answer,
    session::principal,
    wire::{Maybe, object},
};

/// Of an introspection (RFC 7662 §2.1).
pub(crate) const INTROSPECTION: Parameters = Parameters {
    component: "IntrospectionRequest",
    own: TOKEN_AND_HINT,
    example: || json!({"token": "eyJ0eXAiOiJhdCtqd3Qi…"}),
};

/// Of a revocation (RFC 7009 §2.1).
pub(crate) const REVOCATION: Parameters = Parameters {
    component: "RevocationRequest",
    own: TOKEN_AND_HINT,
    example: || json!({"token": "eyJ0eXAiOiJhdCtqd3Qi…", "token_type_hint": "access_token"}),
};

const TOKEN_AND_HINT: &[Parameter] = &[Parameter::new("token").needed(), Parameter::new("token_type_hint")];

object! {
    /// What is told of a token (RFC 7662 §2.2); of one that is not active, nothing more. The names of rights are those of
    /// the access token itself.
    ShownIntrospection<'a> as "Introspection" {
        active: bool,
        iss: Maybe<&'a str>,
        sub: Maybe<String>,
        aud: Maybe<NameList<'a>>,
        client_id: Maybe<String>,
        jti: Maybe<&'a str>,
        iat: Maybe<i64>,
        exp: Maybe<i64>,
        scope: Maybe<String>,
        roles: Maybe<NameList<'a>>,
        groups: Maybe<NameList<'a>>,
        tenant: Maybe<&'a str>,
        token_type: Maybe<&'a str>,
    }
}

object! {
    /// Of a revocation nothing is told.
    Nothing as "Nothing" {}
}

pub(super) async fn introspect(gate: &IssuerGate, request: &Request) -> Result<Answer, OauthError> {
    let form = Form::read(&INTROSPECTION, &request.headers, &request.body)?;
    let caller = caller(gate, request, &form).await?.ok_or(OauthError::no_client())?;
    let found = gate.authority().introspect(&caller, form.needed("token")?).await;
    let found = found.map_err(|cause| OauthError::unavailable(&cause))?;
    Ok(match found {
        Some(found) => json_answer(StatusCode::OK, &show(gate, &found)),
        None => json_answer(StatusCode::OK, &INACTIVE),
    })
}

/// Whoever holds a token may end it; who says besides who it is must prove it.
pub(super) async fn revoke(gate: &IssuerGate, request: &Request) -> Result<Answer, OauthError> {
    let form = Form::read(&REVOCATION, &request.headers, &request.body)?;
    caller(gate, request, &form).await?;
    let origin = Origin::from(gate.origin(request));
    // A hint is no more than that (RFC 7009 §2.1): a token shows its kind itself.
    let ended = gate.authority().revoke_token(form.needed("token")?, &origin).await;
    ended.map_err(|cause| OauthError::unavailable(&cause))?;
    Ok(json_answer(StatusCode::OK, &Nothing {}))
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

const INACTIVE: ShownIntrospection<'static> = ShownIntrospection {
    active: false,
    iss: Maybe(None),
    sub: Maybe(None),
    aud: Maybe(None),
    client_id: Maybe(None),
    jti: Maybe(None),
    iat: Maybe(None),
    exp: Maybe(None),
    scope: Maybe(None),
    roles: Maybe(None),
    groups: Maybe(None),
    tenant: Maybe(None),
    token_type: Maybe(None),
};

fn show<'a>(gate: &'a IssuerGate, found: &'a Introspection) -> ShownIntrospection<'a> {
    let principal = &found.principal;
    let client_id = principal.token_id().to_string();
    let scopes: Vec<_> = principal.scopes().iter().collect();
    ShownIntrospection {
        active: true,
        iss: Maybe(Some(gate.authority().issuer())),
        sub: Maybe(Some(principal.subject().unwrap_or(&client_id).to_owned())),
        aud: Maybe(Some(principal.audiences())),
        jti: Maybe(Some(principal.jti())),
        iat: Maybe(Some(found.issued_at.unix_seconds())),
        exp: Maybe(principal.expires_at().map(|end| end.unix_seconds())),
        scope: Maybe(Some(scopes.join(" "))),
        roles: Maybe(Some(principal.roles())),
        groups: Maybe(Some(principal.groups())),
        tenant: Maybe(principal.tenant()),
        // What a resource takes as a bearer; an API token is one at the exchange.
        token_type: Maybe(Some(if principal.kind() == TokenKind::AccessToken { "Bearer" } else { "N_A" })),
        client_id: Maybe(Some(client_id)),
    }
}
