//! The routes, written once. An adapter registers [`Endpoint::ALL`] path by path and hands each request over.

mod audiences;
mod condition;
mod exchange;
mod jwks;
mod tokens;

use std::{fmt, net::IpAddr};

use http::{HeaderMap, Method, StatusCode};
use jeton::ManageError;

use crate::{
    Answer, Body, Gate, Head, HostSession, Problem, Refusal, method_not_allowed, refusal::unavailable,
};

/// One path of the contract, relative to where the routes are mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `/exchange`
    Exchange,
    /// `/tokens`
    Tokens,
    /// `/tokens/{id}`
    Token,
    /// `/tokens/{id}/disable`
    Disable,
    /// `/tokens/{id}/enable`
    Enable,
    /// `/tokens/{id}/revoke`
    Revoke,
    /// `/audiences`
    Audiences,
    /// `/audiences/{name}`
    Audience,
    /// `/.well-known/jwks.json`
    Jwks,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Exchange,
        Self::Tokens,
        Self::Token,
        Self::Disable,
        Self::Enable,
        Self::Revoke,
        Self::Audiences,
        Self::Audience,
        Self::Jwks,
    ];

    /// The path, with [`parameter`](Self::parameter) in braces.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Exchange => "/exchange",
            Self::Tokens => "/tokens",
            Self::Token => "/tokens/{id}",
            Self::Disable => "/tokens/{id}/disable",
            Self::Enable => "/tokens/{id}/enable",
            Self::Revoke => "/tokens/{id}/revoke",
            Self::Audiences => "/audiences",
            Self::Audience => "/audiences/{name}",
            Self::Jwks => "/.well-known/jwks.json",
        }
    }

    /// The parameter of its path.
    pub const fn parameter(self) -> Option<&'static str> {
        match self {
            Self::Token | Self::Disable | Self::Enable | Self::Revoke => Some("id"),
            Self::Audience => Some("name"),
            Self::Exchange | Self::Tokens | Self::Audiences | Self::Jwks => None,
        }
    }

    /// The methods that it serves, `HEAD` where there is `GET`. Every other one is 405, and `OPTIONS` tells these.
    pub const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Exchange | Self::Disable | Self::Enable | Self::Revoke => &["POST"],
            Self::Tokens => &["GET", "HEAD", "POST"],
            Self::Token => &["GET", "HEAD", "PATCH", "DELETE"],
            Self::Audience => &["GET", "HEAD", "PUT"],
            Self::Audiences | Self::Jwks => &["GET", "HEAD"],
        }
    }
}

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

/// What a route ends with when it does not succeed.
pub(crate) enum Failure {
    Problem(Problem),
    Refusal(Refusal),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<ManageError> for Failure {
    fn from(error: ManageError) -> Self {
        let detail = error.to_string();
        let problem = match error {
            ManageError::Invalid(errors) => Problem::fields(errors),
            ManageError::NotFound => Problem::not_found(),
            ManageError::NameTaken => Problem::new(StatusCode::CONFLICT, "name_taken", detail),
            ManageError::Stale => Problem::new(StatusCode::PRECONDITION_FAILED, "stale_version", detail),
            ManageError::Conflict(conflict) => {
                Problem::new(StatusCode::CONFLICT, tokens::code(conflict), detail)
            }
            ManageError::Denied(denial) => return Self::Refusal(Refusal::Denied(denial)),
            ManageError::Unavailable(cause) => return Self::Refusal(Refusal::Unavailable(cause)),
        };
        Self::Problem(problem)
    }
}

/// All routes of the contract, as one service without a framework. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Routes {
    gate: Gate,
}

impl<G: Into<Gate>> From<G> for Routes {
    fn from(gate: G) -> Self {
        Self::new(gate.into())
    }
}

impl Routes {
    /// The routes of the gate's authority. Its realm and its trusted proxies hold for them too; which tokens they
    /// accept does not depend on it.
    pub fn new(gate: Gate) -> Self {
        Self { gate }
    }

    /// Answers a request to that path.
    pub async fn respond(&self, endpoint: Endpoint, request: Request) -> Answer {
        if !endpoint.methods().contains(&request.method.as_str()) {
            return method_not_allowed(&request.method, endpoint.methods());
        }
        let answer = match endpoint {
            Endpoint::Exchange => exchange::exchange(&self.gate, &request).await,
            Endpoint::Audiences | Endpoint::Audience => audiences::respond(&self.gate, &request).await,
            Endpoint::Jwks => Ok(jwks::jwks(&self.gate)),
            Endpoint::Tokens | Endpoint::Token | Endpoint::Disable | Endpoint::Enable | Endpoint::Revoke => {
                tokens::respond(&self.gate, endpoint, &request).await
            }
        };
        answer.unwrap_or_else(|failure| match failure {
            Failure::Problem(problem) => problem.answer(),
            Failure::Refusal(Refusal::Unavailable(cause)) => unavailable(&cause),
            Failure::Refusal(refusal) => refusal.answer(self.gate.realm_of()),
        })
    }
}
