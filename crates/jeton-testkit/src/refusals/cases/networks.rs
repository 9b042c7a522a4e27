//! From where a token may be used, and whose word on that is taken.

use http::request::Builder;

use crate::refusals::{
    App,
    expected::Expected,
    house::{Ask as _, House, get},
};

pub async fn a_token_bound_to_networks_is_used_there_alone<A: App>() {
    let house = House::<A>::new().await;
    let (token, child) = house.bound_to_network().await;
    let denied = Expected::denied("network_denied");
    for (path, bearer) in
        [("/any", &child), ("/optional", &child), ("/direct", &child), ("/direct", &token.text)]
    {
        for inside in ["10.9.9.9", "::ffff:10.9.9.9"] {
            house.lets_pass(get(path).from(inside).bearer(bearer), "root").await;
        }
        for outside in ["192.0.2.1", "11.0.0.1", "::1", "::ffff:11.0.0.1"] {
            house.refuses(get(path).from(outside).bearer(bearer), &denied).await;
        }
        // Nobody knows from where.
        house.refuses(get(path).bearer(bearer), &denied).await;
    }
}

pub async fn forwarded_addresses_are_believed_from_trusted_proxies_alone<A: App>() {
    let house = House::<A>::new().await;
    let (_, child) = house.bound_to_network().await;
    let denied = Expected::denied("network_denied");
    let request = |path: &str, peer: &str, hops: &[&str]| {
        let request = get(path).from(peer).bearer(&child).header("forwarded", "for=10.1.1.1");
        hops.iter().fold(request, |request: Builder, hop| request.header("x-forwarded-for", *hop))
    };
    let proxy = "192.0.2.1";
    house.refuses(request("/any", proxy, &["10.1.1.1"]), &denied).await;
    house.refuses(request("/behind-proxies", "198.51.100.1", &["10.1.1.1"]), &denied).await;
    for hops in [&["10.1.1.1"][..], &["203.0.113.9, 10.1.1.1"], &["203.0.113.9", "10.1.1.1", "192.0.2.7"]] {
        house.lets_pass(request("/behind-proxies", proxy, hops), "root").await;
    }
    for hops in [&[][..], &["10.1.1.1, 203.0.113.9"], &["10.1.1.1", "unknown"], &["10.1.1.1, "]] {
        house.refuses(request("/behind-proxies", proxy, hops), &denied).await;
    }
}

pub async fn a_rule_about_networks<A: App>() {
    let house = House::<A>::new().await;
    let alice = house.child_for("alice").await;
    house.lets_pass(get("/network").from("10.0.0.1").bearer(&alice), "alice").await;
    let denied = Expected::denied("network_denied");
    house.refuses(get("/network").from("192.0.2.1").bearer(&alice), &denied).await;
    house.refuses(get("/network").bearer(&alice), &denied).await;
}
