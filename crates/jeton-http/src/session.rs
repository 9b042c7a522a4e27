//! Who makes a management call: the bearer of an access token, or a user with a session of the host app.
//!
//! A session travels in a cookie, which a browser sends along whoever wrote the page. So whatever changes something
//! must show that a page of the app itself asked for it.

use http::Method;
use jeton::{Caller, Origin, Principal};

use crate::{Head as _, Problem, Refusal, Request, issuer::IssuerGate, routes::Failure};

/// A user whom the host app knows by a session of its own. The host's session middleware puts it into the
/// extensions of a request; the routes of jeton take it where there is no bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSession {
    /// The user, as the directory knows it.
    pub subject: String,
    /// The tenant that the user works in.
    pub tenant: Option<String>,
}

/// The principal of an access token; none without credentials.
pub(crate) fn principal(gate: &IssuerGate, request: &Request) -> Result<Option<Principal>, Refusal> {
    let Some(token) = gate.bearer(request)? else { return Ok(None) };
    Ok(Some(gate.authority().authenticate_from(token, gate.origin(request))?))
}

/// A bearer wins over a session, and a bad bearer never falls back to it.
pub(crate) async fn caller(gate: &IssuerGate, request: &Request) -> Result<Caller, Failure> {
    let origin = Origin::from(gate.origin(request));
    if let Some(principal) = principal(gate, request)? {
        return Ok(Caller::from(principal).from_origin(origin));
    }
    let session = request.session.as_ref().ok_or(Refusal::NoCredentials)?;
    let safe = [Method::GET, Method::HEAD].contains(&request.method);
    if !safe && !comes_from_the_app(gate, request) {
        let detail = "a session may change things only from a page of the app itself";
        return Err(Problem::new(http::StatusCode::FORBIDDEN, "cross_site", detail).into());
    }
    let caller = gate.authority().caller_of_session(&session.subject, session.tenant.as_deref()).await;
    Ok(caller?.from_origin(origin))
}

/// `Sec-Fetch-Site: same-origin`, which no page can forge, or else an `Origin` that is allowed.
fn comes_from_the_app(gate: &IssuerGate, request: &Request) -> bool {
    let single = |name| {
        let mut values = request.header(name);
        values.next().filter(|_| values.next().is_none())
    };
    let issuer = gate.authority().issuer();
    single("sec-fetch-site") == Some(b"same-origin".as_slice())
        || single("origin")
            .is_some_and(|origin| origin == origin_of(issuer).as_bytes() || gate.allows_origin(origin))
}

/// Scheme, host and port of a URL.
fn origin_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find('/').map_or(url, |at| &url[..host + at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_path() {
        assert_eq!(origin_of("https://a.example:8443/auth/x"), "https://a.example:8443");
        assert_eq!(origin_of("http://a.example"), "http://a.example");
    }
}
