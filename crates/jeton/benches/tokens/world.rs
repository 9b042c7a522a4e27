//! An authority over the store in memory, and tokens of it.

use std::{sync::Arc, time::Duration};

use jeton::{
    Account, Algorithm, Authority, AuthorityBuilder, Caller, Exchange, Generate, Generated, MemoryStore,
    SigningKey, StaticDirectory, SystemRandom,
};
use serde::{Deserialize, Serialize};

use crate::bare::Key;

pub(crate) const ISSUER: &str = "https://app.example/auth";

/// What is compared. Others of a family cost the same.
pub(crate) const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Hs256, Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

/// The claims of an access token, as a program by hand would read and write them.
#[derive(Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    sub: String,
    aud: String,
    client_id: String,
    jti: String,
    iat: i64,
    exp: i64,
    scope: String,
    roles: Vec<String>,
    groups: Vec<String>,
    epoch: u64,
}

/// Signs access tokens with that key, and API tokens with HS256.
pub(crate) fn builder(access: &Key) -> AuthorityBuilder {
    let account = Account::active().with_role("reader").with_role("writer").with_group("sales");
    Authority::builder(ISSUER)
        .store(Arc::new(MemoryStore::new()))
        .directory(Arc::new(StaticDirectory::new().with("alice", account)))
        .api_keys([SigningKey::generate(Algorithm::Hs256, &SystemRandom).unwrap()])
        .access_keys([access.signing()])
        .cached_records(1_000, Duration::from_secs(60))
}

/// An API token for alice.
pub(crate) async fn api_token(authority: &Authority, name: &str) -> Generated {
    let generate = Generate::new(name).with_subject("alice");
    authority.generate(&Caller::system("benchmark"), generate).await.unwrap()
}

/// An access token of that one.
pub(crate) async fn child(authority: &Authority, token: &Generated) -> String {
    let exchanged = authority.exchange(token.api_token.expose(), &Exchange::default()).await.unwrap();
    exchanged.access_token.expose().to_owned()
}
