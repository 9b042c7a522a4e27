//! The OAuth endpoints, for clients that speak OAuth already.

mod client;
mod error;
mod form;
mod introspect;
mod metadata;
mod token;

use error::OauthError;
pub(crate) use error::ShownOauthError;
pub(crate) use form::Parameters;
pub(crate) use introspect::{INTROSPECTION, Nothing, REVOCATION, ShownIntrospection};
pub use metadata::WellKnown;
pub(crate) use metadata::{Issuer, Resource, path_of};
pub(crate) use token::{Issued, TOKEN};

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
