//! `jsonwebtoken` in a middleware of a few lines, as most apps have it.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header::AUTHORIZATION},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use jsonwebtoken::{DecodingKey, Validation, decode};

use crate::{
    Fallible,
    claims::Claims,
    issuer::{ISSUER, Issuer},
};

/// A key, read once, and what is asked of a token.
pub(crate) struct Rules {
    key: DecodingKey,
    validation: Validation,
}

impl Rules {
    /// Those for the tokens of that issuer.
    pub(crate) fn new(issuer: &Issuer) -> Fallible<Self> {
        let mut validation = Validation::new(issuer.algorithm.as_str().parse()?);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        validation.leeway = 0;
        Ok(Self { key: issuer.key.decoding()?, validation })
    }

    /// The claims of a good token.
    pub(crate) fn judge(&self, token: &str) -> Option<Claims> {
        decode::<Claims>(token, &self.key, &self.validation).ok().map(|token| token.claims)
    }
}

pub(super) fn app(issuer: &Issuer) -> Fallible<Router> {
    let rules = Arc::new(Rules::new(issuer)?);
    Ok(super::bare().layer(from_fn_with_state(rules, authenticate)))
}

async fn authenticate(
    State(rules): State<Arc<Rules>>,
    mut request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let value = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
    let claims = rules.judge(token).ok_or(StatusCode::UNAUTHORIZED)?;
    request.extensions_mut().insert(claims);
    Ok(next.run(request).await)
}
