//! Managed keys on several nodes: when they change, what goes on meanwhile, and what opens them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use crate::common::{FakeClock, ISSUER, admin, child, seconds, service};
use jeton::{
    Authority, AuthorityBuilder, Exchange, ExchangeError, Generated, KeyState, KeyStore, MasterKey,
    MemoryStore, Rejection, Ring, StaticDirectory,
};

const LEAD: u64 = 360;
const DAY: u64 = 86_400;
const EVERY: u64 = 7 * DAY;
/// All that an access token may live, on every clock.
const SPAN: u64 = crate::common::TTL + crate::common::SKEW + crate::common::LEEWAY;

/// One store and one clock, and keys that are kept there.
#[derive(Default)]
struct Keys {
    store: Arc<MemoryStore>,
    clock: Arc<FakeClock>,
}

fn master(number: u8) -> MasterKey {
    MasterKey::from_base64url(&crate::common::keys::encode(&[number; 32])).unwrap()
}

impl Keys {
    fn builder(&self, master: MasterKey) -> AuthorityBuilder {
        Authority::builder(ISSUER)
            .store(self.store.clone())
            .managed_keys(self.store.clone(), master)
            .directory(Arc::new(StaticDirectory::new()))
            .clock(self.clock.clone())
            .access_ttl(seconds(crate::common::TTL))
            .clock_skew(seconds(crate::common::SKEW))
            .leeway(seconds(crate::common::LEEWAY))
            .key_lead(seconds(LEAD))
            .rotate_access_keys_every(seconds(EVERY))
            .feed_interval(seconds(1_000_000))
    }

    async fn node(&self) -> Authority {
        self.builder(master(1)).build().await.unwrap()
    }
}

async fn states(node: &Authority, ring: Ring) -> Vec<KeyState> {
    let keys = node.keys(&admin()).await.unwrap();
    keys.into_iter().filter(|key| key.ring == ring).map(|key| key.state).collect()
}

fn kid(token: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn signs(node: &Authority, token: &Generated) -> String {
    kid(&child(node, token).await)
}

#[tokio::test]
async fn access_keys_change_on_a_schedule_and_are_known_everywhere_before() {
    let keys = Keys::default();
    let (here, there) = (keys.node().await, keys.node().await);
    let token = service(&here, "CI").await;
    let first = signs(&here, &token).await;
    assert_eq!(signs(&there, &token).await, first, "the first key is one for all");
    keys.clock.pass(EVERY - LEAD - 1);
    here.keep_house().await.unwrap();
    assert_eq!(states(&here, Ring::Access).await, [KeyState::Signing], "a second too early");
    keys.clock.pass(1);
    here.keep_house().await.unwrap();
    there.keep_house().await.unwrap();
    here.keep_house().await.unwrap();
    // However many look after them, and however often: one new key.
    assert_eq!(states(&here, Ring::Access).await, [KeyState::Next, KeyState::Signing]);
    assert_eq!(states(&here, Ring::Api).await, [KeyState::Signing], "those of API tokens wait for a command");
    there.sync().await.unwrap();
    for node in [&here, &there] {
        assert_eq!(serde_json::to_value(node.jwks()).unwrap()["keys"].as_array().unwrap().len(), 2);
        assert_eq!(signs(node, &token).await, first);
    }
    keys.clock.pass(LEAD - 1);
    assert_eq!(signs(&here, &token).await, first);
    keys.clock.pass(1);
    let second = signs(&here, &token).await;
    assert_ne!(second, first);
    assert_eq!(signs(&there, &token).await, second);
}

#[tokio::test]
async fn an_old_access_key_goes_when_all_that_it_signed_has_ended() {
    let keys = Keys::default();
    let (here, there) = (keys.node().await, keys.node().await);
    let token = service(&here, "CI").await;
    here.rotate_keys(&admin(), Ring::Access).await.unwrap();
    there.sync().await.unwrap();
    keys.clock.pass(LEAD - 1);
    // The last one that the old key signs.
    let last = child(&there, &token).await;
    keys.clock.pass(1);
    let next = child(&there, &token).await;
    assert_ne!(kid(&last), kid(&next));
    for _ in 0..crate::common::TTL - 2 {
        keys.clock.pass(1);
        here.keep_house().await.unwrap();
        there.sync().await.unwrap();
        for node in [&here, &there] {
            assert!(node.authenticate(&last).is_ok());
            assert!(node.authenticate(&next).is_ok());
        }
    }
    assert_eq!(states(&here, Ring::Access).await, [KeyState::Signing, KeyState::Verifying]);
    keys.clock.pass(SPAN + LEAD);
    here.keep_house().await.unwrap();
    assert_eq!(states(&here, Ring::Access).await, [KeyState::Signing]);
    // The keys of API tokens stay as long as a record names them.
    here.rotate_keys(&admin(), Ring::Api).await.unwrap();
    keys.clock.pass(1000 * DAY);
    here.keep_house().await.unwrap();
    assert_eq!(states(&here, Ring::Api).await, [KeyState::Signing, KeyState::Verifying]);
}

#[tokio::test]
async fn a_retired_key_is_refused_by_the_other_node_once_it_has_read_on() {
    let keys = Keys::default();
    let (here, there) = (keys.node().await, keys.node().await);
    let token = service(&here, "CI").await;
    let access_token = child(&here, &token).await;
    for _ in 0..3 {
        assert!(there.authenticate(&access_token).is_ok());
    }
    here.retire_key(&admin(), &kid(&access_token)).await.unwrap();
    assert_eq!(here.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::Invalid));
    there.sync().await.unwrap();
    assert_eq!(
        there.authenticate(&access_token).unwrap_err().rejection(),
        Some(Rejection::Invalid),
        "remembered or not"
    );
    let new = child(&there, &token).await;
    assert!(here.authenticate(&new).is_ok() && there.authenticate(&new).is_ok());

    // The same with a key of API tokens, and with all that was got for them.
    here.retire_key(&admin(), &kid(token.api_token.expose())).await.unwrap();
    there.sync().await.unwrap();
    for node in [&here, &there] {
        assert!(node.authenticate(&new).is_err());
        let answer = node.exchange(token.api_token.expose(), &Exchange::default()).await;
        assert!(matches!(answer, Err(ExchangeError::Rejected(Rejection::Invalid))));
    }
    let other = service(&there, "other").await;
    here.sync().await.unwrap();
    assert!(here.authenticate(&child(&here, &other).await).is_ok());
    // Its private part is gone from the store.
    let stored = keys.store.keys().await.unwrap();
    for key in stored.iter().filter(|key| key.retired_at.is_some()) {
        assert!(key.sealed.body.is_empty() && key.sealed.wrapped.is_empty());
    }
}

#[tokio::test]
async fn the_master_key_is_changed_while_nodes_run() {
    let keys = Keys::default();
    let old = keys.node().await;
    let token = service(&old, "CI").await;
    let sealed = keys.store.keys().await.unwrap();
    assert!(keys.builder(master(2)).build().await.is_err(), "a wrong key opens nothing");
    assert_eq!(keys.store.keys().await.unwrap(), sealed, "and changes nothing");
    let with_both = || keys.builder(master(2)).previous_master_keys([master(1)]);
    let new = with_both().build().await.unwrap();
    // The node with the old one goes on with the keys that it has opened.
    old.sync().await.unwrap();
    for (from, to) in [(&old, &new), (&new, &old)] {
        assert!(to.authenticate(&child(from, &token).await).is_ok());
    }
    let resealed = keys.store.keys().await.unwrap();
    assert_eq!(resealed.len(), sealed.len());
    for (before, after) in sealed.iter().zip(&resealed) {
        assert_eq!(before.kid, after.kid);
        assert_ne!(before.sealed, after.sealed);
    }
    assert!(keys.builder(master(1)).build().await.is_err(), "the old one opens nothing any more");
    with_both().build().await.unwrap();
    let later = keys.builder(master(2)).build().await.unwrap();
    assert!(later.authenticate(&child(&later, &token).await).is_ok());
    assert_eq!(keys.store.keys().await.unwrap(), resealed, "what is sealed well is left alone");
}

/// What clients do without a pause while keys change, and how often it was good.
async fn work(
    node: Authority,
    other: Authority,
    token: Generated,
    over: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
) {
    while !over.load(Ordering::SeqCst) {
        let access_token = child(&node, &token).await;
        for node in [&node, &other] {
            let answer = node.authenticate(&access_token);
            assert!(answer.is_ok(), "{answer:?}");
        }
        done.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

/// Waits until each has got through a few times more.
async fn get_through(counts: &[Arc<AtomicUsize>], workers: &[tokio::task::JoinHandle<()>]) {
    let before: Vec<_> = counts.iter().map(|done| done.load(Ordering::SeqCst)).collect();
    while counts.iter().zip(&before).any(|(done, before)| done.load(Ordering::SeqCst) < before + 3) {
        assert!(workers.iter().all(|worker| !worker.is_finished()), "a good request was refused");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_good_request_is_refused_while_keys_rotate() {
    let keys = Keys::default();
    let (here, there) = (keys.node().await, keys.node().await);
    let token = service(&here, "CI").await;
    let over = Arc::new(AtomicBool::new(false));
    let counts: Vec<_> = (0..4).map(|_| Arc::new(AtomicUsize::new(0))).collect();
    let workers: Vec<_> = counts
        .iter()
        .enumerate()
        .map(|(number, done)| {
            let (node, other) = if number % 2 == 0 { (&here, &there) } else { (&there, &here) };
            tokio::spawn(work(node.clone(), other.clone(), token.clone(), over.clone(), done.clone()))
        })
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..10 {
        get_through(&counts, &workers).await;
        let node = if round % 2 == 0 { &here } else { &there };
        node.rotate_keys(&admin(), Ring::Access).await.unwrap();
        node.rotate_keys(&admin(), Ring::Api).await.unwrap();
        // Both read on within the lead, as nodes do each second.
        here.sync().await.unwrap();
        there.sync().await.unwrap();
        // In steps that no token in hand outlives; and old keys are dropped meanwhile.
        for _ in 0..LEAD / 60 {
            keys.clock.pass(60);
            get_through(&counts, &workers).await;
            here.keep_house().await.unwrap();
            there.keep_house().await.unwrap();
        }
        seen.insert(signs(&here, &token).await);
    }
    over.store(true, Ordering::SeqCst);
    for worker in workers {
        worker.await.unwrap();
    }
    assert_eq!(seen.len(), 10, "each rotation led to a new key");
    assert!(states(&here, Ring::Access).await.len() < 6, "old keys go");
}

#[tokio::test]
async fn a_ring_with_nothing_but_retired_keys_gets_a_new_one_at_the_start() {
    let keys = Keys::default();
    let node = keys.node().await;
    let token = service(&node, "CI").await;
    let old = child(&node, &token).await;
    drop(node);
    let entry = jeton::AuditEntry {
        at: keys.clock.at(0),
        action: jeton::Action::RetireKey,
        actor: "test".into(),
        token_id: None,
        tenant: None,
        origin: jeton::Origin::default(),
        reason: None,
    };
    for key in keys.store.keys().await.unwrap() {
        keys.store.retire_key(&key.kid, keys.clock.at(0), &entry).await.unwrap();
    }
    let (here, there) = tokio::join!(keys.node(), keys.node());
    for ring in Ring::ALL {
        assert_eq!(states(&here, ring).await, [KeyState::Signing, KeyState::Retired], "one for both nodes");
    }
    let rejected = here.exchange(token.api_token.expose(), &Exchange::default()).await;
    assert!(matches!(rejected, Err(ExchangeError::Rejected(Rejection::Invalid))), "{rejected:?}");
    let new = child(&here, &service(&here, "new").await).await;
    for node in [&here, &there] {
        assert!(node.authenticate(&new).is_ok());
        assert_eq!(crate::common::refusal(node.authenticate(&old)), Some(Rejection::Invalid));
    }
}
