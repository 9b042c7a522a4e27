//! Finding out who makes a request.

mod future;
mod layer;
mod service;

pub use future::AuthenticateFuture;
pub use layer::AuthenticateLayer;
pub use service::Authenticate;
