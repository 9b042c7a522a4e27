//! The programs in `README.md` and `docs/GUIDE.md`, compiled as doc tests and run where they end by themselves.
//!
//! There is nothing else in here.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub mod readme {}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/GUIDE.md")]
pub mod guide {}
