//! The store in a SQLite file, and the directory over a database of the host.
#![allow(clippy::unwrap_used, reason = "tests")]

mod contract;
mod cursors;
mod deep_pages;
mod directory;
mod durability;
mod opening;
mod rotation;
