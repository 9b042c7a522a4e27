//! A rotation in a SQLite file: what it wrote is what the next process reads.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{sync::Arc, time::Duration};

use jeton::{
    ApiToken, Authority, Caller, Conflict, Exchange, ExchangeError, Generate, ManageError, MasterKey, Record,
    Rejection, Reveal, Rotate, StaticDirectory,
};
use jeton_sqlx::SqliteStore;

/// A process that opens the database.
async fn node(path: &std::path::Path) -> Authority {
    let store = Arc::new(SqliteStore::open(path).await.unwrap());
    Authority::builder("https://app.example/auth")
        .store(store.clone())
        .directory(Arc::new(StaticDirectory::new()))
        .managed_keys(store, MasterKey::from_base64url(&"A".repeat(43)).unwrap())
        .reveal(Reveal::Again)
        .build()
        .await
        .unwrap()
}

async fn taken(authority: &Authority, token: &ApiToken) -> Result<String, Rejection> {
    match authority.exchange(token.expose(), &Exchange::default()).await {
        Ok(exchanged) => Ok(exchanged.access_token.expose().to_owned()),
        Err(ExchangeError::Rejected(rejection)) => Err(rejection),
        Err(error) => unreachable!("{error}"),
    }
}

#[tokio::test]
async fn a_rotation_goes_on_in_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.sqlite3");
    let (first, me) = (node(&path).await, Caller::system("test"));
    let old = first.generate(&me, Generate::new("CI")).await.unwrap();
    let id = old.record.id;
    let grace = Rotate { grace: Duration::from_secs(3600), expiry: None };
    let child = taken(&first, &old.api_token).await.unwrap();
    let lost = first.rotate(&me, id, grace).await.unwrap();
    drop(first);

    let second = node(&path).await;
    let found = second.find(&me, id).await.unwrap();
    // When it was last used is written down in the background, or not yet.
    assert_eq!(Record { last_use: lost.record.last_use.clone(), ..found }, lost.record);
    second.cancel_rotation(&me, id).await.unwrap();
    let new = second.rotate(&me, id, grace).await.unwrap();
    assert_eq!(new.record.credential.generation, 3, "a generation that was taken back never returns");
    drop(second);

    let third = node(&path).await;
    assert_eq!(taken(&third, &lost.api_token).await, Err(Rejection::Superseded));
    assert!(taken(&third, &old.api_token).await.is_ok() && third.authenticate(&child).is_ok());
    assert_eq!(third.reveal(&me, id).await.unwrap().expose(), new.api_token.expose());
    assert!(taken(&third, &new.api_token).await.is_ok());
    drop(third);

    let (fourth, fifth) = (node(&path).await, node(&path).await);
    for node in [&fourth, &fifth] {
        let answer = node.cancel_rotation(&me, id).await;
        assert!(matches!(answer, Err(ManageError::Conflict(Conflict::NotCancellable))), "it was used");
        let answer = node.rotate(&me, id, grace).await;
        assert!(matches!(answer, Err(ManageError::Conflict(Conflict::RotationInProgress))));
    }
    let children =
        [taken(&fourth, &old.api_token).await.unwrap(), taken(&fourth, &new.api_token).await.unwrap()];
    let last = fourth.rotate(&me, id, Rotate::default()).await.unwrap();
    assert_eq!((last.record.credential.generation, &last.record.previous), (4, &None));
    fifth.sync().await.unwrap();
    for node in [&fourth, &fifth] {
        for child in children.iter().chain([&child]) {
            assert_eq!(node.authenticate(child).unwrap_err().rejection(), Some(Rejection::CutOff));
        }
        for token in [&old, &lost, &new] {
            assert_eq!(taken(node, &token.api_token).await, Err(Rejection::Superseded));
        }
        assert!(taken(node, &last.api_token).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_rotations_at_a_time_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.sqlite3");
    let (nodes, me) = ([node(&path).await, node(&path).await], Caller::system("test"));
    let id = nodes[0].generate(&me, Generate::new("CI")).await.unwrap().record.id;
    let grace = Rotate { grace: Duration::from_secs(3600), expiry: None };
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (node, me) = (nodes[number % 2].clone(), me.clone());
            tokio::spawn(async move { node.rotate(&me, id, grace).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            Err(ManageError::Conflict(Conflict::RotationInProgress)) => {}
            Err(error) => unreachable!("{error}"),
        }
    }
    assert_eq!((won, nodes[1].find(&me, id).await.unwrap().last_generation), (1, 2));
}
