//! The pages, asked in process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod account;
mod deeds;
mod form;
mod house;
mod keys;
mod listing;
mod markup;
mod protection;
mod session;
mod strangers;
