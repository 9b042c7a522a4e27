//! What the tests share: a clock that is set, a store and a directory that wait and fail on command, keys that the
//! test holds too, and an authority put together from them.
#![allow(dead_code, unused_imports, clippy::unwrap_used, reason = "each test uses its part, and may panic")]

pub(crate) mod clock;
pub(crate) mod issuer;
pub(crate) mod keys;
pub(crate) mod numbers;
pub(crate) mod people;
pub(crate) mod signature;
pub(crate) mod signers;
pub(crate) mod sink;
pub(crate) mod store;

use std::{sync::Arc, time::Duration};

use jeton::{
    Algorithm, AuthenticateError, Authority, AuthorityBuilder, Caller, Exchange, Generate, Generated, Names,
    Principal, RecordId, Rejection, Signatures, SigningKey, rights::RoleMap,
};

pub(crate) use self::{
    clock::FakeClock,
    keys::TestKey,
    people::People,
    sink::Ears,
    store::{Call, StagedStore},
};

pub(crate) const ISSUER: &str = "https://app.example/auth";
pub(crate) const API: &str = "https://app.example/api";
pub(crate) const OTHER_API: &str = "https://app.example/other";
pub(crate) const FOREIGN_API: &str = "https://elsewhere.example";

pub(crate) const TTL: u64 = 300;
pub(crate) const SKEW: u64 = 60;
pub(crate) const LEEWAY: u64 = 10;

/// One store, one directory and one set of keys, for as many nodes as a test wants.
pub(crate) struct World {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) store: Arc<StagedStore>,
    pub(crate) people: Arc<People>,
    pub(crate) api_key: TestKey,
    pub(crate) access_key: TestKey,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            clock: Arc::default(),
            store: Arc::default(),
            people: Arc::default(),
            api_key: TestKey::new(),
            access_key: TestKey::new(),
        }
    }

    /// The settings of one more node. Its feed is read when the test says so.
    pub(crate) fn builder(&self) -> AuthorityBuilder {
        let map = RoleMap::default()
            .with("reader", ["reports:read"])
            .with("writer", ["reports:read", "reports:write"])
            .with("clerk", ["tokens:read", "tokens:write"]);
        Authority::builder(ISSUER)
            .store(self.store.clone())
            .directory(self.people.clone())
            .clock(self.clock.clone())
            .api_keys([self.api_key.signing()])
            .access_keys([self.access_key.signing()])
            .audience(API)
            .audience(OTHER_API)
            .foreign_audience(FOREIGN_API)
            .role_map(map)
            .access_ttl(seconds(TTL))
            .clock_skew(seconds(SKEW))
            .leeway(seconds(LEEWAY))
            .feed_interval(seconds(1_000_000))
    }

    /// The same, with keys and secrets, and signatures by them.
    pub(crate) fn with_secrets(&self, signatures: Signatures) -> AuthorityBuilder {
        self.builder().secret_keys([secret_key(1)]).signatures(signatures)
    }

    pub(crate) async fn node(&self) -> Authority {
        self.start(self.builder()).await
    }

    /// Builds it, and waits until what it does in the background has come to rest: for those who count calls.
    pub(crate) async fn start(&self, builder: AuthorityBuilder) -> Authority {
        let before = self.store.count(Call::PruneNames);
        let authority = builder.build().await.unwrap();
        for _ in 0..10_000 {
            // The last of what is done at the start, unless the test lets something before it fail.
            if self.store.count(Call::PruneNames) > before {
                break;
            }
            tokio::task::yield_now().await;
        }
        authority
    }

    /// The same for one that keeps house when the test says so, and has done it once.
    pub(crate) async fn start_house(&self, builder: AuthorityBuilder) -> Authority {
        let before = self.store.count(Call::PruneNames);
        let authority = self.start(builder.housekeeping_interval(seconds(1_000_000))).await;
        while self.store.count(Call::PruneNames) == before {
            tokio::task::yield_now().await;
        }
        authority
    }
}

/// A world with one node and one token in it.
pub(crate) async fn world() -> (World, Authority) {
    let world = World::new();
    let authority = world.node().await;
    (world, authority)
}

pub(crate) fn admin() -> Caller {
    Caller::system("test")
}

/// A key from which secrets are derived, the same for the same number.
pub(crate) fn secret_key(number: u8) -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, &[number; 32], format!("secret-{number}")).unwrap()
}

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(crate) fn names(list: &[&str]) -> Names {
    list.iter().map(|name| (*name).to_owned()).collect()
}

/// A service token of that name that may read and write reports.
pub(crate) async fn service(authority: &Authority, name: &str) -> Generated {
    let request = Generate::new(name).with_role("writer").with_scope("extra");
    authority.generate(&admin(), request).await.unwrap()
}

pub(crate) async fn generate(authority: &Authority, request: Generate) -> Generated {
    authority.generate(&admin(), request).await.unwrap()
}

/// A child of the token.
pub(crate) async fn child(authority: &Authority, token: &Generated) -> String {
    let exchanged = authority.exchange(token.api_token.expose(), &Exchange::default()).await.unwrap();
    exchanged.access_token.expose().to_owned()
}

/// The principal of a token made for it.
pub(crate) async fn principal(authority: &Authority, request: Generate) -> Principal {
    let token = generate(authority, request).await;
    authority.authenticate(&child(authority, &token).await).unwrap()
}

/// A record id that no record has.
pub(crate) fn unknown_id() -> RecordId {
    RecordId::from_bytes([7; 16])
}

/// Why an access token is refused, if it is. That nobody can tell is no refusal.
pub(crate) fn refusal(answer: Result<Principal, AuthenticateError>) -> Option<Rejection> {
    answer.err().map(|error| error.rejection().unwrap())
}

/// Why that token is refused as the bearer of a request, if it is refused like that elsewhere.
pub(crate) fn as_bearer(token: &str, rejection: Rejection) -> Rejection {
    let malformed = rejection == Rejection::Invalid && !jeton::is_b64token(token);
    if malformed { Rejection::Malformed } else { rejection }
}
