//! A resource server beside a quickstart: it accepts its access tokens, and hears of what was revoked.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use end_to_end::{Actor, App, Framework, Setup, on_both};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

on_both!(
    a_child_opens_it_and_a_dead_one_does_not,
    a_new_key_is_accepted_and_a_retired_one_refused,
    it_goes_on_while_its_issuer_is_gone,
    it_may_start_before_its_issuer,
    an_issuer_that_answers_nonsense_changes_nothing,
    made_up_keys_cost_the_issuer_nothing,
    the_cut_offs_are_a_document_for_caches,
    wrong_settings,
);

/// How long something that happens in the background may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Until the resource answers like that.
async fn until(resource: &Actor, path: &str, status: u16) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "how long it takes is told")]
    let started = Instant::now();
    loop {
        let answer = resource.get(path).await;
        if answer.status == status {
            return started.elapsed();
        }
        assert!(started.elapsed() < PATIENCE, "{path} does not become {status}: {answer:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A resource server that asks each second, and has what it needs.
async fn resource(framework: Framework, issuer: &str) -> App {
    let resource = unready(framework, issuer).await;
    until(&resource.anon(), "/health/ready", 200).await;
    resource
}

async fn unready(framework: Framework, issuer: &str) -> App {
    let setup = Setup::resource_server(framework, issuer).env("JETON_CUT_OFFS_INTERVAL", 1);
    setup.start().await
}

fn issuer_of(app: &App) -> String {
    format!("{}/auth", app.url)
}

async fn health(resource: &App) -> Value {
    resource.anon().get("/health/ready").await.json()
}

async fn a_child_opens_it_and_a_dead_one_does_not(framework: Framework) {
    let issuer = App::start(framework).await;
    let resource = resource(framework, &issuer_of(&issuer)).await;
    let made = issuer.generate(json!({"subject": "alice"})).await;
    let token = issuer.exchange(&made.api_token).await.token().to_owned();
    let alice = resource.bearer(&token);
    assert_eq!(alice.get("/whoami").await.is(200).json()["subject"], "alice");
    alice.get("/reports").await.is(200);
    // Nobody is in a named audience there: only its issuer knows them.
    alice.get("/external").await.problem(403, "audience_denied");
    let external = issuer.user("ExternalApp").await.token().to_owned();
    resource.bearer(&external).get("/external").await.problem(403, "audience_denied");
    resource.bearer(&external).get("/reports").await.problem(403, "role_denied");
    let refused = resource.anon().get("/whoami").await;
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"reports\""));
    resource.bearer(&made.api_token).get("/whoami").await.problem(401, "invalid_token");

    issuer.admin().await.post_empty(&made.action("revoke")).await.is(200);
    let took = until(&alice, "/whoami", 401).await;
    eprintln!("revoked there after {took:?}");
    assert_eq!(
        alice.get("/whoami").await.problem(401, "invalid_token")["detail"],
        "the token was revoked, or its rights were changed"
    );
    resource.bearer(&external).get("/whoami").await.is(200);
    // One access token alone.
    issuer.anon().post_form("/auth/oauth2/revoke", &[("token", &external)]).await.is(200);
    until(&resource.bearer(&external), "/whoami", 401).await;
}

async fn a_new_key_is_accepted_and_a_retired_one_refused(framework: Framework) {
    let issuer = App::start(framework).await;
    let resource = resource(framework, &issuer_of(&issuer)).await;
    let made = issuer.generate(json!({"subject": "alice"})).await;
    let old = resource.bearer(issuer.exchange(&made.api_token).await.token());
    old.get("/reports").await.is(200);
    let admin = issuer.admin().await;
    let first = health(&resource).await["kids"][0].as_str().unwrap().to_owned();
    // Nothing is left that could sign at once: the new key signs with its first breath.
    admin.post_empty(&format!("/auth/keys/{first}/retire")).await.is(200);
    let new = resource.bearer(issuer.exchange(&made.api_token).await.token());
    let took = until(&new, "/reports", 200).await;
    eprintln!("the new key was known there after {took:?}");
    until(&old, "/reports", 401).await;
    assert!(!health(&resource).await["kids"].as_array().unwrap().contains(&json!(first)));
}

async fn it_goes_on_while_its_issuer_is_gone(framework: Framework) {
    let mut issuer = App::start(framework).await;
    let resource = resource(framework, &issuer_of(&issuer)).await;
    let dead = issuer.generate(json!({"subject": "bob"})).await;
    let bob = resource.bearer(issuer.exchange(&dead.api_token).await.token());
    let alice = resource.bearer(issuer.user("alice").await.token());
    issuer.admin().await.post_empty(&dead.action("disable")).await.is(200);
    until(&bob, "/whoami", 401).await;
    issuer.kill();
    while health(&resource).await["failing"] != json!(true) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    alice.get("/reports").await.is(200);
    bob.get("/whoami").await.problem(401, "invalid_token");
    resource.anon().get("/health/ready").await.is(200);
    assert!(resource.stderr().contains("what the issuer publishes cannot be read"), "{}", resource.stderr());
    assert!(!resource.stderr().contains(alice.token()));
}

async fn it_may_start_before_its_issuer(framework: Framework) {
    let issuer = Issuer::start().await;
    issuer.says(Says::Status503);
    let resource = unready(framework, &issuer.url).await;
    resource.anon().get("/whoami").await.problem(401, "no_credentials");
    resource.anon().get("/health/ready").await.is(503);
    let quickstart = issuer.quickstart(framework).await;
    let alice = resource.bearer(quickstart.user("alice").await.token());
    let answer = alice.get("/whoami").await;
    answer.problem(503, "unavailable");
    assert!(answer.header("retry-after").is_some() && answer.header("www-authenticate").is_none());
    issuer.says(Says::TheTruth);
    until(&alice, "/whoami", 200).await;
}

async fn an_issuer_that_answers_nonsense_changes_nothing(framework: Framework) {
    let issuer = Issuer::start().await;
    let quickstart = issuer.quickstart(framework).await;
    let setup = Setup::resource_server(framework, &issuer.url).env("JETON_CUT_OFFS_INTERVAL", 1);
    let resource = setup.env("JETON_KEYS_INTERVAL", 1).start().await;
    until(&resource.anon(), "/health/ready", 200).await;
    let alice = resource.bearer(quickstart.user("alice").await.token());
    for nonsense in [Says::Status503, Says::Nonsense, Says::TooMuch, Says::Elsewhere, Says::Nothing] {
        issuer.says(nonsense);
        let (keys, cut_offs) = (issuer.asked("jwks.json"), issuer.asked("cut-offs"));
        while issuer.asked("jwks.json") == keys || issuer.asked("cut-offs") == cut_offs {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        alice.get("/reports").await.is(200);
    }
    assert_eq!(issuer.asked("elsewhere"), 0, "no redirect is followed");
    assert_eq!(health(&resource).await["failing"], json!(true));
    issuer.says(Says::TheTruth);
    while health(&resource).await["failing"] != json!(false) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    alice.get("/reports").await.is(200);
}

async fn made_up_keys_cost_the_issuer_nothing(framework: Framework) {
    let issuer = Issuer::start().await;
    let quickstart = issuer.quickstart(framework).await;
    #[expect(clippy::disallowed_methods, reason = "how long it takes bounds how often it asks")]
    let started = Instant::now();
    let resource = resource(framework, &issuer.url).await;
    let good = quickstart.user("alice").await.token().to_owned();
    let (header, rest) = good.split_once('.').unwrap();
    let header = String::from_utf8(decode(header)).unwrap();
    let parsed: Value = serde_json::from_str(&header).unwrap();
    let kid = parsed["kid"].as_str().unwrap();
    for number in 0..300 {
        let made_up = header.replace(kid, &format!("made-up-{number}"));
        let token = format!("{}.{rest}", encode(&made_up));
        resource.bearer(&token).get("/whoami").await.problem(401, "invalid_token");
    }
    let most = 1 + usize::try_from(started.elapsed().as_secs() / 30).unwrap();
    let asked = issuer.asked("jwks.json");
    assert!((1..=most).contains(&asked), "{asked} times, and {most} are allowed");
    resource.bearer(&good).get("/whoami").await.is(200);
}

async fn the_cut_offs_are_a_document_for_caches(framework: Framework) {
    let app = App::start(framework).await;
    for (path, media_type) in [
        ("/auth/.well-known/cut-offs", "application/jwt"),
        ("/auth/.well-known/jwks.json", "application/jwk-set+json"),
    ] {
        let answer = app.anon().get(path).await.is(200);
        assert_eq!(answer.header("content-type"), Some(media_type));
        assert!(answer.header("cache-control").unwrap().starts_with("public, max-age="));
        let tag = answer.header("etag").unwrap().to_owned();
        let again = app.anon().request("GET", path).header("if-none-match", &tag).send().await.is(304);
        assert!(again.body.is_empty());
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        assert!(again.header("cache-control").is_some());
        app.anon().request("GET", path).header("if-none-match", "\"other\"").send().await.is(200);
        let head = app.anon().request("HEAD", path).send().await.is(200);
        assert_eq!((head.header("etag"), head.body.len()), (Some(tag.as_str()), 0));
        app.anon().post_empty(path).await.problem(405, "method_not_allowed");
    }
    let document = app.anon().get("/auth/.well-known/cut-offs").await;
    let mut parts = document.text().split('.').map(decode);
    let header: Value = serde_json::from_slice(&parts.next().unwrap()).unwrap();
    assert_eq!(header["typ"], "cut-offs+jwt");
    let claims: Value = serde_json::from_slice(&parts.next().unwrap()).unwrap();
    assert_eq!(claims["iss"], json!(issuer_of(&app)));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 120);
    // No door takes it for a token.
    let bearer = app.bearer(document.text());
    bearer.get("/whoami").await.invalid_token("the token is invalid");
    bearer.get("/direct").await.invalid_token("the token is invalid");
    bearer.post_empty("/auth/exchange").await.invalid_token("the token is invalid");
    bearer.get("/auth/tokens").await.problem(401, "invalid_token");
}

async fn wrong_settings(framework: Framework) {
    for (issuer, name, value) in [
        ("", "JETON_ADDR", "127.0.0.1:0"),
        ("nonsense", "JETON_ADDR", "127.0.0.1:0"),
        ("http://app.example/auth", "JETON_ADDR", "127.0.0.1:0"),
        ("http://localhost/auth", "JETON_CUT_OFFS_INTERVAL", "0"),
        ("http://localhost/auth", "JETON_KEYS_INTERVAL", "often"),
        ("http://localhost/auth", "JETON_ADDR", "nonsense"),
    ] {
        let ended = Setup::resource_server(framework, issuer).env(name, value).run().await;
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.lines().count() == 1, "{ended:?}");
    }
}

fn decode(part: &str) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(part).unwrap()
}

fn encode(text: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(text)
}

#[derive(Clone, Copy, Debug)]
enum Says {
    TheTruth,
    Status503,
    Nonsense,
    TooMuch,
    Elsewhere,
    /// And keeps the connection.
    Nothing,
}

/// The address of an issuer, behind which is a quickstart, or nobody who makes sense.
struct Issuer {
    url: String,
    state: Arc<State>,
}

struct State {
    says: Mutex<Says>,
    behind: Mutex<Option<Actor>>,
    asked: [(&'static str, AtomicUsize); 3],
}

impl Issuer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/auth", listener.local_addr().unwrap());
        let count = |name| (name, AtomicUsize::new(0));
        let state = Arc::new(State {
            says: Mutex::new(Says::TheTruth),
            behind: Mutex::new(None),
            asked: [count("jwks.json"), count("cut-offs"), count("elsewhere")],
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match connection.read_u8().await {
                            Ok(byte) => head.push(byte),
                            Err(_) => return,
                        }
                    }
                    let answer = state.answer(&String::from_utf8_lossy(&head)).await;
                    let _ = connection.write_all(&answer).await;
                    let _ = connection.shutdown().await;
                });
            }
        });
        Self { url, state }
    }

    /// One whose issuer this is.
    async fn quickstart(&self, framework: Framework) -> App {
        let app = Setup::new(framework).env("JETON_ISSUER", &self.url).start().await;
        *self.state.behind.lock().unwrap() = Some(app.anon());
        app
    }

    fn says(&self, says: Says) {
        *self.state.says.lock().unwrap() = says;
    }

    fn asked(&self, name: &str) -> usize {
        let (_, asked) = self.state.asked.iter().find(|(known, _)| *known == name).unwrap();
        asked.load(Ordering::SeqCst)
    }
}

impl State {
    async fn answer(&self, head: &str) -> Vec<u8> {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        for (name, asked) in &self.asked {
            if path.ends_with(name) {
                asked.fetch_add(1, Ordering::SeqCst);
            }
        }
        let says = *self.says.lock().unwrap();
        match says {
            Says::TheTruth => {
                let behind = self.behind.lock().unwrap().clone();
                let Some(behind) = behind else { return Vec::new() };
                let answer = behind.get(&path).await;
                written(&format!("{} OK", answer.status), "", &answer.body)
            }
            Says::Status503 => written("503 Service Unavailable", "", b""),
            Says::Nonsense => written("200 OK", "", b"<html>welcome</html>"),
            Says::TooMuch => written("200 OK", "", &vec![b' '; 17 * 1024 * 1024]),
            Says::Elsewhere => written("302 Found", "Location: /elsewhere\r\n", b""),
            Says::Nothing => std::future::pending().await,
        }
    }
}

fn written(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
