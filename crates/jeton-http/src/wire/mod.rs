//! The wire form of requests and records. What comes in is parsed into the types of the domain here; all that is
//! wrong with it is told at once.

mod fields;
mod query;
mod record;
mod request;

pub(crate) use query::{audit_query, list_query};
pub(crate) use record::{audit_row, record};
pub(crate) use request::{BulkAction, audience, bulk, edit, exchange, generate, grace, reason, ring, rotate};

pub(crate) use fields::{Accepts, Fields};
