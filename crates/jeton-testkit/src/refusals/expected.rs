//! The table itself, as it is written in the contract: RFC 6750 §3 for the challenge, RFC 9457 for the body.

use bytes::Bytes;
use http::{HeaderName, Response, header};
use serde_json::{Value, json};

pub(super) const REALM: &str = "table";

pub(super) const INVALID: &str = "the token is invalid";
pub(super) const ISSUER: &str = "the token is from another issuer";
pub(super) const AUDIENCE: &str = "the token is for another audience";
pub(super) const EXPIRED: &str = "the token has expired";
pub(super) const NOT_YET_VALID: &str = "the token is not yet valid";
pub(super) const DISABLED: &str = "the token is disabled";
pub(super) const REVOKED: &str = "the token was revoked";
pub(super) const SUPERSEDED: &str = "the token was superseded by a newer one";
pub(super) const CUT_OFF: &str = "the token was revoked, or its rights were changed";
pub(super) const SUBJECT: &str = "the subject of the token is not active";

/// A row of the table.
#[derive(Debug)]
pub(super) struct Expected {
    status: u16,
    title: &'static str,
    code: &'static str,
    detail: String,
    challenge: Option<String>,
    retry: bool,
    allow: Option<&'static str>,
}

impl Expected {
    fn new(status: u16, title: &'static str, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, code, detail: detail.into(), challenge: None, retry: false, allow: None }
    }

    fn challenge(self, params: &str) -> Self {
        Self { challenge: Some(format!("Bearer realm=\"{REALM}\"{params}")), ..self }
    }

    pub(super) fn no_credentials() -> Self {
        Self::new(401, "Unauthorized", "no_credentials", "a bearer token is needed").challenge("")
    }

    pub(super) fn invalid_request() -> Self {
        let detail = "the Authorization header is malformed, stands twice, or its token is too long";
        Self::new(400, "Bad Request", "invalid_request", detail).challenge(", error=\"invalid_request\"")
    }

    pub(super) fn invalid_token(text: &str) -> Self {
        let params = format!(", error=\"invalid_token\", error_description=\"{text}\"");
        Self::new(401, "Unauthorized", "invalid_token", text).challenge(&params)
    }

    pub(super) fn insufficient_scope(scopes: &str) -> Self {
        let params = format!(", error=\"insufficient_scope\", scope=\"{scopes}\"");
        Self::new(403, "Forbidden", "insufficient_scope", "a scope is missing").challenge(&params)
    }

    pub(super) fn denied(code: &'static str) -> Self {
        let detail = match code {
            "role_denied" => "a role is missing",
            "subject_denied" => "it is not open to this subject",
            "group_denied" => "it is not open to the groups of the caller",
            "tenant_denied" => "it is not open to the tenant of the caller",
            "network_denied" => "it is not open to the address of the caller",
            "audience_denied" => "the caller is not in the audience that it is open to",
            "cross_site" => "a session may change things only from a page of the app itself",
            _ => "a rule denies it",
        };
        Self::new(403, "Forbidden", code, detail)
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "Not Found", "not_found", "there is nothing of this name")
    }

    pub(super) fn method_not_allowed(allow: &'static str) -> Self {
        let detail = "this method is not served here";
        let row = Self::new(405, "Method Not Allowed", "method_not_allowed", detail);
        Self { allow: Some(allow), ..row }
    }

    pub(super) fn unavailable() -> Self {
        let detail = "something that is needed did not answer, try again";
        Self { retry: true, ..Self::new(503, "Service Unavailable", "unavailable", detail) }
    }

    pub(super) fn layer_missing(layer: &str) -> Self {
        let detail = format!("this route lacks the layer {layer}");
        Self::new(500, "Internal Server Error", "layer_missing", detail)
    }

    /// That the answer is this row, and nothing more.
    #[track_caller]
    pub(super) fn check(&self, answer: &Response<Bytes>, what: &str) {
        self.check_head(answer, what);
        let body = json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        });
        let sent: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(sent, body, "{what}: the body");
    }

    /// As [`check`](Self::check), for an answer to `HEAD`.
    #[track_caller]
    pub(super) fn check_headers_only(&self, answer: &Response<Bytes>, what: &str) {
        self.check_head(answer, what);
        assert_eq!(answer.body().len(), 0, "{what}: a body");
    }

    #[track_caller]
    fn check_head(&self, answer: &Response<Bytes>, what: &str) {
        let sent = |name: HeaderName| {
            let values = answer.headers().get_all(name).iter();
            values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let body = String::from_utf8_lossy(answer.body());
        assert_eq!(answer.status().as_u16(), self.status, "{what}: the status, with {body}");
        assert_eq!(sent(header::WWW_AUTHENTICATE), Vec::from_iter(self.challenge.clone()), "{what}");
        assert_eq!(sent(header::CONTENT_TYPE), ["application/problem+json"], "{what}");
        assert_eq!(sent(header::CACHE_CONTROL), ["no-store"], "{what}");
        if let Some(allow) = self.allow {
            assert_eq!(sent(header::ALLOW), [allow], "{what}");
        }
        let retry = sent(header::RETRY_AFTER);
        assert_eq!(retry.len(), usize::from(self.retry), "{what}: Retry-After {retry:?}");
        assert!(retry.iter().all(|after| after.parse::<u32>().is_ok_and(|after| after > 0)), "{what}");
    }
}
