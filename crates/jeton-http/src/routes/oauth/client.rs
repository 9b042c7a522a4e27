//! Client authentication (RFC 6749 §2.3): a key and its secret, in the header or in the body, never both.

use http::header;

use super::{OauthError, form::Form};
use crate::Request;

/// What a client authenticates with.
pub(super) struct Client {
    pub(super) key: String,
    pub(super) secret: zeroize::Zeroizing<String>,
}

/// Whether the request has an `Authorization` header: then a refusal must say how one should look.
pub(super) fn has_header(request: &Request) -> bool {
    request.headers.contains_key(header::AUTHORIZATION)
}

impl Client {
    /// The client of a request; none if it does not authenticate.
    pub(super) fn read(request: &Request, form: &Form) -> Result<Option<Self>, OauthError> {
        let (id, secret) = (form.one("client_id")?, form.one("client_secret")?);
        if !has_header(request) {
            let Some(secret) = secret else { return Ok(None) };
            let key = id.ok_or(OauthError::invalid_client())?.to_owned();
            return Ok(Some(Self { key, secret: secret.to_owned().into() }));
        }
        let client = Self::basic(request).ok_or(OauthError::invalid_client())?;
        // Two ways at once (RFC 6749 §2.3); the bare id beside the header is none, if it is the same.
        if secret.is_some() || id.is_some_and(|id| id != client.key) {
            return Err(OauthError::invalid_request("the client authenticates in two ways"));
        }
        Ok(Some(client))
    }

    /// HTTP Basic, with both parts form-encoded first (RFC 6749 §2.3.1).
    fn basic(request: &Request) -> Option<Self> {
        let mut values = request.headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next().filter(|_| values.next().is_none())?;
        let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let text = String::from_utf8(decoded(encoded.trim())?).ok().map(zeroize::Zeroizing::new)?;
        let (key, secret) = text.split_once(':')?;
        Some(Self { key: form_decoded(key), secret: form_decoded(secret).into() })
    }
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
