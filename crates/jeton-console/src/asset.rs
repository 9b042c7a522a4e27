//! The script and the style sheet: named by what is in them, so that they can be kept for ever.

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use jeton_http::{Answer, method_not_allowed};
use sha2::{Digest as _, Sha256};

/// A file that pages refer to.
#[derive(Clone, Debug)]
pub(crate) struct Asset {
    /// Its path below the console.
    pub(crate) path: String,
    media_type: &'static str,
    content: Bytes,
}

impl Asset {
    pub(crate) fn new(extension: &str, media_type: &'static str, content: String) -> Self {
        let hash = Sha256::digest(content.as_bytes());
        let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { path: format!("/assets/console.{hash}.{extension}"), media_type, content: content.into() }
    }

    pub(crate) fn answer(&self, method: &Method) -> Answer {
        if ![Method::GET, Method::HEAD].contains(method) {
            return method_not_allowed(method, &["GET", "HEAD"]);
        }
        let mut answer = Answer::new(self.content.clone());
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        headers.insert(header::CACHE_CONTROL, forever);
        answer
    }
}

pub(crate) fn script() -> Asset {
    Asset::new("js", "text/javascript; charset=utf-8", include_str!("../assets/console.js").to_owned())
}

/// With the colours of the host behind it, if it has any.
pub(crate) fn style(colours: &str) -> Asset {
    let sheet = include_str!("../assets/console.css");
    Asset::new("css", "text/css; charset=utf-8", format!("{sheet}{colours}"))
}
