//! `/oauth2/token`: an access token for a key and its secret (RFC 6749 §4.4), or for an API token (RFC 8693).

use http::{HeaderValue, StatusCode, header};
use jeton::{Exchange, Exchanged};
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
    routes::exchange::tell_expiration,
    wire::{Maybe, object},
};

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// RFC 6749 §4.4.2, RFC 8693 §2.1.
pub(crate) const TOKEN: Parameters = Parameters {
    component: "TokenRequest",
    own: &[
        Parameter::new("grant_type").needed().of(&["client_credentials", TOKEN_EXCHANGE]),
        Parameter::new("scope"),
        Parameter::new("audience").repeated(),
        Parameter::new("resource").repeated(),
        Parameter::new("subject_token"),
        Parameter::new("subject_token_type").of(&[JWT, ACCESS_TOKEN]),
        Parameter::new("requested_token_type").of(&[ACCESS_TOKEN, JWT]),
        Parameter::new("actor_token"),
        Parameter::new("actor_token_type"),
    ],
    example: || json!({"grant_type": "client_credentials", "scope": "reports:read"}),
};

object! {
    /// RFC 6749 §5.1, RFC 8693 §2.2.1.
    Issued<'a> as "OauthAccessToken" {
        access_token: &'a str,
        token_type: &'a str,
        expires_in: u64,
        scope: String,
        issued_token_type: Maybe<&'a str>,
    }
}

pub(super) async fn respond(gate: &IssuerGate, request: &Request) -> Result<Answer, OauthError> {
    let form = Form::read(&TOKEN, &request.headers, &request.body)?;
    let answer = match form.needed("grant_type")? {
        "client_credentials" => client_credentials(gate, request, &form).await,
        TOKEN_EXCHANGE => token_exchange(gate, request, &form).await,
        _ => Err(OauthError::new(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "the grant type must be client_credentials or token exchange",
        )),
    };
    answer.map_err(|error| error.challenging(client::has_header(request)))
}

async fn client_credentials(gate: &IssuerGate, request: &Request, form: &Form) -> Result<Answer, OauthError> {
    let client = Client::read(request, form)?.ok_or(OauthError::invalid_client())?;
    let wanted = wanted(gate, request, form)?;
    let exchanged = client.exchange(gate.authority(), &wanted).await;
    let exchanged =
        exchanged.map_err(|error| OauthError::from_exchange(error, OauthError::invalid_client()))?;
    Ok(issued(&exchanged, None))
}

/// RFC 8693 §2.1. The subject token is the API token; whoever holds it needs no other proof, and whoever says besides
/// which client it is must prove it (RFC 6749 §3.2.1).
async fn token_exchange(gate: &IssuerGate, request: &Request, form: &Form) -> Result<Answer, OauthError> {
    if let Some(client) = Client::read(request, form)? {
        let client = client.authenticate(gate.authority(), gate.origin(request)).await;
        client.map_err(OauthError::from_client)?;
    }
    let token = form.needed("subject_token")?;
    if ![JWT, ACCESS_TOKEN].contains(&form.needed("subject_token_type")?) {
        return Err(OauthError::invalid_request("the subject token must be a JWT"));
    }
    if form.one("actor_token")?.is_some() || form.one("actor_token_type")?.is_some() {
        return Err(OauthError::invalid_request("there is no delegation here"));
    }
    if form.one("requested_token_type")?.is_some_and(|wanted| ![ACCESS_TOKEN, JWT].contains(&wanted)) {
        return Err(OauthError::invalid_request("access tokens are issued here, and nothing else"));
    }
    let wanted = wanted(gate, request, form)?;
    let exchanged = gate.authority().exchange(token, &wanted).await;
    // RFC 8693 §2.2.2: not invalid_grant.
    let rejected = OauthError::invalid_request("the subject token is not accepted");
    let exchanged = exchanged.map_err(|error| OauthError::from_exchange(error, rejected))?;
    Ok(issued(&exchanged, Some(ACCESS_TOKEN)))
}

/// The narrower rights that are asked for. An audience may be named by `audience` and by `resource` (RFC 8707), and
/// more than once: it must come to one.
fn wanted(gate: &IssuerGate, request: &Request, form: &Form) -> Result<Exchange, OauthError> {
    let mut targets = form.many("audience").iter().chain(form.many("resource"));
    let audience = targets.next().cloned();
    if targets.any(|target| Some(target) != audience.as_ref()) {
        return Err(OauthError::invalid_target());
    }
    let origin = gate.origin(request).into();
    let wanted = Exchange { audience, origin, ..Exchange::default() };
    let scope = form.one("scope")?.unwrap_or_default();
    let wrong =
        |_| OauthError::new(StatusCode::BAD_REQUEST, "invalid_scope", "a scope is not held, or is none");
    wanted.with_scope_parameter(scope).map_err(wrong)
}

fn issued(exchanged: &Exchanged, issued_token_type: Option<&str>) -> Answer {
    let body = Issued {
        access_token: exchanged.access_token.expose(),
        token_type: "Bearer",
        expires_in: exchanged.expires_in.as_secs(),
        scope: exchanged.scope(),
        issued_token_type: Maybe(issued_token_type),
    };
    let mut answer = json_answer(StatusCode::OK, &body);
    answer.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    tell_expiration(&mut answer, exchanged);
    answer
}
