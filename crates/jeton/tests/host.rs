//! A host whose build enables both providers of jsonwebtoken, so that this library panics where nobody chose one.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{World, child, service};
use jeton::{Algorithm, SigningKey, SystemRandom};

#[tokio::test]
async fn what_another_crate_enables_changes_nothing_here() {
    let theirs = || {
        let key = jsonwebtoken::EncodingKey::from_secret(&[7; 32]);
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), &serde_json::json!({}), &key)
    };
    assert!(std::panic::catch_unwind(theirs).is_err(), "this build is such a host");
    for algorithm in Algorithm::ALL {
        let world = World::new();
        let key = || SigningKey::generate(algorithm, &SystemRandom).unwrap();
        let authority = world.start(world.builder().api_keys([key()]).access_keys([key()])).await;
        let token = service(&authority, "CI").await;
        let access_token = child(&authority, &token).await;
        assert!(authority.authenticate(&access_token).is_ok(), "{algorithm}");
    }
}
