//! What a remembered token costs in memory: nothing at each request, and a bounded little while it is remembered.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and tells what it measured")]

mod common;

use std::net::IpAddr;

use allocation_counter::{AllocationInfo, measure};
use common::{World, child, generate, keys::payload, seconds};
use jeton::{
    Account, Authority, Generate, OriginRef, RecordId, Staleness, SystemRandom, Timestamp, Verifier,
};

/// A good access token of some length, and its authority.
async fn warm(world: &World) -> (Authority, String) {
    world.people.set("alice", Account::active().with_role("writer").with_role("reader").with_group("sales"));
    let node = world.builder().staleness(Staleness::RefuseAfter(seconds(2_000_000))).build().await.unwrap();
    let name = RecordId::new(Timestamp::MIN, &SystemRandom).unwrap().to_string();
    let token = generate(&node, Generate::new(name).with_subject("alice")).await;
    let access_token = child(&node, &token).await;
    (node, access_token)
}

fn counted(mut call: impl FnMut()) -> AllocationInfo {
    // Whatever is made once has been made then.
    call();
    call();
    measure(|| (0..1000).for_each(|_| call()))
}

#[tokio::test]
async fn a_known_token_costs_no_allocation() {
    let world = World::new();
    let (node, token) = warm(&world).await;
    let verifier: &Verifier = node.verifier();
    assert_eq!(counted(|| drop(verifier.verify(&token).unwrap())).count_total, 0);
    assert_eq!(counted(|| drop(node.authenticate(&token).unwrap())).count_total, 0);
    let address: IpAddr = "192.0.2.1".parse().unwrap();
    let origin = OriginRef { address: Some(address), user_agent: Some("curl") };
    assert_eq!(counted(|| drop(node.authenticate_from(&token, origin).unwrap())).count_total, 0);
    // What a policy asks for costs nothing either, and the measure does count.
    let principal = node.authenticate(&token).unwrap();
    let asked = || {
        assert!(principal.roles().contains("writer") && principal.scopes().contains("reports:read"));
        assert!(!principal.groups().contains("nobody") && principal.subject() == Some("alice"));
    };
    assert_eq!(counted(asked).count_total, 0);
    assert!(counted(|| drop(principal.roles().to_names())).count_total >= 1000);
}

/// So many good tokens of the same claims, each of a record of its own.
async fn distinct(world: &World, count: usize) -> Vec<String> {
    let (_, token) = warm(world).await;
    let mut claims = payload(&token);
    let header = world.access_key.header("at+jwt");
    let mut tokens = Vec::with_capacity(count);
    for _ in 0..count {
        let id = RecordId::new(Timestamp::MIN, &SystemRandom).unwrap().to_string();
        // As long as those that are made here.
        claims["jti"] = id.replace('-', "")[..22].into();
        claims["client_id"] = id.into();
        tokens.push(world.access_key.craft(&header, &claims.to_string()));
    }
    tokens
}

/// Accepts each token once: the node that remembers them, and how many bytes it took for it.
async fn remembered(world: &World, tokens: &[String], room: usize) -> (Authority, usize) {
    let node = world.builder().remembered_bytes(room).build().await.unwrap();
    let measured = measure(|| tokens.iter().for_each(|token| drop(node.authenticate(token).unwrap())));
    (node, usize::try_from(measured.bytes_current).unwrap())
}

#[tokio::test]
async fn a_remembered_token_takes_little_beside_its_text() {
    const COUNT: usize = 10_000;
    let world = World::new();
    let tokens = distinct(&world, COUNT).await;
    let text = tokens.iter().map(String::len).sum::<usize>();
    let (node, bytes) = remembered(&world, &tokens, 64 * 1024 * 1024).await;
    let beside = bytes.saturating_sub(text) / COUNT;
    println!("{} bytes of text and {beside} beside it, for each token", text / COUNT);
    assert!(bytes > text, "all of them are remembered");
    assert!(beside <= 300, "{beside}");
    drop(node);
}

/// However many come, and each once.
async fn storm(count: usize) {
    const ROOM: usize = 4 * 1024 * 1024;
    let world = World::new();
    let node = world.builder().remembered_bytes(ROOM).build().await.unwrap();
    let most = most_bytes(&world, &node, count).await;
    println!("{most} bytes at most, of {ROOM}");
    // With what the last tokens take while they are judged.
    assert!(most <= i64::try_from(ROOM + ROOM / 64).unwrap(), "{most}");
}

/// How many bytes a node takes at most for so many tokens, while each comes once.
async fn most_bytes(world: &World, node: &Authority, count: usize) -> i64 {
    const BATCH: usize = 10_000;
    let (mut bytes, mut most) = (0, 0);
    for _ in 0..count.div_ceil(BATCH) {
        let tokens = distinct(world, BATCH.min(count)).await;
        let accept = || tokens.iter().for_each(|token| drop(node.authenticate(token).unwrap()));
        let measured = measure(accept);
        most = most.max(bytes + i64::try_from(measured.bytes_max).unwrap());
        bytes += measured.bytes_current;
    }
    most
}

/// So many tokens, known by their hash, take no more than that. How many of a hundred are still known then.
async fn digests(count: usize, room: usize) -> usize {
    let world = World::new();
    let node = world.builder().remembered_bytes(room).remember_digests().build().await.unwrap();
    let first = distinct(&world, 100).await;
    let before = measure(|| first.iter().for_each(|token| drop(node.authenticate(token).unwrap())));
    let most = before.bytes_current + most_bytes(&world, &node, count - first.len()).await;
    println!("{most} bytes at most, of {room}, for {count} hashes");
    assert!(most <= i64::try_from(room).unwrap(), "{most}");
    first.iter().filter(|token| node.verifier().remembers(token)).count()
}

#[tokio::test]
async fn hashes_stay_within_their_bound() {
    // Tables grow by doubling: some are just large enough, and others have just grown.
    for count in [1_000, 1_100, 4_000, 4_200, 10_000] {
        // The room is divided, and not all parts get the same.
        let known = digests(count, 220 * count).await;
        assert!(known > 80, "{known} of 100");
        // However many come.
        digests(2 * count, 200 * count).await;
    }
}

#[ignore = "takes minutes: run it with --release"]
#[tokio::test]
async fn a_million_hashes_take_200_megabytes() {
    let known = digests(1_000_000, 200_000_000).await;
    // It is just as many as there is room for, and the room is divided.
    assert!(known > 80, "{known} of 100");
}

#[tokio::test]
async fn a_storm_of_good_tokens_stays_within_its_bound() {
    storm(30_000).await;
}

#[ignore = "takes minutes: run it with --release"]
#[tokio::test]
async fn a_storm_of_ten_million_good_tokens_stays_within_its_bound() {
    storm(10_000_000).await;
}
