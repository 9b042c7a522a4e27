//! The wire form of requests and records. What comes in is parsed into the types of the domain here; all that is
//! wrong with it is told at once. Each field stands in one place, from which it is served and documented.

mod fields;
mod form;
mod input;
mod query;
mod record;
mod request;
mod shape;
mod text;

pub(crate) use fields::{Accepts, Fields};
pub(crate) use input::Input;
pub(crate) use query::{AUDIT, LIST, Query};
pub(crate) use record::{ShownEntry, ShownRecord, audit_row, record};
pub(crate) use request::{
    AUDIENCE, BULK, BulkAction, EDIT, EXCHANGE, GENERATE, NOTHING, REASON, RING, ROTATE, ROTATE_OWN, missing,
};
pub(crate) use shape::{Maybe, Member, Shape, Word, is_left_out, nullable, object, object_schema, words};
pub(crate) use text::Text;
