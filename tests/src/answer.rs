//! What came back.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

/// An answer, with all of its body. What is asked of it panics with the whole of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The answer itself, if it has that status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    /// The value of a header that stands at most once.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        assert!(self.headers.get_all(name).iter().count() <= 1, "{name} stands twice: {self:#?}");
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The record that the body is, but for its last use, which is written down later, in the background.
    #[track_caller]
    pub fn record(&self) -> Value {
        without_last_use(self.json())
    }

    /// The body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The problem (RFC 9457) that it is, if it has that status and that code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self:#?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:#?}");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{self:#?}");
        assert_eq!(problem["code"], code, "{self:#?}");
        for member in ["type", "title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{self:#?}");
        }
        problem
    }

    /// Checks that it is the refusal of a token: 401, `invalid_token`, for that reason.
    #[track_caller]
    pub fn invalid_token(&self, reason: &str) {
        let problem = self.problem(401, "invalid_token");
        assert_eq!(problem["detail"], reason, "{self:#?}");
        let challenge =
            format!("Bearer realm=\"demo\", error=\"invalid_token\", error_description=\"{reason}\"");
        assert_eq!(self.header("www-authenticate"), Some(challenge.as_str()), "{self:#?}");
    }

    /// All that a client can compare: the status, the headers but for the date, and the body.
    pub fn without_date(&self) -> String {
        // axum's own routes tell their methods also in the answers of layers around them; it counts where it is due.
        let allow = [204, 405].contains(&self.status);
        let headers = self.headers.iter().filter(|(name, _)| *name != "date" && (*name != "allow" || allow));
        let mut lines: Vec<_> =
            headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        format!("{}\n{}\n\n{}", self.status, lines.join("\n"), String::from_utf8_lossy(&self.body))
    }
}

/// The record but for its last use.
pub fn without_last_use(mut record: Value) -> Value {
    for field in ["last_used_at", "last_used_ip", "last_used_user_agent", "use_count"] {
        record.as_object_mut().unwrap().remove(field).unwrap_or_else(|| panic!("it has no {field}"));
    }
    record
}
