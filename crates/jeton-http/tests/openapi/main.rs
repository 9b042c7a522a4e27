//! The OpenAPI document: that it is one, and that it says what is read and answered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod document;
mod house;
mod merged;
mod requests;
