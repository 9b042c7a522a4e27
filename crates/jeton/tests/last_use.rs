//! When and from where a token was last used: exchanges and children count for the record.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{admin, child, service, store::Call, world};
use jeton::{Authority, Exchange, LastUse, Record, policy::Facts};

async fn last_use(authority: &Authority, record: &Record) -> LastUse {
    authority.flush().await.unwrap();
    authority.find(&admin(), record.id).await.unwrap().last_use
}

#[tokio::test]
async fn exchanges_and_children_count_for_the_record() {
    let (world, authority) = world().await;
    let made = service(&authority, "used").await;
    assert_eq!(last_use(&authority, &made.record).await, LastUse::default());

    let origin = jeton::Origin { address: Some("192.0.2.1".parse().unwrap()), user_agent: None };
    let request = Exchange { origin, ..Exchange::default() };
    let exchanged = authority.exchange(made.api_token.expose(), &request).await.unwrap();
    let first = LastUse { at: Some(authority.now()), address: "192.0.2.1".parse().ok() };
    assert_eq!(last_use(&authority, &made.record).await, first);

    world.clock.pass(60);
    let principal = authority.authenticate(exchanged.access_token.expose()).unwrap();
    let facts = authority.facts("2001:db8::1".parse().ok());
    authority.used(&principal, &facts);
    let second = LastUse { at: Some(authority.now()), address: "2001:db8::1".parse().ok() };
    assert_eq!(last_use(&authority, &made.record).await, second);

    let after = authority.find(&admin(), made.record.id).await.unwrap();
    assert_eq!(after.version, made.record.version, "it is outside of the version");
}

#[tokio::test]
async fn a_minute_costs_one_write_and_an_outage_loses_nothing() {
    let (world, authority) = world().await;
    let made = service(&authority, "busy").await;
    let principal = authority.authenticate(&child(&authority, &made).await).unwrap();
    authority.flush().await.unwrap();
    let before = world.store.count(Call::Touch);
    for _ in 0..100 {
        authority.used(&principal, &Facts::default());
        authority.flush().await.unwrap();
    }
    assert_eq!(world.store.count(Call::Touch), before, "the exchange of this minute was written down");

    world.clock.pass(60);
    authority.used(&principal, &Facts::default());
    world.store.fail(Call::Touch, true);
    assert!(authority.flush().await.is_err());
    world.store.fail(Call::Touch, false);
    assert_eq!(last_use(&authority, &made.record).await.at, Some(authority.now()));
}
