//! The layer.

use std::sync::Arc;

use jeton::policy::Policy;
use tower_layer::Layer;

use super::Authorize;

/// Lets only principals pass that the policy admits. Stands inside of an
/// [`AuthenticateLayer`](crate::AuthenticateLayer); without one every request is answered with a 500 that names it.
#[derive(Clone, Debug)]
pub struct AuthorizeLayer {
    policy: Arc<Policy>,
}

impl AuthorizeLayer {
    /// Asks that policy.
    pub fn new(policy: Policy) -> Self {
        Self { policy: Arc::new(policy) }
    }
}

impl<S> Layer<S> for AuthorizeLayer {
    type Service = Authorize<S>;

    fn layer(&self, inner: S) -> Authorize<S> {
        Authorize::new(inner, self.policy.clone())
    }
}
