//! What is remembered of access tokens, against whatever refuses them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use crate::common::{World, admin, child, refusal, service};
use jeton::{
    Algorithm, Authority, Exchange, ExchangeError, Origin, OriginRef, Rejection, SigningKey, Store as _,
    SystemRandom,
};

/// A node that remembers tokens, or their hashes.
async fn node(world: &World, digests: bool) -> Authority {
    let builder = world.builder();
    let builder = if digests { builder.remember_digests() } else { builder };
    builder.build().await.unwrap()
}

/// A child that was accepted a moment ago, so that it is remembered.
async fn accepted(node: &Authority, name: &str) -> (jeton::RecordId, String) {
    let token = service(node, name).await;
    let child = child(node, &token).await;
    for _ in 0..2 {
        node.authenticate(&child).unwrap();
    }
    (token.record.id, child)
}

#[tokio::test]
async fn every_ground_of_refusal_holds_at_a_hit() {
    for digests in [false, true] {
        refusals_at_a_hit(digests).await;
    }
}

async fn refusals_at_a_hit(digests: bool) {
    let world = World::new();
    let node = node(&world, digests).await;
    // Its record.
    let (id, child) = accepted(&node, "record").await;
    node.disable(&admin(), id).await.unwrap();
    assert_eq!(refusal(node.authenticate(&child)), Some(Rejection::CutOff));
    node.enable(&admin(), id).await.unwrap();
    assert_eq!(refusal(node.authenticate(&child)), Some(Rejection::CutOff), "it was looked at since");
    // It alone, by its other name.
    let (_, child) = accepted(&node, "alone").await;
    let sibling = accepted(&node, "sibling").await.1;
    node.revoke_token(&child, &Origin::default()).await.unwrap();
    assert_eq!(refusal(node.authenticate(&child)), Some(Rejection::Revoked));
    assert_eq!(refusal(node.authenticate(&sibling)), None);
    // Its time.
    world.clock.pass(crate::common::TTL + crate::common::LEEWAY);
    assert_eq!(refusal(node.authenticate(&sibling)), Some(Rejection::Expired));
}

#[tokio::test]
async fn a_row_of_another_node_holds_at_a_hit() {
    for digests in [false, true] {
        a_row_at_a_hit(digests).await;
    }
}

async fn a_row_at_a_hit(digests: bool) {
    let world = World::new();
    let (here, there) = (node(&world, digests).await, node(&world, digests).await);
    let (id, child) = accepted(&here, "CI").await;
    there.revoke(&admin(), id).await.unwrap();
    here.sync().await.unwrap();
    assert_eq!(refusal(here.authenticate(&child)), Some(Rejection::CutOff));
    // After a restoration too, which names no record.
    let child = accepted(&here, "other").await.1;
    world.clock.pass(1);
    there.restored().await.unwrap();
    here.sync().await.unwrap();
    assert_eq!(refusal(here.authenticate(&child)), Some(Rejection::CutOff));
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    for digests in [false, true] {
        a_refusal(digests).await;
    }
}

async fn a_refusal(digests: bool) {
    let world = World::new();
    let node = node(&world, digests).await;
    let token = service(&node, "CI").await;
    let child = child(&node, &token).await;
    // Issued by a clock that is far ahead, as it seems.
    world.clock.set_wall_by(-61);
    for _ in 0..2 {
        assert_eq!(refusal(node.authenticate(&child)), Some(Rejection::NotYetValid));
    }
    world.clock.set_wall_by(1);
    node.authenticate(&child).unwrap();
    world.clock.set_wall_by(-1);
    assert_eq!(refusal(node.authenticate(&child)), Some(Rejection::NotYetValid), "and no hit forgets it");
}

/// What an API token proved is remembered by its hash: nothing that was not signed passes for it.
#[tokio::test]
async fn an_api_token_that_is_remembered_is_known_by_all_of_it() {
    let world = World::new();
    let node = world.node().await;
    let token = service(&node, "CI").await;
    let text = token.api_token.expose();
    for _ in 0..2 {
        node.exchange(text, &Exchange::default()).await.unwrap();
    }
    let changed =
        [format!("{text}="), format!("{text}A"), text[..text.len() - 1].to_owned(), format!(" {text}")];
    for changed in changed {
        assert!(node.exchange(&changed, &Exchange::default()).await.is_err(), "{changed}");
    }
    let long = format!("{text}{}", "A".repeat(9000));
    let refused = node.exchange(&long, &Exchange::default()).await.unwrap_err();
    assert!(matches!(refused, ExchangeError::Rejected(Rejection::TooLong)));
    // Its record is asked each time.
    node.disable(&admin(), token.record.id).await.unwrap();
    let refused = node.exchange(text, &Exchange::default()).await.unwrap_err();
    assert!(matches!(refused, ExchangeError::Rejected(Rejection::Disabled)));
    node.enable(&admin(), token.record.id).await.unwrap();
    node.exchange(text, &Exchange::default()).await.unwrap();
}

/// RSA takes a quarter of a millisecond for each signature: a task that is ready does not wait for all of them.
#[tokio::test]
async fn signatures_that_take_long_starve_nobody() {
    const EXCHANGES: usize = 64;
    let world = World::new();
    let key = SigningKey::generate(Algorithm::Rs256, &SystemRandom).unwrap();
    let node = world.builder().access_keys([key]).build().await.unwrap();
    let token = service(&node, "CI").await;
    let exchange = |node: Authority, text: String| async move {
        node.exchange(&text, &Exchange::default()).await.unwrap();
    };
    let text = token.api_token.expose().to_owned();
    let exchanges: Vec<_> =
        (0..EXCHANGES).map(|_| tokio::spawn(exchange(node.clone(), text.clone()))).collect();
    let mut turns = 0_usize;
    while !exchanges.iter().all(tokio::task::JoinHandle::is_finished) {
        tokio::task::yield_now().await;
        turns += 1;
    }
    // Signed in between, they would take about one turn each.
    assert!(turns > 10 * EXCHANGES, "{turns}");
}

/// Threads that ask without a pause, while records are revoked: whoever asks after the answer is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_let_in_after_the_answer() {
    for digests in [false, true] {
        ask_and_revoke(digests).await;
    }
}

async fn ask_and_revoke(digests: bool) {
    const RECORDS: usize = 100;
    let world = World::new();
    let node = node(&world, digests).await;
    let mut children = Vec::new();
    for number in 0..RECORDS {
        let (id, child) = accepted(&node, &format!("token {number}")).await;
        children.push((id, child, AtomicBool::new(false)));
    }
    let (children, late, asked) =
        (Arc::new(children), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (node, children) = (node.clone(), children.clone());
            let (late, asked, over) = (late.clone(), asked.clone(), over.clone());
            thread::spawn(move || {
                while !over.load(Ordering::Acquire) {
                    for (_, child, revoked) in &*children {
                        let revoked = revoked.load(Ordering::SeqCst);
                        let let_in = node.authenticate(child).is_ok();
                        late.fetch_add(usize::from(revoked && let_in), Ordering::Relaxed);
                        asked.fetch_add(usize::from(revoked), Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for (id, _, revoked) in &*children {
        node.revoke(&admin(), *id).await.unwrap();
        revoked.store(true, Ordering::SeqCst);
    }
    while asked.load(Ordering::Relaxed) < RECORDS {
        tokio::task::yield_now().await;
    }
    over.store(true, Ordering::Release);
    readers.into_iter().for_each(|reader| reader.join().unwrap());
    assert_eq!(late.load(Ordering::Relaxed), 0);
}

/// A hash that is known spares the signature, and nothing else: what it says is what was signed.
#[tokio::test]
async fn of_a_hash_all_is_as_it_was() {
    let world = World::new();
    let (whole, hashed) = (node(&world, false).await, node(&world, true).await);
    let child = accepted(&whole, "CI").await.1;
    assert!(!hashed.verifier().remembers(&child));
    let (first, second) = (hashed.authenticate(&child).unwrap(), hashed.authenticate(&child).unwrap());
    assert!(hashed.verifier().remembers(&child));
    let third = whole.authenticate(&child).unwrap();
    for principal in [&second, &third] {
        assert_eq!(format!("{first:?}"), format!("{principal:?}"));
    }
    for changed in [format!("{child}A"), child[..child.len() - 1].to_owned(), child.replacen('.', "..", 1)] {
        assert!(!hashed.verifier().remembers(&changed));
        hashed.authenticate(&changed).unwrap_err();
    }
}

/// Uses are counted at the token, and each of them once, whoever writes them down meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_use_is_counted_once() {
    const USES: u64 = 2000;
    let world = World::new();
    // Room for a few only: what is pushed out has counted too.
    let node = world.builder().remembered_bytes(8 * 1024).build().await.unwrap();
    let mut tokens = Vec::new();
    for number in 0..20 {
        tokens.push(accepted(&node, &format!("token {number}")).await);
    }
    let tokens = Arc::new(tokens);
    let users: Vec<_> = (0..4)
        .map(|_| {
            let (node, tokens) = (node.clone(), tokens.clone());
            thread::spawn(move || {
                for _ in 0..USES / 4 {
                    for (_, child) in &*tokens {
                        node.authenticate_from(child, OriginRef::default()).unwrap();
                    }
                }
            })
        })
        .collect();
    let mut passed = 0;
    while !users.iter().all(thread::JoinHandle::is_finished) {
        node.flush().await.unwrap();
        // Several minutes, and less than a lifetime.
        if passed < 240 {
            world.clock.pass(1);
            passed += 1;
        }
    }
    users.into_iter().for_each(|user| user.join().unwrap());
    node.flush().await.unwrap();
    for (id, _) in &*tokens {
        let record = world.store.find(*id).await.unwrap().unwrap();
        // The exchange was one as well.
        assert_eq!(record.last_use.count, USES + 1);
    }
}
