//! `GET /openapi.json`: what there is, for programs.

use bytes::Bytes;
use http::{HeaderValue, Response, header};

use super::Routes;
use crate::Answer;

/// How long others may keep it, in seconds.
const CACHE: &str = "public, max-age=300";

pub(super) fn respond(routes: &Routes) -> Answer {
    // It stays the same for as long as the app runs.
    let document = routes.openapi.get_or_init(|| Bytes::from(routes.openapi().to_string()));
    let mut answer = Response::new(document.clone());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE));
    answer
}
