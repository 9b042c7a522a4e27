//! The routes, written once. An adapter registers [`Endpoint::ALL`] path by path and hands each request over.

/// A list: its items, and where the next page begins.
macro_rules! list {
    ($(#[$meta:meta])* $name:ident<$life:lifetime> as $component:literal of $item:ty) => {
        $crate::wire::object! {
            $(#[$meta])*
            $name<$life> as $component {
                items: Vec<$item>,
                next_cursor: Option<String>,
            }
        }
    };
}

mod audiences;
mod audit;
mod bulk;
mod condition;
mod cut_offs;
mod endpoint;
mod exchange;
mod failure;
mod jwks;
mod keys;
mod oauth;
mod openapi;
mod own;
mod tokens;

use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;

use http::{HeaderMap, Method};

pub(crate) use audiences::{AudienceList, ShownAudience};
pub(crate) use audit::AuditPage;
pub(crate) use bulk::{BulkResult, BulkResults};
pub use endpoint::Endpoint;
pub(crate) use exchange::{EXPIRATION, ShownAccessToken};
pub(crate) use failure::Failure;
pub(crate) use keys::{KeyList, ShownKey};
pub use oauth::WellKnown;
pub(crate) use oauth::{
    INTROSPECTION, Issued, Issuer, Nothing, Parameters, REVOCATION, Resource, ShownIntrospection,
    ShownOauthError, TOKEN, path_of,
};
pub(crate) use tokens::{Revealed, ShownToken, TokenPage};

use crate::{Answer, Body, Gate, Head, HostSession, Problem, issuer::IssuerGate, method_not_allowed};

/// A request, with its body in memory. `Debug` shows neither headers nor body: there are tokens in them.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The query, as it was sent.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// What stands in the place of the [`parameter`](Endpoint::parameter) of the path.
    pub parameter: Option<String>,
    /// The address of the other end of the connection.
    pub peer: Option<IpAddr>,
    /// The user whom the host app knows by a session of its own.
    pub session: Option<HostSession>,
    /// The body.
    pub body: Body,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("parameter", &self.parameter)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl Head for Request {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    fn header(&self, name: &'static str) -> impl Iterator<Item = &[u8]> {
        self.headers.get_all(name).iter().map(http::HeaderValue::as_bytes)
    }

    fn peer(&self) -> Option<IpAddr> {
        self.peer
    }
}

/// All routes of the contract, as one service without a framework. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Routes {
    gate: Gate,
    /// The OpenAPI document, once somebody has asked for it.
    openapi: Arc<OnceLock<Bytes>>,
    /// None if the gate has a verifier alone.
    issuer: Option<IssuerGate>,
}

impl<G: Into<Gate>> From<G> for Routes {
    fn from(gate: G) -> Self {
        Self::new(gate.into())
    }
}

impl Routes {
    /// The routes of the gate's authority. Its realm and its trusted proxies hold for them too; which tokens they
    /// accept does not depend on it. They need an authority: with a gate that has a verifier alone, every one of them
    /// answers 500 and says so.
    pub fn new(gate: Gate) -> Self {
        let issuer = IssuerGate::of(&gate);
        if issuer.is_none() {
            tracing::error!("routes were mounted that have no authority behind them");
        }
        Self { gate, issuer, openapi: Arc::default() }
    }

    /// The well-known path of a document at the origin; see [`WellKnown`].
    pub fn well_known_path(&self, document: WellKnown) -> String {
        let verifier = self.gate.verifier();
        let own = verifier.audiences().first().map_or(verifier.issuer(), String::as_str);
        let resource = self.authority().map_or(own, jeton::Authority::default_audience);
        document.path(verifier.issuer(), resource)
    }

    /// Answers a request to a well-known path at the origin; see [`WellKnown`].
    pub fn respond_well_known(&self, document: WellKnown, method: &Method) -> Answer {
        let Some(authority) = self.authority() else { return no_authority() };
        if [Method::GET, Method::HEAD].contains(method) {
            document.answer(authority)
        } else {
            method_not_allowed(method, &["GET", "HEAD"])
        }
    }

    /// The OpenAPI 3.1 document of the routes, as `GET /openapi.json` answers it. Its server is the path in the issuer,
    /// under which the routes are mounted. [`merge_openapi`](crate::merge_openapi) puts it into that of the host.
    pub fn openapi(&self) -> serde_json::Value {
        crate::openapi::document(self)
    }

    /// The gate before them.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The authority behind the routes; none if they were mounted with a verifier alone.
    pub fn authority(&self) -> Option<&jeton::Authority> {
        self.gate.authority()
    }

    /// Answers a request to that path.
    pub async fn respond(&self, endpoint: Endpoint, request: Request) -> Answer {
        let Some(gate) = &self.issuer else { return no_authority() };
        if !endpoint.methods().contains(&request.method.as_str()) {
            return method_not_allowed(&request.method, endpoint.methods());
        }
        let answer = match endpoint {
            Endpoint::Exchange => exchange::exchange(gate, &request).await,
            Endpoint::Audiences | Endpoint::Audience => audiences::respond(gate, &request).await,
            Endpoint::Audit => audit::respond(gate, &request).await,
            Endpoint::Keys | Endpoint::RotateKeys | Endpoint::RetireKey => {
                keys::respond(gate, endpoint, &request).await
            }
            Endpoint::OauthToken | Endpoint::Introspect | Endpoint::OauthRevoke => {
                Ok(oauth::respond(gate, endpoint, &request).await)
            }
            Endpoint::Jwks => Ok(jwks::jwks(gate, &request)),
            Endpoint::Openapi => Ok(openapi::respond(self, &request)),
            Endpoint::CutOffs => cut_offs::cut_offs(gate, &request).await,
            Endpoint::Own | Endpoint::RevokeOwn => own::respond(gate, endpoint, &request).await,
            Endpoint::RotateOwn => own::rotate(gate, &request).await,
            Endpoint::Bulk => bulk::bulk(gate, &request).await,
            _ => tokens::respond(gate, endpoint, &request).await,
        };
        answer.unwrap_or_else(|failure| failure.answer(self.gate.realm_of()))
    }
}

fn no_authority() -> Answer {
    let detail = "the routes of jeton need an authority, and there is a verifier alone";
    Problem::new(http::StatusCode::INTERNAL_SERVER_ERROR, "authority_missing", detail).answer()
}
