//! When and from where a token was last used: exchanges and children count for the record.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::common::{
    admin, child, service,
    store::{Call, Side},
    world,
};
use jeton::{Authority, Exchange, LastUse, Origin, OriginRef, Record};

async fn last_use(authority: &Authority, record: &Record) -> LastUse {
    authority.flush().await.unwrap();
    authority.find(&admin(), record.id).await.unwrap().last_use
}

#[tokio::test]
async fn exchanges_and_children_count_for_the_record() {
    let (world, authority) = world().await;
    let made = service(&authority, "used").await;
    assert_eq!(last_use(&authority, &made.record).await, LastUse::default());

    let origin = Origin::new("192.0.2.1".parse().ok(), Some("curl/8\n"));
    let request = Exchange { origin, ..Exchange::default() };
    let exchanged = authority.exchange(made.api_token.expose(), &request).await.unwrap();
    let first = LastUse {
        at: Some(authority.now()),
        address: "192.0.2.1".parse().ok(),
        user_agent: Some("curl/8".into()),
        count: 1,
    };
    assert_eq!(last_use(&authority, &made.record).await, first);

    world.clock.pass(60);
    let from = OriginRef { address: "2001:db8::1".parse().ok(), user_agent: Some("app") };
    for origin in [from, OriginRef::default()] {
        authority.authenticate_from(exchanged.access_token.expose(), origin).unwrap();
    }
    let second = LastUse {
        at: Some(authority.now()),
        address: "2001:db8::1".parse().ok(),
        user_agent: Some("app".into()),
        count: 3,
    };
    assert_eq!(
        last_use(&authority, &made.record).await,
        second,
        "the first use of the minute, and all of them"
    );

    let after = authority.find(&admin(), made.record.id).await.unwrap();
    assert_eq!(after.version, made.record.version, "it is outside of the version");
}

#[tokio::test]
async fn a_minute_costs_one_write_and_an_outage_loses_nothing() {
    let (world, authority) = world().await;
    let made = service(&authority, "busy").await;
    let access = child(&authority, &made).await;
    let used = || authority.authenticate_from(&access, OriginRef::default()).unwrap();
    authority.sync().await.unwrap();
    let before = world.store.count(Call::Touch);
    for _ in 0..100 {
        used();
        authority.sync().await.unwrap();
    }
    assert_eq!(world.store.count(Call::Touch), before, "the exchange of this minute was written down");

    world.clock.pass(60);
    used();
    world.store.fail(Call::Touch, true);
    assert!(authority.sync().await.is_err());
    world.store.fail(Call::Touch, false);
    authority.sync().await.unwrap();
    let stored = authority.find(&admin(), made.record.id).await.unwrap().last_use;
    assert_eq!(
        (stored.at, stored.count),
        (Some(authority.now()), 102),
        "the exchange, and all that came after"
    );

    used();
    world.clock.pass(60);
    authority.sync().await.unwrap();
    let stored = authority.find(&admin(), made.record.id).await.unwrap().last_use;
    assert_eq!(
        (stored.at, stored.count),
        (Some(before_minute(&authority)), 103),
        "what was left over, a minute later"
    );
    let before = world.store.count(Call::Touch);
    authority.sync().await.unwrap();
    authority.flush().await.unwrap();
    assert_eq!(world.store.count(Call::Touch), before, "nothing is left");
}

fn before_minute(authority: &Authority) -> jeton::Timestamp {
    jeton::Timestamp::from_unix_seconds(authority.now().unix_seconds() - 60).unwrap()
}

#[tokio::test]
async fn of_two_who_write_at_a_time_each_use_is_written_once() {
    for side in [Side::Before, Side::After] {
        let (world, authority) = world().await;
        let made = service(&authority, "busy").await;
        let access = child(&authority, &made).await;
        let mut held = world.store.hold(Call::Touch, side);
        let node = authority.clone();
        let first = tokio::spawn(async move { node.flush().await.unwrap() });
        held.arrived().await;
        authority.authenticate_from(&access, OriginRef::default()).unwrap();
        let node = authority.clone();
        let second = tokio::spawn(async move { node.flush().await.unwrap() });
        // Whoever waits may go away.
        first.abort();
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        held.release();
        second.await.unwrap();
        assert_eq!(last_use(&authority, &made.record).await.count, 2, "{side:?}");
        assert_eq!(last_use(&authority, &made.record).await.count, 2, "and no more of them later");
    }
}
