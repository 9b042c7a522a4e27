//! The OAuth endpoints, for clients that speak OAuth already.

mod client;
mod error;
mod form;
mod introspect;
mod metadata;
mod token;

use error::OauthError;
pub use metadata::WellKnown;

use super::Endpoint;
use crate::{Answer, Request, issuer::IssuerGate};

pub(super) async fn respond(gate: &IssuerGate, endpoint: Endpoint, request: &Request) -> Answer {
    let answer = match endpoint {
        Endpoint::Introspect => introspect::introspect(gate, request).await,
        Endpoint::OauthRevoke => introspect::revoke(gate, request).await,
        _ => token::respond(gate, request).await,
    };
    answer.unwrap_or_else(|error| error.answer(gate.realm_of()))
}
