//! jeton on axum, both ways to mount it.

use ::jeton::Authority;
use axum::Router;
use jeton_axum::authenticate;
use tower::Layer as _;

/// As the docs mount it: axum runs the layer behind its routing, for each route.
pub(super) fn layer(authority: &Authority) -> Router {
    super::bare().layer(authenticate(authority.clone()))
}

/// In front of the routing.
pub(super) fn around(authority: &Authority) -> jeton_tower::Authenticate<Router> {
    authenticate(authority.clone()).layer(super::bare())
}
