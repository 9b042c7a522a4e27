//! The published keys: whoever holds them can verify access tokens, with any library.

use end_to_end::{App, Framework, on_both};
use jsonwebtoken::{
    Algorithm, DecodingKey, TokenData, Validation, crypto::aws_lc, decode, decode_header, jwk::JwkSet,
};
use serde_json::{Value, json};

on_both!(another_library_verifies_an_access_token, no_private_part_is_published);

async fn another_library_verifies_an_access_token(framework: Framework) {
    // The build enables both of its providers, so one has to be named; the second time it is there already.
    let _ = aws_lc::DEFAULT_PROVIDER.install_default();
    let app = App::start(framework).await;
    let made = app.generate(json!({"subject": "bob", "tenant": "acme"})).await;
    let child = app.exchange(&made.api_token).await;
    let keys = app.anon().get("/auth/.well-known/jwks.json").await.is(200);
    assert_eq!(keys.header("content-type"), Some("application/jwk-set+json"));
    assert!(keys.header("cache-control").unwrap().contains("max-age="));
    let keys: JwkSet = serde_json::from_slice(&keys.body).unwrap();

    let header = decode_header(child.token()).unwrap();
    assert_eq!((header.typ.as_deref(), header.alg), (Some("at+jwt"), Algorithm::EdDSA));
    let key = keys.find(header.kid.as_deref().unwrap()).expect("the key is published");
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[&app.url]);
    validation.set_issuer(&[format!("{}/auth", app.url)]);
    let token: TokenData<Value> =
        decode(child.token(), &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap();
    let claims = token.claims;
    assert_eq!(claims["sub"], "bob");
    assert_eq!(claims["client_id"], json!(made.id));
    assert_eq!(claims["tenant"], "acme");
    assert_eq!(claims["roles"], json!(["reader", "writer"]));
    assert_eq!(claims["scope"], "reports:write tokens:self");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert!(claims["jti"].as_str().unwrap().len() >= 20);

    // The keys of API tokens are not published.
    let header = decode_header(&made.api_token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("api+jwt"));
    assert!(keys.find(header.kid.as_deref().unwrap()).is_none());
    assert!(made.api_token.starts_with("eyJ0eXAiOiJhcGkrand0I"), "the type comes first");
}

async fn no_private_part_is_published(framework: Framework) {
    let app = App::start(framework).await;
    let keys = app.anon().get("/auth/.well-known/jwks.json").await.is(200).json();
    let keys = keys["keys"].as_array().unwrap();
    assert!(!keys.is_empty());
    for key in keys {
        for member in ["kty", "kid", "alg", "use"] {
            assert!(key[member].is_string(), "{key}");
        }
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(member).is_none(), "{key}");
        }
    }
}
