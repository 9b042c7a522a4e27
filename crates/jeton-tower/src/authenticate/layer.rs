//! The layer, and what can be set on it.

use ipnet::IpNet;
use jeton::Authority;
use jeton_http::Gate;
use tower_layer::Layer;

use super::Authenticate;
use crate::head::{PeerOf, peer_address};

/// Lets only requests with a good access token pass, and puts a [`Context`](jeton_http::Context) into their
/// extensions. Every other one is refused by the one table of refusals and never reaches the inner service.
#[derive(Clone, Debug)]
pub struct AuthenticateLayer {
    gate: Gate,
    peer_of: PeerOf,
}

impl From<Gate> for AuthenticateLayer {
    fn from(gate: Gate) -> Self {
        Self { gate, peer_of: peer_address }
    }
}

impl AuthenticateLayer {
    /// Asks for an access token of that authority.
    pub fn new(authority: Authority) -> Self {
        Gate::new(authority).into()
    }

    fn with(self, change: impl FnOnce(Gate) -> Gate) -> Self {
        Self { gate: change(self.gate), ..self }
    }

    /// Named like that in challenges; `api` unless told otherwise.
    #[must_use]
    pub fn realm(self, name: &str) -> Self {
        self.with(|gate| gate.realm(name))
    }

    /// Lets requests without credentials pass too. Bad credentials are refused all the same.
    #[must_use]
    pub fn optional(self) -> Self {
        self.with(Gate::optional)
    }

    /// Accepts API tokens as bearers too.
    #[must_use]
    pub fn accepting_api_tokens(self) -> Self {
        self.with(Gate::accepting_api_tokens)
    }

    /// Lets CORS preflights through. Not needed where the host's CORS layer stands outside, as it should.
    #[must_use]
    pub fn with_preflight(self) -> Self {
        self.with(Gate::with_preflight)
    }

    /// Believes `X-Forwarded-For` as far as it was written by proxies in these networks; nobody unless told.
    #[must_use]
    pub fn trusting_proxies(self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.with(|gate| gate.trusting_proxies(networks))
    }

    /// Finds the address of the other end of the connection like that; by the extension
    /// [`PeerAddress`](jeton_http::PeerAddress) unless told otherwise.
    #[must_use]
    pub fn peer_of(self, peer_of: PeerOf) -> Self {
        Self { peer_of, ..self }
    }
}

impl<S> Layer<S> for AuthenticateLayer {
    type Service = Authenticate<S>;

    fn layer(&self, inner: S) -> Authenticate<S> {
        Authenticate::new(inner, self.gate.clone(), self.peer_of)
    }
}
