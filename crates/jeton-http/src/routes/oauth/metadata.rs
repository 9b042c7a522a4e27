//! What others can find out about the issuer (RFC 8414) and about the app that it protects (RFC 9728).

use http::{HeaderValue, StatusCode, header};
use jeton::Authority;

use crate::{Answer, problem::json_answer, wire::object};

object! {
    /// RFC 8414 §2.
    Issuer<'a> as "AuthorizationServerMetadata" {
        issuer: &'a str,
        token_endpoint: String,
        token_endpoint_auth_methods_supported: &'a [&'a str],
        token_endpoint_auth_signing_alg_values_supported: &'a [&'a str],
        introspection_endpoint: String,
        introspection_endpoint_auth_methods_supported: &'a [&'a str],
        introspection_endpoint_auth_signing_alg_values_supported: &'a [&'a str],
        revocation_endpoint: String,
        revocation_endpoint_auth_methods_supported: &'a [&'a str],
        revocation_endpoint_auth_signing_alg_values_supported: &'a [&'a str],
        jwks_uri: String,
        grant_types_supported: &'a [&'a str],
        response_types_supported: &'a [&'a str],
    }
}

object! {
    /// RFC 9728 §2.
    Resource<'a> as "ProtectedResourceMetadata" {
        resource: &'a str,
        authorization_servers: Vec<&'a str>,
        bearer_methods_supported: &'a [&'a str],
    }
}

/// How long others may keep it, in seconds.
const CACHE: &str = "public, max-age=300";

/// A document at the origin of the app, where the RFCs fix the place. It is mounted beside the routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WellKnown {
    /// The metadata of the issuer (RFC 8414 §3).
    AuthorizationServer,
    /// The metadata of the app (RFC 9728 §3).
    ProtectedResource,
}

impl WellKnown {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::AuthorizationServer, Self::ProtectedResource];

    /// Its path: the well-known part comes between the host and the path of what it is about (RFC 8414 §3.1).
    pub(crate) fn path(self, issuer: &str, resource: &str) -> String {
        let (name, about) = match self {
            Self::AuthorizationServer => ("oauth-authorization-server", issuer),
            Self::ProtectedResource => ("oauth-protected-resource", resource),
        };
        format!("/.well-known/{name}{}", path_of(about))
    }

    pub(crate) fn answer(self, authority: &Authority) -> Answer {
        let mut answer = match self {
            Self::AuthorizationServer => json_answer(StatusCode::OK, &issuer(authority)),
            Self::ProtectedResource => json_answer(StatusCode::OK, &resource(authority)),
        };
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE));
        answer
    }
}

fn issuer(authority: &Authority) -> Issuer<'_> {
    let issuer = authority.issuer();
    Issuer {
        issuer,
        token_endpoint: format!("{issuer}/oauth2/token"),
        token_endpoint_auth_methods_supported: &[
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
            "none",
        ],
        token_endpoint_auth_signing_alg_values_supported: &["HS256"],
        introspection_endpoint: format!("{issuer}/oauth2/introspect"),
        introspection_endpoint_auth_methods_supported: &[
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
        ],
        introspection_endpoint_auth_signing_alg_values_supported: &["HS256"],
        revocation_endpoint: format!("{issuer}/oauth2/revoke"),
        revocation_endpoint_auth_methods_supported: &[
            "none",
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
        ],
        revocation_endpoint_auth_signing_alg_values_supported: &["HS256"],
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        grant_types_supported: &["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"],
        // It must be there, and an empty list must not (RFC 8414 §2, §3.2): no endpoint gives out anything this way.
        response_types_supported: &["none"],
    }
}

fn resource(authority: &Authority) -> Resource<'_> {
    Resource {
        resource: authority.default_audience(),
        authorization_servers: vec![authority.issuer()],
        bearer_methods_supported: &["header"],
    }
}

/// The path of a URL, without a slash at its end; nothing of what is no URL.
pub(crate) fn path_of(url: &str) -> &str {
    let Some(host) = url.find("://").map(|at| at + 3) else { return "" };
    url[host..].find('/').map_or("", |at| url[host + at..].trim_end_matches('/'))
}
