//! The adapter in process: the table of refusals, the extractors, the mounted routes; and the wire where only a real
//! socket shows the truth.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod direct;
mod extract;
mod house;
mod middleware;
mod mount;
mod networks;
mod ready;
mod table;
mod wire;
