use std::sync::Arc;

use jeton::{Authority, Caller, Generate, MasterKey, MemoryStore, StaticDirectory, SystemRandom};
use jeton_console::Console;

use crate::house::{House, house};

async fn managed() -> House {
    let other = house().await;
    let store = Arc::new(MemoryStore::new());
    let authority = Authority::builder("https://app.example/auth")
        .store(store.clone())
        .managed_keys(store, MasterKey::generate(&SystemRandom).unwrap())
        .directory(Arc::new(other.people.clone()))
        .clock(Arc::new(other.clock.clone()))
        .build()
        .await
        .unwrap();
    let _: &StaticDirectory = &other.people;
    House { console: Console::new(authority.clone()), authority, ..other }
}

#[tokio::test]
async fn keys_are_seen_rotated_and_retired() {
    let house = managed().await;
    let root = house.host("root", None);
    let text = root.get("/keys").await.is(200).has("Signing").has("Rotate now").text();
    assert_eq!(text.matches("badge active").count(), 3, "one key signs in each ring");
    root.get("/keys/rotate?ring=api").await.is(200).has("Rotate the ring “API tokens”?");
    root.post("/keys/rotate", &[("ring", "api")]).await.leads_to("/keys?done=rotated");
    let keys = house.authority.keys(&Caller::system("x")).await.unwrap();
    let api: Vec<_> = keys.iter().filter(|key| key.ring == jeton::Ring::Api).collect();
    assert_eq!(api.len(), 2);
    let old = api.iter().find(|key| key.state == jeton::KeyState::Verifying).unwrap().kid.clone();
    root.get("/keys?done=rotated").await.has("There is a new key.").has(&old);
    root.get(&format!("/keys/retire?kid={old}"))
        .await
        .is(200)
        .has("Everything that this key signed is refused at once");
    root.post("/keys/retire", &[("kid", &old), ("reason", "lost")]).await.leads_to("/keys?done=retired");
    root.get("/keys").await.is(200).has("badge revoked");
    for (path, fields) in [("/keys/rotate", [("ring", "x")]), ("/keys/retire", [("kid", "x")])] {
        root.post(path, &fields).await.is(404);
        root.get(path).await.is(404);
    }
    root.get("/audit?action=retire_key").await.is(200).has(&old);
    house.host("alice", None).get("/keys").await.is(403);
    house.host("alice", None).post("/keys/rotate", &[("ring", "api")]).await.is(403);
}

#[tokio::test]
async fn keys_of_the_app_are_shown_and_left_alone() {
    let house = house().await;
    let root = house.host("root", None);
    root.get("/keys").await.is(200).has("given by the app").lacks("Rotate now").lacks("Retire");
    root.post("/keys/rotate", &[("ring", "api")]).await.is(409);
}

#[tokio::test]
async fn a_key_and_its_secret_are_shown_beside_the_token() {
    let house = managed().await;
    let root = house.host("root", None);
    root.get("/tokens/new").await.is(200).has("id=\"key_and_secret\"");
    let fields = [("name", "pair"), ("key_and_secret", "true"), ("expires", "30")];
    let shown = root.post("/tokens/new", &fields).await.is(200);
    let (key, secret) = (shown.value("key"), shown.value("secret"));
    assert!(house.authority.find(&Caller::system("x"), key.parse().unwrap()).await.unwrap().has_secret);
    assert!(secret.len() > 20);
    root.get(&format!("/tokens/{key}")).await.is(200).lacks(&secret);
    let edit = root.get(&format!("/tokens/{key}/edit")).await.is(200);
    drop(edit.lacks("id=\"key_and_secret\""));
    let plain = house.generate(Generate::new("plain")).await.record.id;
    root.get(&format!("/tokens/{plain}")).await.is(200).lacks("<dd>Yes</dd>");
}
