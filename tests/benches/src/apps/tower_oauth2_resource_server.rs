//! tower-oauth2-resource-server, with a set of keys that is given to it. HMAC has to be allowed.

use axum::{Router, body::Body};
use tower_oauth2_resource_server::{
    server::OAuth2ResourceServer, tenant::TenantConfiguration, validation::ClaimsValidationSpec,
};

use crate::{
    Fallible,
    claims::Claims,
    issuer::{ISSUER, Issuer},
};

pub(super) async fn app(issuer: &Issuer) -> Fallible<Router> {
    let rules = ClaimsValidationSpec::new().exp(true).iss(ISSUER).aud(&vec![ISSUER.to_owned()]);
    let tenant = TenantConfiguration::static_builder(issuer.key.jwks()?)
        .claims_validation(rules)
        .allowed_algorithms(&[issuer.algorithm.as_str().parse()?])
        .build()?;
    let server = OAuth2ResourceServer::<Claims>::builder().add_tenant(tenant).build().await?;
    Ok(super::bare().layer(server.into_layer::<Body>()))
}
