//! With what an operation can fail: statuses, and the words for programs.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde_json::{Value, json};

/// Each is a status and a code.
pub(super) type Failures = &'static [(u16, &'static str)];

/// Whatever asks for a bearer.
pub(super) const BEARER: Failures = &[
    (400, "invalid_request"),
    (401, "no_credentials"),
    (401, "invalid_token"),
    (403, "network_denied"),
    (429, "too_many_requests"),
    (503, "unavailable"),
];

/// Whatever is managed, and takes a session of the host as well.
pub(super) const MANAGED: Failures =
    &[(403, "insufficient_scope"), (403, "tenant_denied"), (403, "subject_denied")];

/// Whatever changes something, if a session asks for it.
pub(super) const CHANGES: Failures = &[(403, "cross_site")];

/// Whatever takes a body.
pub(super) const BODY: Failures = &[
    (400, "invalid_request"),
    (400, "invalid_json"),
    (400, "body_broken"),
    (413, "body_too_large"),
    (415, "unsupported_media_type"),
];

pub(super) const NOT_FOUND: Failures = &[(404, "not_found")];

pub(super) const STALE: Failures = &[(412, "stale_version")];

/// The responses for these failures, as problems (RFC 9457).
pub(super) fn problems(failures: impl IntoIterator<Item = (u16, &'static str)>) -> BTreeMap<String, Value> {
    let mut codes: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
    for (status, code) in failures {
        codes.entry(status).or_default().insert(code);
    }
    codes.into_iter().map(|(status, codes)| (status.to_string(), problem(status, &codes))).collect()
}

fn problem(status: u16, codes: &BTreeSet<&str>) -> Value {
    let title = title(status);
    let mut example = json!({
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": "what it is, for people",
        "code": codes.first(),
    });
    if status == 400 && codes.contains("invalid_request") {
        example["code"] = json!("invalid_request");
        example["detail"] = json!("/name is needed");
        example["errors"] = json!([{"pointer": "/name", "detail": "is needed"}]);
    }
    let mut headers = json!({"Cache-Control": no_store()});
    match status {
        401 => headers["WWW-Authenticate"] = challenge(true),
        400 | 403 => headers["WWW-Authenticate"] = challenge(false),
        429 | 503 => headers["Retry-After"] = retry_after(),
        _ => {}
    }
    json!({
        "description": title,
        "headers": headers,
        "content": {
            "application/problem+json": {
                "schema": {
                    "$ref": "#/components/schemas/Problem",
                    "properties": {"status": {"const": status}, "code": {"enum": codes}},
                },
                "example": example,
            },
        },
    })
}

/// The responses for these failures in the shape of RFC 6749 §5.2.
pub(super) fn oauth_errors(failures: Failures) -> BTreeMap<String, Value> {
    let mut words: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
    for (status, word) in failures {
        words.entry(*status).or_default().insert(word);
    }
    let error = |(status, words): (u16, BTreeSet<&str>)| {
        let mut headers = json!({"Cache-Control": no_store()});
        match status {
            400 | 401 | 403 => headers["WWW-Authenticate"] = challenge(false),
            429 | 503 => headers["Retry-After"] = retry_after(),
            _ => {}
        }
        let response = json!({
            "description": title(status),
            "headers": headers,
            "content": {
                "application/json": {
                    "schema": {
                        "$ref": "#/components/schemas/OauthError",
                        "properties": {"error": {"enum": words}},
                    },
                    "example": {"error": words.first(), "error_description": "what it is, for people"},
                },
            },
        });
        (status.to_string(), response)
    };
    words.into_iter().map(error).collect()
}

fn title(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

pub(super) fn no_store() -> Value {
    header("Not to be kept.", true, json!({"type": "string", "const": "no-store"}))
}

fn challenge(needed: bool) -> Value {
    let text = "How to authenticate, and what is wrong with the credentials (RFC 6750 §3).";
    header(text, needed, json!({"type": "string", "examples": ["Bearer realm=\"api\""]}))
}

fn retry_after() -> Value {
    header("After how many seconds to try again.", true, json!({"type": "integer", "minimum": 1}))
}

pub(super) fn header(description: &str, needed: bool, schema: Value) -> Value {
    json!({"description": description, "required": needed, "schema": schema})
}
