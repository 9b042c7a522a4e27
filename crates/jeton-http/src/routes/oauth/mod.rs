//! The OAuth endpoints, for clients that speak OAuth already.

mod client;
mod error;
mod form;
mod token;

use error::OauthError;

use crate::{Answer, Gate, Request};

/// `POST /oauth2/token` (RFC 6749 §3.2).
pub(super) async fn token(gate: &Gate, request: &Request) -> Answer {
    token::respond(gate, request).await.unwrap_or_else(|error| error.answer(gate.realm_of()))
}
