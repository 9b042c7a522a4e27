//! Versions as entity tags: `ETag`, `If-Match` and `If-None-Match` (RFC 9110 §8.8.3, §13.1.1, §13.1.2).

use std::future::Future;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::Request;
use crate::{Answer, problem::json_answer};

/// Versions begin at 1.
const NO_VERSION: u64 = 0;

/// An answer with the version of what it shows as its `ETag`.
pub(super) fn tagged(status: StatusCode, body: &impl Serialize, version: u64) -> Answer {
    let mut answer = json_answer(status, body);
    if let Ok(tag) = HeaderValue::try_from(format!("\"{version}\"")) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer
}

/// A document that everybody may read and keep for a while: whole, or 304 if it is the one that the client has.
pub(super) fn published(
    request: &Request,
    tag: &str,
    media_type: &'static str,
    cache: &'static str,
    body: impl FnOnce() -> Bytes,
) -> Answer {
    let tag = format!("\"{tag}\"");
    let mut answer = if has(&request.headers, &tag) {
        let mut answer = Answer::default();
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        answer
    } else {
        let mut answer = Answer::new(body());
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        answer
    };
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer
}

/// Whether `If-None-Match` names the tag, weak or not.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = values.flat_map(|value| value.to_str().unwrap_or_default().split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// The one version that `If-Match` allows: of several, the one that is there now; none without the header.
pub(super) async fn single_version<F, E>(
    headers: &HeaderMap,
    current: impl FnOnce() -> F,
) -> Result<Option<u64>, E>
where
    F: Future<Output = Result<u64, E>>,
{
    Ok(match versions(headers).as_deref() {
        None => None,
        Some([]) => Some(NO_VERSION),
        Some([version]) => Some(*version),
        Some(several) => {
            Some(current().await?).filter(|current| several.contains(current)).or(Some(NO_VERSION))
        }
    })
}

/// The versions that `If-Match` names; none without the header, and with `*`. Tags that are weak or not ours match
/// nothing.
fn versions(headers: &HeaderMap) -> Option<Vec<u64>> {
    let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
    values.peek()?;
    let mut versions = Vec::new();
    for tag in values.flat_map(|value| value.to_str().unwrap_or_default().split(',')) {
        let tag = tag.trim();
        if tag == "*" {
            return None;
        }
        let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        versions
            .extend(inner.and_then(|tag| tag.parse::<u64>().ok()).filter(|version| *version > NO_VERSION));
    }
    Some(versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&'static str]) -> Option<Vec<u64>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, HeaderValue::from_static(value));
        }
        versions(&headers)
    }

    #[test]
    fn whoever_has_it_is_told_so() {
        let has = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            super::has(&headers, "\"a\"")
        };
        assert!(has("\"a\"") && has("W/\"a\"") && has("*") && has("\"b\", \"a\""));
        assert!(!has("\"b\"") && !has("a") && !has("") && !super::has(&HeaderMap::new(), "\"a\""));
    }

    #[test]
    fn tags_are_strong_and_ours() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["*"]), None);
        assert_eq!(of(&["\"3\""]), Some(vec![3]));
        assert_eq!(of(&["\"3\", \"4\"", "\"5\""]), Some(vec![3, 4, 5]));
        for none in ["W/\"3\"", "3", "\"x\"", "\"0\"", ""] {
            assert_eq!(of(&[none]), Some(vec![]), "{none}");
        }
    }
}
