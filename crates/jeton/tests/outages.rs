//! A store that does not answer is an outage, never a refusal, and never an acceptance.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::error::Error as _;

use crate::common::{Call, admin, child, service, world};
use jeton::{AuthenticateError, Edit, Exchange, ExchangeError, Generate, ManageError, Unavailable};

fn is_store<T>(answer: Result<T, ManageError>) -> bool {
    matches!(answer, Err(ManageError::Unavailable(Unavailable::Store(_))))
}

#[tokio::test]
async fn every_call_tells_that_it_could_not_tell() {
    let (world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let id = token.record.id;
    let access_token = child(&authority, &token).await;
    for call in [Call::Insert, Call::Find, Call::List, Call::Update, Call::Changes, Call::Ping] {
        world.store.fail(call, true);
    }
    let api_token = token.api_token.expose();
    let answer = authority.exchange(api_token, &Exchange::default()).await;
    assert!(matches!(answer, Err(ExchangeError::Unavailable(Unavailable::Store(_)))), "{answer:?}");
    let answer = authority.authenticate_api_token(api_token, jeton::OriginRef::default()).await;
    assert!(matches!(answer, Err(AuthenticateError::Unavailable(Unavailable::Store(_)))), "{answer:?}");
    assert!(is_store(authority.find(&admin(), id).await));
    assert!(is_store(authority.list(&admin(), Default::default(), Default::default(), None, 10).await));
    assert!(is_store(authority.generate(&admin(), Generate::new("new")).await));
    assert!(is_store(authority.update(&admin(), id, Edit::default(), None).await));
    assert!(is_store(authority.disable(&admin(), id).await));
    assert!(is_store(authority.enable(&admin(), id).await));
    assert!(is_store(authority.revoke(&admin(), id).await));
    assert!(is_store(authority.delete(&admin(), id).await));
    assert!(authority.sync().await.is_err() && authority.ready().await.is_err());
    assert!(authority.authenticate(&access_token).is_ok(), "access tokens need no store");

    world.store.fail(Call::Find, false);
    assert!(is_store(authority.revoke(&admin(), id).await), "the update fails, not the read");
}

#[tokio::test]
async fn the_cause_is_in_the_sources_and_not_in_the_text() {
    let (world, authority) = world().await;
    world.store.fail(Call::Find, true);
    let error = authority.find(&admin(), crate::common::unknown_id()).await.unwrap_err();
    assert_eq!(error.to_string(), "the store did not answer");
    assert_eq!(error.source().unwrap().to_string(), "the disk is gone");
}
