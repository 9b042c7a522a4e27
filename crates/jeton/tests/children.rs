//! Killing an API token kills the access tokens made from it: after the answer, none is accepted.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use crate::common::{admin, child, names, service, world};
use jeton::{Authority, Edit, RecordId, Rejection};

#[derive(Clone, Copy, Debug)]
enum Kill {
    Disable,
    Revoke,
    Delete,
    Narrow,
}

async fn kill(authority: &Authority, id: RecordId, how: Kill) {
    match how {
        Kill::Disable => authority.disable(&admin(), id).await.map(drop),
        Kill::Revoke => authority.revoke(&admin(), id).await.map(drop),
        Kill::Delete => authority.delete(&admin(), id).await,
        Kill::Narrow => {
            let edit = Edit { scopes: Some(names(&[])), ..Edit::default() };
            authority.update(&admin(), id, edit, None).await.map(drop)
        }
    }
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_child_is_accepted_after_the_answer() {
    for how in [Kill::Disable, Kill::Revoke, Kill::Delete, Kill::Narrow] {
        for round in 0..10 {
            let (_world, authority) = world().await;
            let token = service(&authority, "CI").await;
            let access_token = child(&authority, &token).await;
            let dead = Arc::new(AtomicBool::new(false));
            let (accepted, before, after) =
                <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
            let hammers: Vec<_> = (0..4)
                .map(|_| {
                    let (authority, access_token) = (authority.clone(), access_token.clone());
                    let (dead, accepted, before, after) =
                        (dead.clone(), accepted.clone(), before.clone(), after.clone());
                    tokio::spawn(async move {
                        while after.load(Ordering::SeqCst) < 400 {
                            let was_dead = dead.load(Ordering::SeqCst);
                            let good = authority.authenticate(&access_token).is_ok();
                            let count = if was_dead { &after } else { &before };
                            count.fetch_add(1, Ordering::SeqCst);
                            if good && was_dead {
                                accepted.fetch_add(1, Ordering::SeqCst);
                            }
                            tokio::task::yield_now().await;
                        }
                    })
                })
                .collect();
            while before.load(Ordering::SeqCst) < 40 {
                tokio::task::yield_now().await;
            }
            kill(&authority, token.record.id, how).await;
            dead.store(true, Ordering::SeqCst);
            for hammer in hammers {
                hammer.await.unwrap();
            }
            assert_eq!(accepted.load(Ordering::SeqCst), 0, "{how:?}, round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_exchange_that_runs_beside_the_kill_gives_nothing_that_outlives_it() {
    for round in 0..50 {
        let (_world, authority) = world().await;
        let token = service(&authority, "CI").await;
        let exchanges: Vec<_> = (0..4)
            .map(|_| {
                let (authority, token) = (authority.clone(), token.clone());
                tokio::spawn(async move {
                    let request = jeton::Exchange::default();
                    let exchanged = authority.exchange(token.api_token.expose(), &request).await;
                    exchanged.ok().map(|exchanged| exchanged.access_token)
                })
            })
            .collect();
        authority.revoke(&admin(), token.record.id).await.unwrap();
        for exchange in exchanges {
            if let Some(access_token) = exchange.await.unwrap() {
                let answer = authority.authenticate(access_token.expose());
                assert_eq!(answer.unwrap_err().rejection(), Some(Rejection::CutOff), "round {round}");
            }
        }
    }
}

#[tokio::test]
async fn enabling_revives_no_old_child_and_new_ones_live() {
    let (world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let id = token.record.id;
    let mut old = vec![child(&authority, &token).await];
    for _ in 0..3 {
        authority.disable(&admin(), id).await.unwrap();
        assert!(authority.exchange(token.api_token.expose(), &jeton::Exchange::default()).await.is_err());
        authority.enable(&admin(), id).await.unwrap();
        for access_token in &old {
            assert_eq!(
                authority.authenticate(access_token).unwrap_err().rejection(),
                Some(Rejection::CutOff)
            );
        }
        let new = child(&authority, &token).await;
        assert!(authority.authenticate(&new).is_ok());
        old.push(new);
        world.clock.pass(1);
    }
}

#[tokio::test]
async fn one_token_dies_and_the_others_live() {
    let (_world, authority) = world().await;
    let (one, two) = (service(&authority, "one").await, service(&authority, "two").await);
    let (first, second) = (child(&authority, &one).await, child(&authority, &two).await);
    authority.revoke(&admin(), one.record.id).await.unwrap();
    assert_eq!(authority.authenticate(&first).unwrap_err().rejection(), Some(Rejection::CutOff));
    assert!(authority.authenticate(&second).is_ok());
}
