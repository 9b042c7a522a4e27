//! For tests of jeton and of what is built on it: the contract of a store as a suite, a clock that is set by hand,
//! and randomness that is the same each time.
//!
//! Nothing here belongs into a program that serves anybody.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a suite reports a broken promise by panicking"
)]

mod clock;
mod random;
pub mod store;
mod unreliable;

pub use clock::FakeClock;
pub use random::SeededRandom;
pub use unreliable::UnreliableStore;
