//! The body of a request: its forms, its fields, and an example, in one value that serves and documents.

use http::HeaderMap;
use serde_json::Value;

use super::{Accepts, Fields};
use crate::{Body, Problem};

/// A body that a route takes.
#[derive(Debug)]
pub(crate) struct Input<T> {
    /// The name of its schema in the document.
    pub(crate) component: &'static str,
    pub(crate) accepts: Accepts,
    pub(crate) fields: fn(&mut Fields) -> T,
    pub(crate) example: fn() -> Value,
}

impl<T> Input<T> {
    /// What such a body says.
    pub(crate) fn read(&self, headers: &HeaderMap, body: &Body) -> Result<T, Problem> {
        Fields::read(headers, body, self.accepts)?.take_all(self.fields)
    }

    /// Its schema, and the name of that.
    pub(crate) fn component(&self) -> (&'static str, Value) {
        (self.component, Fields::described(self.component, self.fields))
    }
}
