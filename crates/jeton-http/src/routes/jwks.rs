//! The published keys (RFC 7517 §5): those of access tokens, and never a symmetric one.

use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::{Answer, Gate, problem::json_answer};

/// How long others may keep the keys, in seconds.
const CACHE: &str = "public, max-age=300";

pub(super) fn jwks(gate: &Gate) -> Answer {
    let mut answer = json_answer(StatusCode::OK, &json!(gate.authority().jwks()));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE));
    answer
}
