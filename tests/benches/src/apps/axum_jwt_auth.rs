//! axum-jwt-auth, which is an extractor.

use std::sync::Arc;

use axum::{Router, routing::get};
use axum_jwt_auth::{Decoder, LocalDecoder};
use jsonwebtoken10::Validation;

use crate::{
    Fallible,
    claims::Claims,
    issuer::{ISSUER, Issuer},
};

pub(super) fn app(issuer: &Issuer) -> Fallible<Router> {
    let mut validation = Validation::new(issuer.algorithm.as_str().parse()?);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[ISSUER]);
    validation.leeway = 0;
    let decoder =
        LocalDecoder::builder().keys(vec![issuer.key.decoding10()?]).validation(validation).build()?;
    let decoder: Decoder<Claims> = Arc::new(decoder);
    Ok(Router::new().route("/", get(async |_: axum_jwt_auth::Claims<Claims>| "ok")).with_state(decoder))
}
