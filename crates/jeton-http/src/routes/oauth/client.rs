//! Client authentication (RFC 6749 §2.3): a key and its secret in the header or in the body, or an assertion by the
//! secret (RFC 7523 §2.2); one of them.

use http::header;
use jeton::{AuthenticateError, Authority, Exchange, ExchangeError, Exchanged, OriginRef, Principal};
use zeroize::Zeroizing;

use super::{
    OauthError,
    form::{Form, Parameter},
};
use crate::Request;

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The parameters by which a client authenticates in the body.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter::new("client_id"),
    Parameter::new("client_secret"),
    Parameter::new("client_assertion_type").of(&[JWT_BEARER]),
    Parameter::new("client_assertion"),
];

/// What a client authenticates with.
pub(super) enum Client {
    /// A key and its secret.
    Secret { key: String, secret: Zeroizing<String> },
    /// A JWT by the secret (RFC 7523 §2.2).
    Assertion(String),
}

/// Whether the request has an `Authorization` header: then a refusal must say how one should look.
pub(super) fn has_header(request: &Request) -> bool {
    request.headers.contains_key(header::AUTHORIZATION)
}

impl Client {
    /// The client of a request; none if it does not authenticate.
    pub(super) fn read(request: &Request, form: &Form) -> Result<Option<Self>, OauthError> {
        let two = || OauthError::invalid_request("the client authenticates in two ways");
        let id = form.one("client_id")?;
        let (secret, assertion) = (form.one("client_secret")?, Self::assertion(form)?);
        let ways = [has_header(request), secret.is_some(), assertion.is_some()];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            return Err(two());
        }
        if let Some(secret) = secret {
            let key = id.ok_or(OauthError::invalid_client())?.to_owned();
            return Ok(Some(Self::Secret { key, secret: secret.to_owned().into() }));
        }
        if !has_header(request) {
            return Ok(assertion);
        }
        let (key, secret) = basic(request).ok_or(OauthError::invalid_client())?;
        // RFC 6749 §2.3; the bare id beside the header is no second way, if it is the same.
        if id.is_some_and(|id| id != key) { Err(two()) } else { Ok(Some(Self::Secret { key, secret })) }
    }

    fn assertion(form: &Form) -> Result<Option<Self>, OauthError> {
        match (form.one("client_assertion_type")?, form.one("client_assertion")?) {
            (None, None) => Ok(None),
            (Some(JWT_BEARER), Some(assertion)) => Ok(Some(Self::Assertion(assertion.to_owned()))),
            _ => Err(OauthError::invalid_client()),
        }
    }

    /// Who it is.
    pub(super) async fn authenticate(
        &self,
        authority: &Authority,
        origin: OriginRef<'_>,
    ) -> Result<Principal, AuthenticateError> {
        match self {
            Self::Secret { key, secret } => authority.authenticate_secret(key, secret, origin).await,
            Self::Assertion(assertion) => authority.authenticate_assertion(assertion, origin).await,
        }
    }

    /// An access token for it.
    pub(super) async fn exchange(
        &self,
        authority: &Authority,
        wanted: &Exchange,
    ) -> Result<Exchanged, ExchangeError> {
        match self {
            Self::Secret { key, secret } => authority.exchange_secret(key, secret, wanted).await,
            Self::Assertion(assertion) => authority.exchange_assertion(assertion, wanted).await,
        }
    }
}

/// HTTP Basic, with both parts form-encoded first (RFC 6749 §2.3.1).
fn basic(request: &Request) -> Option<(String, Zeroizing<String>)> {
    let mut values = request.headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let text = String::from_utf8(decoded(encoded.trim())?).ok().map(Zeroizing::new)?;
    let (key, secret) = text.split_once(':')?;
    Some((form_decoded(key), form_decoded(secret).into()))
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

fn form_decoded(text: &str) -> String {
    // A name without a value: what the encoding is made for.
    form_urlencoded::parse(text.replace('=', "%3D").replace('&', "%26").as_bytes())
        .next()
        .map_or_else(String::new, |(text, _)| text.into_owned())
}
