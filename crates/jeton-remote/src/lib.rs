//! What an issuer of *jeton* publishes, over HTTP: its public keys and its signed cut-offs, for services that verify its
//! access tokens elsewhere and hold neither a private key nor a store.
//!
//! ```
//! use std::{error::Error, sync::Arc};
//! use jeton::Verifier;
//! use jeton_remote::HttpSource;
//!
//! /// Within a tokio runtime: it reads in the background, from now on.
//! fn verifier() -> Result<Verifier, Box<dyn Error>> {
//!     let issuer = "https://app.example/auth";
//!     Ok(Verifier::builder(issuer)
//!         .audience("https://reports.example")
//!         .source(Arc::new(HttpSource::of_issuer(issuer).build()?))
//!         .build()?)
//! }
//! ```
//!
//! It deliberately decides nothing: what may be believed, how often it is asked, and what holds while the issuer is down
//! is up to [`jeton::Verifier`].

mod builder;
mod source;

pub use builder::{HttpSourceBuilder, HttpSourceError};
pub use source::HttpSource;
