//! A token is in the one answer that gives it out, and nowhere else.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{
    error::Error,
    fmt::Debug,
    io::{self, Write},
    sync::{Arc, Mutex},
};

use common::{Call, World, admin, child, service};
use jeton::{
    Algorithm, AuditLog as _, Caller, Edit, Exchange, Generate, KeyStore as _, MasterKey, Query, Reveal,
    Rotate, Signatures, SigningKey, Store as _, SystemRandom,
};
use tracing::level_filters::LevelFilter;

/// All that was logged and printed.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn print(&mut self, value: &dyn Debug) {
        write!(self, "{value:?}\n{value:#?}\n").unwrap();
    }

    /// An error, as it is told and as it is logged, with all its sources.
    fn tell<T>(&mut self, answer: Result<T, impl Error>) {
        let Err(error) = answer else { unreachable!("it was to fail") };
        let mut next: Option<&dyn Error> = Some(&error);
        while let Some(error) = next {
            write!(self, "{error}\n{error:?}\n").unwrap();
            next = error.source();
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn no_token_is_logged_printed_or_told() {
    let mut paper = Paper::default();
    let writer = paper.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let world = World::new();
    let key = SigningKey::generate(Algorithm::Hs256, &SystemRandom).unwrap();
    paper.print(&key);
    let master = MasterKey::generate(&SystemRandom).unwrap();
    paper.print(&master);
    let builder = world.builder();
    paper.print(&builder);
    let authority = world.start(builder).await;
    let token = service(&authority, "CI").await;
    let api_token = token.api_token.expose().to_owned();
    let exchanged = authority.exchange(&api_token, &Exchange::default()).await.unwrap();
    let access_token = exchanged.access_token.expose().to_owned();
    let other = child(&authority, &token).await;
    let principal = authority.authenticate(&access_token).unwrap();
    let direct = authority.authenticate_api_token(&api_token, jeton::OriginRef::default()).await.unwrap();
    let values: [&dyn Debug; 14] = [
        &token,
        &token.api_token,
        &token.record,
        &exchanged,
        &exchanged.access_token,
        &principal,
        &direct,
        &Caller::from(principal.clone()),
        &authority,
        authority.verifier(),
        &authority.jwks(),
        &world.store.memory(),
        &Exchange::default(),
        &Generate::new("x"),
    ];
    for value in values {
        paper.print(value);
    }

    // Other tokens of the same record, and the same one again.
    let again = world.start(world.builder().reveal(Reveal::Again)).await;
    paper.print(&again.reveal(&admin(), token.record.id).await.unwrap());
    let request = Rotate { grace: common::seconds(3600), expiry: None };
    let cancelled = authority.rotate(&admin(), token.record.id, request).await.unwrap();
    paper.print(&cancelled);
    authority.cancel_rotation(&admin(), token.record.id).await.unwrap();
    let rotated =
        authority.rotate_self(&api_token, common::seconds(3600), &jeton::Origin::default()).await.unwrap();
    paper.print(&rotated);
    let newest = child(&authority, &rotated).await;
    paper.tell(authority.rotate_self(&api_token, common::seconds(3600), &jeton::Origin::default()).await);
    paper.tell(authority.rotate(&admin(), token.record.id, request).await);
    paper.tell(authority.cancel_rotation(&admin(), token.record.id).await);
    paper.tell(authority.exchange(cancelled.api_token.expose(), &Exchange::default()).await);
    paper.tell(authority.reveal(&admin(), token.record.id).await);

    // Every way to be refused.
    paper.tell(authority.authenticate(&api_token));
    paper.tell(authority.authenticate(&format!("{access_token}x")));
    paper.tell(authority.authenticate(&access_token.repeat(40)));
    paper.tell(authority.exchange(&access_token, &Exchange::default()).await);
    paper.tell(authority.authenticate_api_token(&other, jeton::OriginRef::default()).await);
    let far = Exchange { audience: Some("x".into()), ..Exchange::default() };
    paper.tell(authority.exchange(&api_token, &far).await);
    paper.tell(authority.generate(&admin(), Generate::new("CI")).await);
    paper.tell(authority.generate(&admin(), Generate::new(api_token.clone())).await);
    paper.tell(
        Exchange::default()
            .with_scope_parameter(&format!("\"{api_token}"))
            .map_err(|e| io::Error::other(e.detail)),
    );
    paper.tell(api_token.parse::<jeton::RecordId>());
    world.store.fail(Call::Find, true);
    world.store.fail(Call::Insert, true);
    paper.tell(authority.exchange(&api_token, &Exchange::default()).await);
    paper.tell(authority.generate(&admin(), Generate::new("new")).await);
    world.store.fail(Call::Find, false);
    world.store.fail(Call::Changes, true);
    paper.tell(authority.sync().await);
    authority
        .update(&admin(), token.record.id, Edit { roles: Some(Default::default()), ..Edit::default() }, None)
        .await
        .unwrap();
    authority.disable(&admin(), token.record.id).await.unwrap();
    paper.tell(authority.exchange(&api_token, &Exchange::default()).await);
    authority.revoke(&admin(), token.record.id).await.unwrap();
    paper.tell(authority.exchange(&api_token, &Exchange::default()).await);
    paper.tell(authority.authenticate(&access_token));
    authority.delete(&admin(), token.record.id).await.unwrap();

    for call in [Call::Insert, Call::Changes] {
        world.store.fail(call, false);
    }
    // Key and secret, and a signature by it that counts once.
    let secretive = world.start(world.with_secrets(Signatures::AcceptedOnce)).await;
    world.people.set("alice", jeton::Account::active());
    let keyed = secretive.generate(&admin(), Generate::new("keyed").with_key_and_secret()).await.unwrap();
    paper.print(&keyed);
    let pair = keyed.secret.as_ref().unwrap();
    paper.print(pair);
    paper.print(&pair.secret);
    let signature = common::signature::sign(pair, world.clock.unix(), "alice");
    paper.print(&secretive.exchange_signature(&signature, &Exchange::default()).await.unwrap());
    paper.tell(secretive.exchange_signature(&signature, &Exchange::default()).await);
    paper.tell(secretive.exchange_signature(&format!("{signature}0"), &Exchange::default()).await);
    let by_secret =
        secretive.exchange_secret(&pair.key, pair.secret.expose(), &Exchange::default()).await.unwrap();
    paper.print(&by_secret);
    paper.tell(secretive.exchange_secret(&pair.key, &signature, &Exchange::default()).await);
    let rotated_pair = secretive.rotate(&admin(), keyed.record.id, Rotate::default()).await.unwrap();
    paper.print(&rotated_pair);
    paper.tell(secretive.exchange_secret(&pair.key, pair.secret.expose(), &Exchange::default()).await);
    paper.tell(secretive.exchange(pair.secret.expose(), &Exchange::default()).await);
    secretive.report_leak(keyed.api_token.expose(), &jeton::Origin::default()).await.unwrap();
    authority.flush().await.unwrap();

    // What the store holds.
    secretive.flush().await.unwrap();
    let everything = jeton::AuditQuery { filter: Default::default(), before: None, limit: 200 };
    paper.print(&world.store.memory().audit(&everything).await.unwrap());
    let memory = &world.store.memory();
    paper.print(&memory.find(token.record.id).await.unwrap());
    paper.print(&memory.changes(None).await.unwrap());
    let query = Query {
        filter: Default::default(),
        sort: Default::default(),
        after: None,
        limit: 200,
        now: world.clock.at(0),
    };
    paper.print(&memory.list(&query).await.unwrap());
    paper.print(&memory.keys().await.unwrap());

    let text = paper.text();
    for word in ["generate", "exchange", "edit", "disable", "revoke", "delete", "rotate", "reveal"] {
        assert!(text.contains(&format!("action=\"{word}\"")), "the log was caught: {word}");
    }
    assert!(text.contains("(redacted)"));
    let taken = world.store.names();
    assert!(taken.iter().any(|name| name.starts_with("signature ")), "it was remembered");
    let text = format!("{text}\n{}", taken.join("\n"));
    let rotated_secret = rotated_pair.secret.unwrap();
    let hash = signature.rsplit_once('_').unwrap().1;
    let bytes: Vec<u8> =
        (0..64).step_by(2).map(|at| u8::from_str_radix(&hash[at..at + 2], 16).unwrap()).collect();
    let macs = [pair.secret.expose(), rotated_secret.secret.expose()]
        .map(|secret| secret.split_once('.').unwrap().1);
    for secret in [macs[0], macs[1], hash, &common::keys::encode(&bytes)] {
        assert!(!text.contains(&secret[..16]), "the beginning of a secret or of a signature is on paper");
    }
    let (cancelled, rotated) = (cancelled.api_token.expose(), rotated.api_token.expose());
    let of_the_secret =
        [by_secret.access_token.expose(), keyed.api_token.expose(), rotated_pair.api_token.expose()];
    for token in
        [&api_token, &access_token, &other, &newest, cancelled, rotated].into_iter().chain(of_the_secret)
    {
        for part in token.split('.').skip(1) {
            assert!(!text.contains(part), "a part of a token is on paper");
            assert!(!text.contains(&part[..16]), "the beginning of a part of a token is on paper");
        }
    }
}

#[tokio::test]
async fn the_sealed_key_shows_no_key() {
    let world = World::new();
    let store = Arc::new(jeton::MemoryStore::new());
    let master = MasterKey::from_base64url(&"A".repeat(43)).unwrap();
    let authority = jeton::Authority::builder(common::ISSUER)
        .store(store.clone())
        .directory(world.people.clone())
        .managed_keys(store.clone(), master)
        .build()
        .await
        .unwrap();
    let token = service(&authority, "CI").await;
    assert!(authority.authenticate(&child(&authority, &token).await).is_ok());
    for key in store.keys().await.unwrap() {
        let bytes = [key.sealed.wrapped.as_slice(), &key.sealed.body].concat();
        assert!(!bytes.windows(7).any(|window| window == b"PRIVATE"));
    }
    let wrong = MasterKey::from_base64url(&format!("{}E", "A".repeat(42))).unwrap();
    let builder =
        jeton::Authority::builder(common::ISSUER).store(store.clone()).directory(world.people.clone());
    assert!(builder.managed_keys(store, wrong).build().await.is_err());
}
