//! Versions as entity tags: `ETag` and `If-Match` (RFC 9110 §8.8.3, §13.1.1).

use std::future::Future;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

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
