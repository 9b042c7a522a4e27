//! How long tokens may live: one policy for every path that makes a token or lets one live longer.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use crate::common::{World, admin, service};
use jeton::{Edit, Expiry, Generate, ManageError, Rotate, State};

const DAY: Duration = Duration::from_secs(86_400);

fn pointer<T: std::fmt::Debug>(answer: Result<T, ManageError>) -> String {
    match answer {
        Err(ManageError::Invalid(errors)) if errors.len() == 1 => errors[0].pointer.clone(),
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn a_token_that_rotates_itself_gets_the_longest_life_that_is_allowed() {
    let world = World::new();
    let ever = Generate::new("ever").with_expiry(Expiry::Never);
    let ever = world.node().await.generate(&admin(), ever).await.unwrap();
    let strict = world.start(world.builder().max_lifetime(DAY * 10)).await;
    let rotated = strict.rotate_self(ever.api_token.expose(), DAY, &jeton::Origin::default()).await.unwrap();
    assert_eq!(rotated.record.grant.expires_at, Some(strict.now().saturating_add(DAY * 10)));
}

#[tokio::test]
async fn the_longest_life_holds_on_every_path() {
    let world = World::new();
    let free = world.node().await;
    let long = service(&free, "long").await.record;
    let until = Edit { expiry: Some(Expiry::InDays(20)), ..Edit::default() };
    free.update(&admin(), long.id, until, None).await.unwrap();
    free.disable(&admin(), long.id).await.unwrap();

    let strict = world.start(world.builder().max_lifetime(DAY * 10)).await;
    let generate =
        async |name: &str, expiry| strict.generate(&admin(), Generate::new(name).with_expiry(expiry)).await;
    assert_eq!(pointer(generate("a", Expiry::Never).await), "/never_expires");
    assert_eq!(pointer(generate("a", Expiry::InDays(11)).await), "/expires_in_days");
    let limit = strict.now().saturating_add(DAY * 10);
    let over = limit.saturating_add(Duration::from_secs(1));
    assert_eq!(pointer(generate("a", Expiry::At(over)).await), "/expires_at");
    let made = generate("a", Expiry::At(limit)).await.unwrap().record;
    let short = generate("b", Expiry::Default).await.unwrap().record;
    assert_eq!(short.grant.expires_at, Some(limit), "the default is cut to the limit");

    let edit = async |expiry| {
        let edit = Edit { expiry: Some(expiry), ..Edit::default() };
        strict.update(&admin(), made.id, edit, None).await
    };
    assert_eq!(pointer(edit(Expiry::Never).await), "/never_expires");
    assert_eq!(pointer(edit(Expiry::At(over)).await), "/expires_at");
    edit(Expiry::InDays(5)).await.unwrap();

    // A token from before the limit lives on as it is, but nothing lengthens its life.
    let rotate =
        async |expiry| strict.rotate(&admin(), long.id, Rotate { expiry, ..Rotate::default() }).await;
    assert_eq!(pointer(strict.enable(&admin(), long.id).await), "/expires_at");
    assert_eq!(pointer(rotate(None).await), "/expires_at");
    assert_eq!(pointer(rotate(Some(Expiry::InDays(11))).await), "/expires_in_days");
    let rotated = rotate(Some(Expiry::InDays(10))).await.unwrap().record;
    assert_eq!(rotated.grant.expires_at, Some(limit));
    assert_eq!(strict.enable(&admin(), long.id).await.unwrap().state(strict.now()), State::Active);
}
