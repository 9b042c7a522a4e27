//! The quickstarts as programs: what they print, how they end, and what they say of settings that make no sense.

use std::fs;

use end_to_end::{App, Framework, Setup, on_both};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

on_both!(
    it_prints_two_lines,
    sigterm_ends_it_cleanly,
    it_can_be_ended_as_soon_as_it_serves,
    the_memory_keeps_nothing,
    health,
    wrong_settings,
    a_file_that_is_no_database
);

async fn it_prints_two_lines(framework: Framework) {
    let setup = Setup::new(framework);
    let mut app = setup.start().await;
    let expected = format!("admin-token: {}\nlistening: {}\n", app.admin_token.as_ref().unwrap(), app.url);
    assert_eq!(app.stdout(), expected);
    assert!(app.url.starts_with("http://127.0.0.1:") && !app.url.ends_with(":0"), "{}", app.url);
    let admin = app.admin().await.get("/whoami").await.is(200).json();
    assert_eq!((&admin["subject"], &admin["roles"]), (&json!("root"), &json!(["token-admin"])));
    app.kill();
    let app = setup.start().await;
    assert_eq!(app.stdout(), format!("listening: {}\n", app.url));
    assert!(app.database().exists());
}

async fn sigterm_ends_it_cleanly(framework: Framework) {
    let mut app = App::start(framework).await;
    // A connection that is kept open, and one on which nothing was ever said, hold nothing up.
    let mut kept = TcpStream::connect(app.address()).await.unwrap();
    kept.write_all(b"GET /public HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(kept.read(&mut [0; 1024]).await.unwrap() > 0);
    let silent = TcpStream::connect(app.address()).await.unwrap();
    let status = app.terminate().await;
    assert_eq!(status.code(), Some(0), "{status}: {}", app.stderr());
    assert!(TcpStream::connect(app.address()).await.is_err());
    drop(silent);
}

async fn it_can_be_ended_as_soon_as_it_serves(framework: Framework) {
    let setup = Setup::new(framework).env("JETON_DATABASE_URL", "memory:");
    for _ in 0..20 {
        let mut app = setup.start().await;
        let status = app.terminate().await;
        assert_eq!(status.code(), Some(0), "{status}: {}", app.stderr());
    }
}

async fn the_memory_keeps_nothing(framework: Framework) {
    let setup = Setup::new(framework).env("JETON_DATABASE_URL", "memory:");
    let mut first = setup.start().await;
    let alice = first.user("alice").await;
    alice.get("/reports").await.is(200);
    assert!(first.terminate().await.success());
    assert_eq!(fs::read_dir(setup.data()).unwrap().count(), 0);
    let second = setup.start().await;
    assert!(second.admin_token.is_some());
    second.bearer(alice.token()).get("/reports").await.invalid_token("the token is invalid");
    second
        .bearer(first.admin_token.as_ref().unwrap())
        .post_empty("/auth/exchange")
        .await
        .invalid_token("the token is invalid");
}

async fn health(framework: Framework) {
    let app = App::start(framework).await;
    for path in ["/health/live", "/health/ready"] {
        app.anon().get(path).await.is(200);
        app.anon().request("HEAD", path).send().await.is(200);
    }
}

async fn wrong_settings(framework: Framework) {
    let busy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let busy = busy.local_addr().unwrap().to_string();
    let secret = "c2VjcmV0LXRleHQtdGhhdC1pcy1ubyBrZXk";
    for (name, value) in [
        ("JETON_ADDR", "nonsense"),
        ("JETON_ADDR", "127.0.0.1:99999"),
        ("JETON_ADDR", busy.as_str()),
        ("JETON_DATABASE_URL", "oracle:secret-text@host"),
        ("JETON_DATABASE_URL", "secret-text"),
        ("JETON_DATABASE_URL", "sqlite:"),
        ("JETON_ACCESS_TTL", "secret-text"),
        ("JETON_ACCESS_TTL", "-5"),
        ("JETON_ACCESS_TTL", "0"),
        ("JETON_ACCESS_TTL", "99999999"),
        ("JETON_ISSUER", "secret-text"),
        ("JETON_REVEAL", "secret-text"),
        ("JETON_REFUSE_AFTER", "secret-text"),
        ("JETON_REFUSE_AFTER", "1"),
        ("JETON_MASTER_KEY", "secret-text"),
        ("JETON_MASTER_KEY", secret),
        ("JETON_MASTER_KEY", "YWJj"),
    ] {
        let ended = Setup::new(framework).env(name, value).run().await;
        let told = format!("{name}={value}: {ended:?}");
        assert_eq!(ended.status.code(), Some(1), "{told}");
        assert_eq!(ended.stdout, "", "{told}");
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.lines().count() == 1, "{told}");
        assert!(!ended.stderr.contains("secret") && !ended.stderr.contains(secret), "{told}");
    }
    for name in ["JETON_DATABASE_URL", "JETON_ACCESS_TTL", "JETON_REVEAL", "JETON_MASTER_KEY", "JETON_ADDR"] {
        let ended = Setup::new(framework).env(name, "nonsense").run().await;
        assert!(ended.stderr.contains(name), "{name}: {ended:?}");
    }
    // Empty is not set.
    let setup =
        Setup::new(framework).env("JETON_ISSUER", "").env("JETON_ACCESS_TTL", "").env("JETON_REVEAL", "");
    let setup = setup.env("JETON_MASTER_KEY", "").env("JETON_DATABASE_URL", "");
    setup.env("JETON_REFUSE_AFTER", "").start().await;
}

async fn a_file_that_is_no_database(framework: Framework) {
    let missing = Setup::new(framework).env("JETON_DATABASE_URL", "sqlite:there/is/no/folder.db").run().await;
    assert_eq!(missing.status.code(), Some(1), "{missing:?}");
    assert!(missing.stderr.contains("folder.db"), "{missing:?}");

    let setup = Setup::new(framework);
    let text = "these are my notes, and I would not like to lose them".repeat(20);
    fs::write(setup.data().join("jeton.sqlite3"), &text).unwrap();
    let ended = setup.run().await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.starts_with("error: "), "{ended:?}");
    assert_eq!(fs::read_to_string(setup.data().join("jeton.sqlite3")).unwrap(), text);

    let setup = Setup::new(framework);
    fs::write(setup.data().join("jeton.sqlite3.master-key"), "secret-text").unwrap();
    let ended = setup.run().await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.starts_with("error: ") && !ended.stderr.contains("secret"), "{ended:?}");
}
