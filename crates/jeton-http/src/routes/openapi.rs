//! `GET /openapi.json`: what there is, for programs.

use std::hash::{DefaultHasher, Hasher as _};

use bytes::Bytes;

use super::{Request, Routes, condition::published};
use crate::Answer;

/// How long others may keep it, in seconds.
const CACHE: &str = "public, max-age=300";

pub(super) fn respond(routes: &Routes, request: &Request) -> Answer {
    // It stays the same for as long as the app runs.
    let document = routes.openapi.get_or_init(|| Bytes::from(routes.openapi().to_string()));
    let mut hasher = DefaultHasher::new();
    hasher.write(document);
    let tag = format!("{:016x}", hasher.finish());
    published(request, &tag, "application/json", CACHE, || document.clone())
}
