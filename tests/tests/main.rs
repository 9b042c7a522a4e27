//! The quickstarts, from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod attacks;
mod audit;
mod bad_input;
mod child_kill;
mod crash;
mod elsewhere;
mod escalation;
mod exchange;
mod house;
mod introspect;
mod jwks;
mod keys;
mod kinds;
mod languages;
mod last_use;
mod limits;
mod lists;
mod many_records;
mod matrix;
mod matrix42;
mod metadata;
mod mindtouch;
mod nodes;
mod oauth;
mod personal;
mod process;
mod records;
mod refusals;
mod rotation;
mod secrecy;
mod softexpert;
mod story;
mod txture;
mod walkthrough;
mod websocket;
