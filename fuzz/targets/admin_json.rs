//! The bodies in JSON that an admin sends. The first byte says to which route.
#![no_main]

use std::sync::LazyLock;

use fuzz::{App, request};
use http::Method;
use jeton_http::Endpoint;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static APP: LazyLock<App> = LazyLock::new(App::new);

fuzz_target!(|data: &[u8]| {
    let Some((route, body)) = data.split_first() else { return };
    let nobody = || Some(String::from("00000000-0000-4000-8000-000000000000"));
    let (endpoint, method, parameter) = match route % 7 {
        0 => (Endpoint::Tokens, Method::POST, None),
        1 => (Endpoint::Token, Method::PATCH, Some(APP.other_id.clone())),
        2 => (Endpoint::Bulk, Method::POST, None),
        3 => (Endpoint::Rotate, Method::POST, nobody()),
        4 => (Endpoint::Revoke, Method::POST, nobody()),
        5 => (Endpoint::Audience, Method::PUT, Some("reports".into())),
        _ => (Endpoint::MyTokens, Method::POST, None),
    };
    if endpoint == Endpoint::Bulk && body.windows(36).any(|window| window == APP.token_id.as_bytes()) {
        return;
    }
    let mut sent = request(method, &APP.access_token, "application/json", body);
    sent.parameter = parameter;
    let answer = APP.send(endpoint, sent);
    assert!(![401, 403].contains(&answer.status().as_u16()) || endpoint == Endpoint::MyTokens, "{answer:?}");
    if answer.status() == 201 {
        // What was made goes again, so that the store stays small.
        let made: Value = serde_json::from_slice(answer.body()).unwrap();
        let mut delete = request(Method::DELETE, &APP.access_token, "application/json", b"");
        delete.parameter = made["token"]["id"].as_str().map(str::to_owned);
        assert_eq!(APP.send(Endpoint::Token, delete).status(), 204);
    }
});
