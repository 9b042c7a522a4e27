//! What the demo's own routes answer.

use http::{Method, StatusCode};
use jeton::{Authority, Principal};
use jeton_http::{Answer, Problem, method_not_allowed};
use serde_json::{Value, json};

/// Who asks.
pub fn whoami(principal: &Principal) -> Value {
    json!({
        "subject": principal.subject(),
        "tenant": principal.tenant(),
        "groups": principal.groups(),
        "roles": principal.roles(),
        "scopes": principal.scopes(),
        "token_id": principal.token_id(),
    })
}

/// The reports, for readers.
pub fn reports() -> Value {
    json!({"reports": ["sales", "stock"]})
}

/// A report was written.
pub fn stored() -> Value {
    json!({"stored": true})
}

/// Whether the app lives, and whether it can serve.
///
/// # Errors
///
/// The answer 503, if the store does not answer.
pub async fn health(authority: &Authority) -> Result<Value, Answer> {
    match authority.ready().await {
        Ok(()) => Ok(json!({"ready": true})),
        Err(_) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the store does not answer")
                .answer())
        }
    }
}

/// The answer to a method that a route does not serve, the same in both frameworks.
pub fn not_allowed(method: &Method, allowed: &[&str]) -> Answer {
    method_not_allowed(method, allowed)
}

/// The answer on a path that leads nowhere.
pub fn no_such_route() -> Answer {
    Problem::not_found().answer()
}
