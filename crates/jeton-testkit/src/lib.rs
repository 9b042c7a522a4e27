//! For tests of jeton and of what is built on it: the contract of a store, the table of refusals and a model of the
//! whole life of tokens as suites, a clock
//! that is set by hand, randomness that is the same each time, a store and a directory that can be down.
//!
//! Nothing here belongs into a program that serves anybody.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a suite reports a broken promise by panicking"
)]

mod clock;
mod directory;
pub mod model;
mod random;
pub mod refusals;
pub mod store;
mod throughput;
mod unreliable;

pub use clock::FakeClock;
pub use directory::UnreliableDirectory;
pub use random::SeededRandom;
pub use throughput::{Throughput, throughput};
pub use unreliable::UnreliableStore;
