//! Other methods than `GET`: refused alike, and told where they are not served.

use http::{Method, Request, request::Builder};

use crate::refusals::{
    App,
    expected::{Expected, INVALID},
    house::{Ask as _, House, get},
};

fn with(method: Method, path: &str) -> Builder {
    Request::builder().method(method).uri(path)
}

pub async fn every_method_is_refused_alike<A: App>() {
    let house = House::<A>::new().await;
    let (alice, token) = (house.child_for("alice").await, house.token_for("bob").await);
    for method in [Method::HEAD, Method::GET, Method::POST] {
        let with = |path: &str| with(method.clone(), path);
        house.refuses(with("/any"), &Expected::no_credentials()).await;
        house.refuses(with("/any").header("authorization", "Bearer"), &Expected::invalid_request()).await;
        house.refuses(with("/any").bearer(&token.text), &Expected::invalid_token(INVALID)).await;
        house.refuses(with("/role").bearer(&alice), &Expected::denied("role_denied")).await;
        let scope = Expected::insufficient_scope("reports:write");
        house.refuses(with("/scope").bearer(&alice), &scope).await;
        house.refuses(with("/bare").bearer(&alice), &Expected::layer_missing(A::LAYER)).await;
        house.store.is_down(true);
        house.refuses(with("/direct").bearer(&token.text), &Expected::unavailable()).await;
        house.store.is_down(false);
    }
    // A preflight is a request like any other, unless the gate is told so.
    let preflight = with(Method::OPTIONS, "/any")
        .header("origin", "https://other.example")
        .header("access-control-request-method", "GET");
    house.refuses(preflight, &Expected::no_credentials()).await;
    let head = house.send(with(Method::HEAD, "/any").bearer(&alice)).await;
    assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
}

pub async fn methods_that_are_not_served_are_told<A: App>() {
    let house = House::<A>::new().await;
    for (path, allow) in [
        ("/auth/exchange", "POST"),
        ("/auth/tokens", "GET, HEAD, POST"),
        ("/auth/tokens/x", "GET, HEAD, PATCH, DELETE"),
        ("/auth/tokens/x/disable", "POST"),
        ("/auth/tokens/x/enable", "POST"),
        ("/auth/tokens/x/revoke", "POST"),
        ("/auth/tokens/x/rotate", "POST"),
        ("/auth/tokens/x/rotate/cancel", "POST"),
        ("/auth/tokens/x/reveal", "POST"),
        ("/auth/tokens/bulk", "POST"),
        ("/auth/tokens/self", "GET, HEAD"),
        ("/auth/tokens/self/revoke", "POST"),
        ("/auth/tokens/self/rotate", "POST"),
        ("/auth/audiences", "GET, HEAD"),
        ("/auth/audiences/x", "GET, HEAD, PUT"),
        ("/auth/.well-known/jwks.json", "GET, HEAD"),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "BREW", "get"] {
            if !allow.split(", ").any(|served| served == method) {
                let request = with(method.parse().unwrap(), path);
                house.refuses(request, &Expected::method_not_allowed(allow)).await;
            }
        }
        let options = house.send(with(Method::OPTIONS, path)).await;
        assert_eq!((options.status().as_u16(), options.body().len()), (204, 0), "OPTIONS {path}");
        assert_eq!(options.headers().get("allow").unwrap(), allow, "OPTIONS {path}");
        for absent in ["content-type", "www-authenticate"] {
            assert_eq!(options.headers().get(absent), None, "OPTIONS {path}");
        }
    }
}

pub async fn head_is_get_without_a_body<A: App>() {
    let house = House::<A>::new().await;
    let token = house.token_for("root").await;
    let root = house.child(&token).await;
    let record = format!("/auth/tokens/{}", token.id);
    for path in ["/auth/tokens", &record, "/auth/audiences", "/auth/.well-known/jwks.json"] {
        let full = house.send(get(path).bearer(&root)).await;
        let head = house.send(with(Method::HEAD, path).bearer(&root)).await;
        assert_eq!((full.status().as_u16(), head.status().as_u16()), (200, 200), "{path}");
        assert_eq!(head.body().len(), 0, "{path}");
        assert_eq!(head.headers().get("content-length").unwrap(), &full.body().len().to_string(), "{path}");
        let (mut sent, mut expected) = (head.headers().clone(), full.headers().clone());
        // In process nobody need write the length of a whole body.
        sent.remove("content-length");
        expected.remove("content-length");
        assert_eq!(sent, expected, "{path}");
    }
    house.refuses(with(Method::HEAD, "/auth/tokens"), &Expected::no_credentials()).await;
}
