//! Asking whether a principal may.

mod future;
mod layer;
mod service;

pub use future::AuthorizeFuture;
pub use layer::AuthorizeLayer;
pub use service::Authorize;
