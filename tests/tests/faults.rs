//! Outages of the database under load, and a node that stands still: what was acknowledged holds, and nothing that was
//! revoked is accepted again.

use std::time::{Duration, Instant};

use end_to_end::{Actor, App, Framework, Kind, Proxy, Server, Setup, on_each_kind};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use self::scene::{Connections, Scene, outages};

mod scene;

on_each_kind!(
    a_database_that_is_killed_under_load,
    a_network_that_swallows_under_load,
    a_node_that_was_cut_off_learns_what_was_revoked,
    a_node_that_is_not_woken_learns_within_a_second,
    a_node_that_stood_still_accepts_nothing_that_was_revoked,
);

/// How long anything may take that is waited for, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The connections of a node: in PostgreSQL its pool, the one that listens, and the one that reads the log; in Redis the
/// one that all share, and the one that listens.
fn connections_of_a_node(kind: Kind) -> usize {
    match kind {
        Kind::Postgres => 12,
        Kind::Redis => 2,
    }
}

/// Counted by the server, which begins anew when it was killed.
async fn counted(server: &Server) -> Connections {
    let number = |number: i64| usize::try_from(number).unwrap();
    match server.kind() {
        Kind::Postgres => {
            let mut direct = PgConnection::connect(server.url()).await.unwrap();
            let count = "SELECT (SELECT count(*) FROM pg_stat_activity
                                 WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
                                (SELECT sum(sessions)::bigint FROM pg_stat_database)";
            let (open, opened): (i64, i64) = sqlx::query_as(count).fetch_one(&mut direct).await.unwrap();
            Connections { open: number(open), opened: number(opened) }
        }
        Kind::Redis => {
            let client = redis::Client::open(server.url()).unwrap();
            let mut direct = client.get_multiplexed_async_connection().await.unwrap();
            let clients: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut direct).await.unwrap();
            let stats: redis::InfoDict =
                redis::cmd("INFO").arg("stats").query_async(&mut direct).await.unwrap();
            let opened = stats.get("total_connections_received").unwrap();
            Connections { open: clients.lines().count() - 1, opened: number(opened) }
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "it measures real time")]
fn now() -> Instant {
    Instant::now()
}

/// Waits for what comes sooner or later.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let start = now();
    while !holds().await {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

async fn status(who: &Actor, method: &str, path: &str) -> u16 {
    who.request(method, path).send().await.status
}

async fn exchange(node: &App, api_token: &str) -> u16 {
    status(&node.bearer(api_token), "POST", "/auth/exchange").await
}

async fn a_database_that_is_killed_under_load(kind: Kind) {
    let server = Server::start(kind);
    let scene = Scene::new([server.url(), server.url()]).await;
    let (kill, start) = (|| server.kill(), || server.start_again());
    let bound = 2 * connections_of_a_node(kind);
    // Whoever starts the server asks it, too, until it answers.
    let bound = Connections { open: bound, opened: 2 * bound + 20 };
    outages(scene, &format!("{kind:?} killed"), kill, start, async || counted(&server).await, bound).await;
}

async fn a_network_that_swallows_under_load(kind: Kind) {
    let server = Server::start(kind);
    let proxies = [Proxy::start(&server).await, Proxy::start(&server).await];
    let scene = Scene::new(proxies.each_ref().map(Proxy::url)).await;
    let swallow = |swallow| proxies.iter().for_each(|proxy| proxy.swallow(swallow));
    let connections = async || Connections {
        open: proxies.iter().map(Proxy::open).sum(),
        opened: proxies.iter().map(Proxy::opened).sum(),
    };
    let (fail, mend) = (|| swallow(true), || swallow(false));
    // One that listened keeps its place in each of the two outages: TCP alone gives it up.
    let bound = 2 * (connections_of_a_node(kind) + 2);
    let bound = Connections { open: bound, opened: 8 * bound };
    outages(scene, &format!("{kind:?} swallowed"), fail, mend, connections, bound).await;
}

/// Nothing wakes it: what it says when it wants to hear of changes is swallowed.
#[allow(clippy::print_stderr, reason = "it says what it measured")]
async fn a_node_that_is_not_woken_learns_within_a_second(kind: Kind) {
    const TIMES: usize = 20;
    let server = Server::start(kind);
    let word = match kind {
        Kind::Postgres => "LISTEN",
        Kind::Redis => "SUBSCRIBE",
    };
    let proxy = Proxy::without(&server, word).await;
    let one = Setup::node(Framework::Axum, server.url()).start().await;
    let other = Setup::node(Framework::Actix, proxy.url()).start().await;
    let times = crate::nodes::until_refused(&one, &other, TIMES, PATIENCE).await;
    let (half, most) = (times[TIMES / 2], times[TIMES - 1]);
    eprintln!("{kind:?}, not woken: refused after {half:?} (p50), {most:?} at most");
    // It reads once a second, and each try begins just after it has read. Of half the tries, and with room: a busy
    // machine holds up some of them.
    assert!(half < Duration::from_millis(2500), "{times:?}");
    assert!(most > Duration::from_millis(100), "something woke it: {times:?}");
}

/// One node alone is cut off, and what the other one revokes meanwhile it learns as soon as it is back.
async fn a_node_that_was_cut_off_learns_what_was_revoked(kind: Kind) {
    let server = Server::start(kind);
    let proxy = Proxy::start(&server).await;
    let one = Setup::node(Framework::Axum, server.url()).start().await;
    let other = Setup::node(Framework::Actix, proxy.url()).start().await;
    let admin = one.admin().await;
    let made = one.generate(json!({"subject": "alice"})).await;
    let child = other.exchange(&made.api_token).await;
    proxy.swallow(true);
    admin.post_empty(&made.action("revoke")).await.is(200);
    // Nobody could tell it, and it goes on with what it knows; but it exchanges nothing.
    child.get("/reports").await.is(200);
    assert_eq!(exchange(&other, &made.api_token).await, 503);
    proxy.swallow(false);
    until("refused", async || status(&child, "GET", "/reports").await == 401).await;
    until("refused", async || exchange(&other, &made.api_token).await == 401).await;
    assert_eq!(status(&child, "GET", "/reports").await, 401);
}

/// One of each framework, at the same time.
async fn a_node_that_stood_still_accepts_nothing_that_was_revoked(kind: Kind) {
    let server = Server::start(kind);
    let one = Setup::node(Framework::Axum, server.url()).start().await;
    tokio::join!(stands_still(&one, &server, Framework::Axum), stands_still(&one, &server, Framework::Actix));
}

/// How long it stands still: longer than its bound, or for `JETON_TEST_PAUSE` seconds.
fn pause(at_least: Duration) -> Duration {
    let seconds = std::env::var("JETON_TEST_PAUSE").ok().map(|seconds| seconds.parse().unwrap());
    seconds.map_or(at_least, Duration::from_secs).max(at_least)
}

async fn stands_still(one: &App, server: &Server, framework: Framework) {
    const BOUND: Duration = Duration::from_secs(2);
    let paused =
        Setup::node(framework, server.url()).env("JETON_REFUSE_AFTER", BOUND.as_secs()).start().await;
    let admin = one.admin().await;
    let made = one.generate(json!({"subject": "alice"})).await;
    let child = paused.exchange(&made.api_token).await;
    until("accepted", async || status(&child, "GET", "/reports").await == 200).await;

    paused.pause().await;
    let since = now();
    admin.post_empty(&made.action("revoke")).await.is(200);
    let call = |number: usize| {
        // Each over connections of its own, as many clients would.
        let (child, api_token) = (paused.bearer(child.token()), paused.bearer(&made.api_token));
        async move {
            // What it answers until it has read the log; the first one waits for it to go on.
            let (mut answers, mut refused) = (Vec::new(), 0);
            while refused < 3 {
                let (who, method, path) = match number % 2 {
                    0 => (&child, "GET", "/reports"),
                    _ => (&api_token, "POST", "/auth/exchange"),
                };
                // It ends connections on which nothing came for long.
                let Some(answer) = who.request(method, path).try_send().await else { continue };
                let status = answer.status;
                answers.push(status);
                assert!([401, 503].contains(&status), "{path}: {answers:?}");
                assert!(answers.len() < 100_000, "{path}: {answers:?}");
                refused += usize::from(status == 401);
            }
            answers
        }
    };
    let calls: Vec<_> = (0..16).map(|number| tokio::spawn(call(number))).collect();
    let left = pause(BOUND + Duration::from_millis(500)).saturating_sub(since.elapsed());
    tokio::time::sleep(left).await;
    assert!(calls.iter().all(|call| !call.is_finished()), "it stands still");
    paused.go_on();
    for call in calls {
        tokio::time::timeout(PATIENCE, call).await.expect("it goes on").unwrap();
    }
    // All others are accepted again.
    until("accepted", async || {
        let answer = paused.bearer(one.admin().await.token()).get("/whoami").await;
        assert!([200, 503].contains(&answer.status), "{answer:#?}");
        answer.status == 200
    })
    .await;
}
