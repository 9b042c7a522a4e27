//! The quickstarts, from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod child_kill;
mod kinds;
mod refusals;
mod secrecy;
mod story;
