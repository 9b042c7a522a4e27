//! The one table of refusals: what each request is answered, and that both frameworks answer it alike.

use std::time::Duration;

use end_to_end::{Actor, Answer, App, Framework, Made, Setup, on_both};
use serde_json::json;

on_both!(the_table, expired_tokens_are_refused, methods_that_are_not_served, what_is_not_there);

/// A request that is refused, and how.
struct Case {
    path: &'static str,
    method: &'static str,
    headers: Vec<Vec<u8>>,
    status: u16,
    code: &'static str,
    /// After `Bearer realm="demo"`; none for an answer without `WWW-Authenticate`.
    challenge: Option<&'static str>,
}

/// Whoever appears in the table.
struct Cast {
    app: App,
    alice: Actor,
    bob: Actor,
    external: Actor,
    alices: Made,
    disabled: Made,
    deleted: Made,
    orphan: Actor,
}

impl Cast {
    async fn on(framework: Framework) -> Self {
        let app = Setup::new(framework).env("JETON_ISSUER", "http://demo.example/auth").start().await;
        let alices = app.generate(json!({"subject": "alice"})).await;
        let disabled = app.generate(json!({})).await;
        let orphan = app.exchange(&disabled.api_token).await;
        let deleted = app.generate(json!({})).await;
        let admin = app.admin().await;
        admin.post_empty(&disabled.action("disable")).await.is(200);
        admin.delete(&deleted.path()).await.is(204);
        Self {
            alice: app.exchange(&alices.api_token).await,
            bob: app.user("bob").await,
            external: app.user("ExternalApp").await,
            alices,
            disabled,
            deleted,
            orphan,
            app,
        }
    }

    async fn send(&self, case: &Case) -> Answer {
        let request = self.app.anon().request(case.method, case.path);
        case.headers
            .iter()
            .fold(request, |request, value| request.header("authorization", value))
            .send()
            .await
    }
}

const NOT_TOLD: Option<&str> = Some("");
const MALFORMED: Option<&str> = Some(", error=\"invalid_request\"");
const INVALID: Option<&str> = Some(", error=\"invalid_token\", error_description=\"the token is invalid\"");
const REVOKED: Option<&str> = Some(", error=\"invalid_token\", error_description=\"the token was revoked\"");
const DISABLED: Option<&str> = Some(", error=\"invalid_token\", error_description=\"the token is disabled\"");
const CUT_OFF: Option<&str> = Some(
    ", error=\"invalid_token\", error_description=\"the token was revoked, or its rights were changed\"",
);
const SCOPE: Option<&str> = Some(", error=\"insufficient_scope\", scope=\"reports:write\"");
const READ: Option<&str> = Some(", error=\"insufficient_scope\", scope=\"tokens:read\"");

fn table(cast: &Cast) -> Vec<Case> {
    let case = |method, path, headers: &[&str], status, code, challenge| Case {
        path,
        method,
        headers: headers.iter().map(|header| header.as_bytes().to_vec()).collect(),
        status,
        code,
        challenge,
    };
    let bearer = |actor: &Actor| format!("Bearer {}", actor.token());
    let (alice, bob, orphan) = (bearer(&cast.alice), bearer(&cast.bob), bearer(&cast.orphan));
    let tampered = format!("{}A", alice.strip_suffix('A').unwrap_or(&alice[..alice.len() - 1]));
    let tampered = if tampered == alice { format!("{}Q", &alice[..alice.len() - 1]) } else { tampered };
    let unsigned = format!("{}.", alice.rsplit_once('.').unwrap().0);
    // {"typ":"at+jwt","alg":"none"} . {}
    let none = "Bearer eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJub25lIn0.e30.";
    let long = format!("Bearer {}", "a".repeat(8 * 1024 + 1));
    let api = format!("Bearer {}", cast.alices.api_token);
    let disabled = format!("Bearer {}", cast.disabled.api_token);
    let deleted = format!("Bearer {}", cast.deleted.api_token);
    let mut cases = vec![
        case("POST", "/reports", &[&alice], 403, "insufficient_scope", SCOPE),
        case("GET", "/auth/tokens", &[&alice], 403, "insufficient_scope", READ),
        case("GET", "/external", &[&alice], 403, "audience_denied", None),
        case("GET", "/external", &[&bob], 403, "audience_denied", None),
        case("GET", "/reports", &[&bearer(&cast.external)], 403, "role_denied", None),
        case("GET", "/whoami", &[&orphan], 401, "invalid_token", CUT_OFF),
        case("GET", "/direct", &[&orphan], 401, "invalid_token", CUT_OFF),
        case("GET", "/direct", &[&disabled], 401, "invalid_token", DISABLED),
        case("POST", "/auth/exchange", &[&disabled], 401, "invalid_token", DISABLED),
        case("GET", "/direct", &[&deleted], 401, "invalid_token", REVOKED),
        case("POST", "/auth/exchange", &[&deleted], 401, "invalid_token", REVOKED),
    ];
    let everywhere = [
        ("GET", "/whoami"),
        ("HEAD", "/whoami"),
        ("GET", "/reports"),
        ("POST", "/reports"),
        ("GET", "/external"),
        ("GET", "/direct"),
        ("POST", "/auth/exchange"),
        ("GET", "/auth/tokens"),
        ("POST", "/auth/tokens"),
        ("PATCH", "/auth/tokens/x"),
        ("DELETE", "/auth/tokens/x"),
        ("POST", "/auth/tokens/x/revoke"),
    ];
    for (method, path) in everywhere {
        let anonymous: [&[&str]; 6] =
            [&[], &[""], &["Basic YWxpY2U6cHc="], &["Token abc"], &["Bearerx abc"], &["bear"]];
        cases.extend(anonymous.map(|headers| case(method, path, headers, 401, "no_credentials", NOT_TOLD)));
        let malformed: [&[&str]; 11] = [
            &["Bearer"],
            &["bearer "],
            &["Bearer a b"],
            &["Bearer a,b"],
            &["Bearer \"a\""],
            &["Bearer ="],
            &["Bearer t\u{f6}ken"],
            &[&alice, &alice],
            &[&alice, "Basic YWxpY2U6cHc="],
            &["Basic YWxpY2U6cHc=", &api],
            &[&long],
        ];
        cases.extend(malformed.map(|headers| case(method, path, headers, 400, "invalid_request", MALFORMED)));
        let garbage = ["Bearer garbage", "Bearer a.b.c", "Bearer ..", none, &tampered, &unsigned];
        cases.extend(garbage.map(|header| case(method, path, &[header], 401, "invalid_token", INVALID)));
    }
    for (method, path) in [
        ("GET", "/whoami?access_token=abc"),
        ("GET", "/reports?a=b&access_token=abc"),
        ("GET", "/direct?%61ccess_token="),
        ("GET", "/auth/tokens?access_token=abc"),
        ("POST", "/auth/exchange?access_token=abc"),
    ] {
        cases.push(case(method, path, &[], 401, "no_credentials", NOT_TOLD));
        cases.push(case(method, path, &[&alice], 400, "invalid_request", MALFORMED));
    }
    cases
}

async fn the_table(framework: Framework) {
    let cast = Cast::on(framework).await;
    for case in table(&cast) {
        let told = format!("{} {} {:?}", case.method, case.path, case.headers);
        let answer = cast.send(&case).await;
        assert_eq!(answer.status, case.status, "{told}: {answer:?}");
        let challenge = case.challenge.map(|rest| format!("Bearer realm=\"demo\"{rest}"));
        assert_eq!(answer.header("www-authenticate"), challenge.as_deref(), "{told}: {answer:?}");
        if case.method == "HEAD" {
            assert!(answer.body.is_empty(), "{told}: {answer:?}");
        } else {
            answer.problem(case.status, case.code);
        }
    }
    // What is not refused: any case, and several blanks.
    for scheme in ["bearer ", "BEARER ", "bEaReR    "] {
        let header = format!("{scheme}{}", cast.alice.token());
        cast.app.anon().request("GET", "/whoami").header("authorization", header).send().await.is(200);
    }
    cast.external.get("/external").await.is(200);
    cast.bob.post_empty("/reports").await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_frameworks_answer_alike() {
    let (axum, actix) = tokio::join!(Cast::on(Framework::Axum), Cast::on(Framework::Actix));
    for (on_axum, on_actix) in table(&axum).iter().zip(&table(&actix)) {
        let told = format!("{} {} {:?}", on_axum.method, on_axum.path, on_axum.headers);
        let (one, other) = tokio::join!(axum.send(on_axum), actix.send(on_actix));
        assert_eq!(one.without_date(), other.without_date(), "{told}");
    }
    for path in ROUTES.iter().map(|(path, _)| path).chain(&NOWHERE) {
        for method in METHODS {
            let who = [
                (axum.app.anon(), actix.app.anon()),
                (axum.bob.clone(), actix.bob.clone()),
                (axum.external.clone(), actix.external.clone()),
            ];
            for (one, other) in who {
                let (one, other) =
                    tokio::join!(one.request(method, path).send(), other.request(method, path).send());
                let same = |answer: &Answer| match answer.status {
                    // The answer to `/whoami` holds an id, the keys are of each app.
                    200 => format!("{:?} {:?}", answer.status, answer.headers.get("content-type")),
                    _ => answer.without_date(),
                };
                assert_eq!(same(&one), same(&other), "{method} {path}");
            }
        }
    }
}

async fn expired_tokens_are_refused(framework: Framework) {
    let app = Setup::new(framework).env("JETON_ACCESS_TTL", 1).start().await;
    let made = app.generate(json!({"subject": "alice"})).await;
    let alice = app.exchange(&made.api_token).await;
    let refused = loop {
        let answer = alice.get("/whoami").await;
        if answer.status != 200 {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    refused.invalid_token("the token has expired");
    for path in ["/reports", "/external", "/direct", "/auth/tokens"] {
        alice.get(path).await.invalid_token("the token has expired");
    }
    // The API token lives on.
    app.exchange(&made.api_token).await.get("/reports").await.is(200);

    let soon = json!({"not_before": "2999-01-01T00:00:00Z", "never_expires": true});
    let early = app.generate(soon).await;
    assert_eq!(early.record["state"], "not_yet_valid");
    let early = app.bearer(&early.api_token);
    early.post_empty("/auth/exchange").await.invalid_token("the token is not yet valid");
    early.get("/direct").await.invalid_token("the token is not yet valid");
}

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

/// All routes, and what they serve.
const ROUTES: [(&str, &str); 12] = [
    ("/public", "GET, HEAD"),
    ("/whoami", "GET, HEAD"),
    ("/reports", "GET, HEAD, POST"),
    ("/external", "GET, HEAD"),
    ("/direct", "GET, HEAD"),
    ("/auth/exchange", "POST"),
    ("/auth/tokens", "GET, HEAD, POST"),
    ("/auth/tokens/x", "GET, HEAD, PATCH, DELETE"),
    ("/auth/tokens/x/disable", "POST"),
    ("/auth/tokens/x/enable", "POST"),
    ("/auth/tokens/x/revoke", "POST"),
    ("/auth/.well-known/jwks.json", "GET, HEAD"),
];

async fn methods_that_are_not_served(framework: Framework) {
    let cast = Cast::on(framework).await;
    for (path, allowed) in ROUTES {
        let caller = if path == "/external" { &cast.external } else { &cast.bob };
        for method in METHODS {
            let answer = caller.request(method, path).send().await;
            if method == "OPTIONS" {
                assert_eq!(answer.status, 204, "{method} {path}: {answer:?}");
            } else if allowed.split(", ").any(|allowed| allowed == method) {
                assert_ne!(answer.status, 405, "{method} {path}: {answer:?}");
                continue;
            } else if method == "HEAD" {
                assert_eq!((answer.status, answer.body.len()), (405, 0), "{method} {path}: {answer:?}");
            } else {
                answer.problem(405, "method_not_allowed");
            }
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}: {answer:?}");
        }
        let (get, head) = (caller.get(path).await, caller.request("HEAD", path).send().await);
        if get.status != 405 {
            let empty = Answer { body: Default::default(), ..get };
            assert_eq!(head.without_date(), empty.without_date(), "{path}");
        }
    }
}

const NOWHERE: [&str; 7] = [
    "/nothing",
    "/",
    "/auth/nothing",
    "/auth/tokens/x/nothing",
    "/auth/tokens/x/revoke/now",
    "/whoami/x",
    "/Public",
];

async fn what_is_not_there(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    for path in NOWHERE {
        app.anon().get(path).await.problem(404, "not_found");
        admin.get(path).await.problem(404, "not_found");
        admin.post(path, json!({})).await.problem(404, "not_found");
    }
}
