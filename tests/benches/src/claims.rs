//! The claims of an access token, as an app would write them down for the candidates that ask for a type.

use serde::{Deserialize, Serialize};

/// All ten of them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[allow(missing_docs, reason = "the names of RFC 9068 and of jeton")]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) aud: String,
    pub(crate) client_id: String,
    pub(crate) jti: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) scope: String,
    pub(crate) roles: Vec<String>,
    pub(crate) epoch: u64,
}
