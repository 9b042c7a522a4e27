//! A gate with a verifier and no authority, and what the challenges of a gate say.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use jeton::{
    Algorithm, Authority, Caller, Exchange, Generate, Generated, MemoryStore, SigningKey, StaticDirectory,
    SystemRandom, Verifier, VerifyingKeys, policy,
};
use jeton_http::{Body, Context, Endpoint, Gate, Passage, Refusal, Request, Routes, WellKnown};

const ISSUER: &str = "https://app.example/auth";

struct Scene {
    authority: Authority,
    verifier: Verifier,
    token: Generated,
    access: String,
}

async fn scene() -> Scene {
    let key = || SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap();
    let authority = Authority::builder(ISSUER)
        .store(Arc::new(MemoryStore::new()))
        .directory(Arc::new(StaticDirectory::new()))
        .api_keys([key()])
        .access_keys([key()])
        .build()
        .await
        .unwrap();
    let request = Generate::new("CI").with_role("reader");
    let token = authority.generate(&Caller::system("test"), request).await.unwrap();
    let exchanged = authority.exchange(token.api_token.expose(), &Exchange::default()).await.unwrap();
    let keys = VerifyingKeys::from_jwks(&serde_json::to_vec(&authority.jwks()).unwrap()).unwrap();
    let verifier = Verifier::builder(ISSUER).audience(ISSUER).keys(keys).build().unwrap();
    Scene { authority, verifier, token, access: exchanged.access_token.expose().to_owned() }
}

fn request(method: Method, token: Option<&str>) -> Request {
    let mut headers = HeaderMap::new();
    if let Some(token) = token {
        headers.insert(header::AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).unwrap());
    }
    let body = Body::Complete(Bytes::new());
    Request { method, query: None, headers, parameter: None, peer: None, session: None, body }
}

fn decided(gate: &Gate, token: Option<&str>) -> Result<Context, Refusal> {
    match gate.admit(&request(Method::GET, token)) {
        Passage::Decided(decided) => decided,
        Passage::Preflight | Passage::Waiting(_) => panic!("nobody has to be asked"),
    }
}

#[tokio::test]
async fn access_tokens_open_it_and_nobody_is_in_a_named_audience() {
    let Scene { authority, verifier, access, .. } = scene().await;
    let here = decided(&Gate::from(verifier), Some(&access)).unwrap();
    let there = decided(&Gate::new(authority), Some(&access)).unwrap();
    assert_eq!(here.principal(), there.principal());
    assert!(here.authorized(&policy::role("reader")).is_ok());
    let denied = here.authorized(&policy::audience("external"));
    assert!(matches!(denied, Err(Refusal::Denied(policy::Denial::Audience))), "{denied:?}");
}

#[tokio::test]
async fn api_tokens_are_refused_whatever_the_gate_is_told() {
    let Scene { verifier, token, .. } = scene().await;
    let gate = Gate::from(verifier).accepting_api_tokens();
    let refused = decided(&gate, Some(token.api_token.expose()));
    assert!(matches!(refused, Err(Refusal::Rejected(jeton::Rejection::Invalid))), "{refused:?}");
}

#[tokio::test]
async fn the_routes_say_what_they_lack() {
    let Scene { authority, verifier, access, .. } = scene().await;
    let routes = Routes::new(Gate::from(verifier));
    assert!(routes.authority().is_none());
    for endpoint in Endpoint::ALL {
        for token in [None, Some(access.as_str())] {
            let answer = routes.respond(endpoint, request(Method::GET, token)).await;
            assert_eq!(answer.status(), 500, "{endpoint:?}");
            let problem: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
            assert_eq!(problem["code"], "authority_missing");
        }
    }
    let whole = Routes::new(Gate::new(authority));
    for document in WellKnown::ALL {
        assert_eq!(routes.respond_well_known(document, &Method::GET).status(), 500);
        assert_eq!(whole.respond_well_known(document, &Method::GET).status(), 200);
        assert_eq!(routes.well_known_path(document), whole.well_known_path(document));
    }
}

#[tokio::test]
async fn every_challenge_says_where_the_metadata_are_if_that_is_set() {
    let Scene { authority, verifier, .. } = scene().await;
    let url = "https://app.example/.well-known/oauth-protected-resource";
    for gate in [Gate::new(authority), Gate::from(verifier)] {
        let plain = decided(&gate, None).unwrap_err().answer(gate.realm_of());
        assert_eq!(plain.headers()[header::WWW_AUTHENTICATE], "Bearer realm=\"api\"", "not unless told");
        let gate = gate.resource_metadata(url).realm("reports");
        let told = format!("resource_metadata=\"{url}\"");
        for (token, error) in [(None, ""), (Some("a.b.c"), "invalid_token")] {
            let answer = decided(&gate, token).unwrap_err().answer(gate.realm_of());
            let challenge = answer.headers()[header::WWW_AUTHENTICATE].to_str().unwrap();
            assert!(
                challenge.starts_with("Bearer realm=\"reports\", ") && challenge.ends_with(&told),
                "{challenge}"
            );
            assert!(challenge.contains(error) && challenge.matches("resource_metadata").count() == 1);
        }
    }
}

#[tokio::test]
async fn the_cut_offs_are_sent_once_to_whoever_has_them() {
    let Scene { authority, .. } = scene().await;
    let routes = Routes::from(authority);
    let answer = routes.respond(Endpoint::CutOffs, request(Method::GET, None)).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/jwt");
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "public, max-age=5");
    let mut again = request(Method::GET, None);
    again.headers.insert(header::IF_NONE_MATCH, answer.headers()[header::ETAG].clone());
    let unchanged = routes.respond(Endpoint::CutOffs, again).await;
    assert_eq!((unchanged.status().as_u16(), unchanged.body().len()), (304, 0));
    assert_eq!(unchanged.headers()[header::ETAG], answer.headers()[header::ETAG]);
}
