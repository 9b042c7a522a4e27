//! The header itself: absent, of another scheme, malformed, several, too long.

use http::HeaderValue;

use crate::refusals::{
    App,
    expected::{Expected, INVALID},
    house::{Ask as _, House, get, post},
};

pub async fn without_credentials_nobody_passes<A: App>() {
    let house = House::<A>::new().await;
    let expected = Expected::no_credentials();
    for path in ["/any", "/role", "/scope", "/direct", "/behind-proxies", "/network"] {
        house.refuses(get(path), &expected).await;
        house.refuses(post(path).json("{}"), &expected).await;
        for other in ["Basic YTpi", "Token abc", "Digest a=\"b\"", "Bearer2 abc", "Bear", ""] {
            house.refuses(get(path).header("authorization", other), &expected).await;
        }
    }
}

pub async fn a_good_token_passes_however_the_scheme_is_written<A: App>() {
    let house = House::<A>::new().await;
    let token = house.child_for("alice").await;
    for start in ["Bearer ", "bearer ", "BEARER ", "bEaReR ", "Bearer    "] {
        let header = format!("{start}{token}");
        house.lets_pass(get("/any").header("authorization", &header), "alice").await;
        house.lets_pass(post("/any").header("authorization", &header).json("{}"), "alice").await;
    }
}

pub async fn malformed_headers_are_bad_requests<A: App>() {
    let house = House::<A>::new().await;
    let token = house.child_for("alice").await;
    let headers =
        ["Bearer", "Bearer ", "bearer", "Bearer a b", "Bearer a,b", "Bearer =", "Bearer \"a\"", "Bearer a=b"];
    for path in ["/any", "/direct", "/optional"] {
        for header in headers {
            house.refuses(get(path).header("authorization", header), &Expected::invalid_request()).await;
        }
        let pair = format!("Bearer {token}, Bearer {token}");
        house.refuses(get(path).header("authorization", pair), &Expected::invalid_request()).await;
        let latin = HeaderValue::from_bytes(b"Bearer \xe9").unwrap();
        house.refuses(get(path).header("authorization", latin), &Expected::invalid_request()).await;
    }
}

pub async fn several_headers_are_a_bad_request<A: App>() {
    let house = House::<A>::new().await;
    let good = format!("Bearer {}", house.child_for("alice").await);
    let pairs = [(&*good, &*good), ("Basic YTpi", &*good), (&*good, "Basic YTpi"), ("Basic a", "Basic a")];
    for path in ["/any", "/direct", "/optional"] {
        for (first, second) in pairs {
            let request = get(path).header("authorization", first).header("authorization", second);
            house.refuses(request, &Expected::invalid_request()).await;
        }
    }
}

/// RFC 6750 §2.3, and §3.1 on more than one method.
pub async fn a_token_in_the_query_is_never_taken<A: App>() {
    let house = House::<A>::new().await;
    let token = house.child_for("alice").await;
    let path = format!("/any?access_token={token}");
    house.refuses(get(&path), &Expected::no_credentials()).await;
    house.refuses(get(&path).bearer(&token), &Expected::invalid_request()).await;
    let escaped = format!("/any?x=1&access%5Ftoken={token}");
    house.refuses(get(&escaped).bearer(&token), &Expected::invalid_request()).await;
    house.lets_pass(get("/any?access=token").bearer(&token), "alice").await;
}

pub async fn a_token_over_the_limit_is_a_bad_request<A: App>() {
    const LIMIT: usize = 8 * 1024;
    let house = House::<A>::new().await;
    let token = house.child_for("alice").await;
    for path in ["/any", "/direct", "/optional"] {
        house.refuses(get(path).bearer(&"a".repeat(LIMIT)), &Expected::invalid_token(INVALID)).await;
        house.refuses(get(path).bearer(&"a".repeat(LIMIT + 1)), &Expected::invalid_request()).await;
        let padded = format!("{token}{}", "a".repeat(LIMIT));
        house.refuses(get(path).bearer(&padded), &Expected::invalid_request()).await;
    }
}
