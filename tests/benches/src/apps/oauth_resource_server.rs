//! oauth-resource-server, with a set of keys that is given to it.

use std::sync::Arc;

use axum::Router;
use oauth_resource_server::{KeyNaming, OAuthConfig, OAuthValidator, axum::AuthLayer};

use crate::{
    Fallible,
    issuer::{ISSUER, Issuer},
};

pub(super) fn app(issuer: &Issuer) -> Fallible<Router> {
    let config = OAuthConfig {
        enabled: true,
        issuer: ISSUER.to_owned(),
        audience: ISSUER.to_owned(),
        resource: ISSUER.to_owned(),
        algorithms: vec![issuer.algorithm.as_str().to_owned()],
        leeway_secs: 0,
        require_at_jwt: true,
        allow_unscoped_tokens: true,
        ..OAuthConfig::default()
    };
    let config = config.resolve(KeyNaming::Dotted("oauth"))?.ok_or("it is not enabled")?;
    let validator = OAuthValidator::builder(&config).initial_jwks(&issuer.key.jwks()?).build()?;
    Ok(super::bare().layer(AuthLayer::builder().oauth(Arc::new(validator)).build()?))
}
