//! Outages of the database under load, and a node that stands still: what was acknowledged holds, and nothing that was
//! revoked is accepted again.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use end_to_end::{Actor, App, Framework, Made, PostgresServer, Proxy, Setup, on_both};
use futures_util::future::join_all;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

on_both!(a_node_that_stood_still_accepts_nothing_that_was_revoked);

/// How long anything may take that is waited for, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Within this the answer is 503: the five seconds of a call to the store, and what a busy machine needs.
const LIMIT: Duration = Duration::from_secs(15);
/// Within this exchanges work again. The goal is two seconds, without tests beside it.
const BACK: Duration = Duration::from_secs(10);
/// The connections of a node: its pool, the one that listens, and the one that reads the log.
const CONNECTIONS: usize = 12;
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// How one of two nodes is started.
fn setup(framework: Framework, database: &str) -> Setup {
    Setup::new(framework)
        .env("JETON_DATABASE_URL", database)
        .env("JETON_MASTER_KEY", MASTER_KEY)
        .env("JETON_ISSUER", "http://demo.example/auth")
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

/// A token whose revocation was acknowledged, and its access tokens from before that.
#[derive(Clone)]
struct Revoked {
    made: Made,
    children: Vec<String>,
}

/// Two nodes under load, and what they have acknowledged.
struct Scene {
    /// The first one revokes.
    nodes: [App; 2],
    admin: Actor,
    /// A token that nobody revokes, and an access token of it.
    alive: (String, String),
    generated: Mutex<Vec<Made>>,
    revoked: Mutex<Vec<Revoked>>,
    exchanges: AtomicUsize,
    over: AtomicBool,
}

impl Scene {
    async fn new(databases: [&str; 2]) -> Arc<Self> {
        let one = setup(Framework::Axum, databases[0]).start().await;
        let other = setup(Framework::Actix, databases[1]).start().await;
        let admin = one.admin().await;
        let made = one.generate(json!({"subject": "alice"})).await;
        let child = one.exchange(&made.api_token).await;
        Arc::new(Self {
            nodes: [one, other],
            admin,
            alive: (made.api_token, child.token().to_owned()),
            generated: Mutex::default(),
            revoked: Mutex::default(),
            exchanges: AtomicUsize::default(),
            over: AtomicBool::new(false),
        })
    }

    fn revoked(&self) -> Vec<Revoked> {
        self.revoked.lock().unwrap().clone()
    }

    /// Generates tokens, and revokes every second one.
    async fn manage(self: Arc<Self>, name: usize) {
        let [one, other] = &self.nodes;
        for number in 0.. {
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            let fields = json!({"name": format!("load {name} {number}"), "subject": "alice"});
            let answer = self.admin.post("/auth/tokens", fields).await;
            if answer.status != 201 {
                assert_eq!(answer.status, 503, "{answer:#?}");
                continue;
            }
            let made = Made::of(&answer.json());
            if number % 2 == 0 {
                self.generated.lock().unwrap().push(made);
                continue;
            }
            let mut children = Vec::new();
            for node in [one, other] {
                let answer = node.bearer(&made.api_token).post_empty("/auth/exchange").await;
                match answer.status {
                    200 => children.push(answer.json()["access_token"].as_str().unwrap().to_owned()),
                    status => assert_eq!(status, 503, "{answer:#?}"),
                }
            }
            let answer = self.admin.post_empty(&made.action("revoke")).await;
            if answer.status != 200 {
                assert_eq!(answer.status, 503, "{answer:#?}");
                continue;
            }
            let revoked = Revoked { made, children };
            self.is_refused(&revoked).await;
            self.revoked.lock().unwrap().push(revoked);
        }
    }

    /// What was revoked is refused by the node that acknowledged it, whatever is down; and exchanged by none.
    async fn is_refused(&self, revoked: &Revoked) {
        for child in &revoked.children {
            assert_eq!(status(&self.nodes[0].bearer(child), "GET", "/reports").await, 401);
        }
        for node in &self.nodes {
            let status = exchange(node, &revoked.made.api_token).await;
            assert!([401, 503].contains(&status), "{status} for a revoked token");
        }
    }

    /// Exchanges and calls, as any program does.
    async fn call(self: Arc<Self>, node: usize) {
        while !self.over.load(Ordering::SeqCst) {
            let status = exchange(&self.nodes[node], &self.alive.0).await;
            assert!([200, 503].contains(&status), "{status}");
            self.exchanges.fetch_add(usize::from(status == 200), Ordering::SeqCst);
            self.accepted().await;
        }
    }

    /// Access tokens go on, whatever is down.
    async fn accepted(&self) {
        for node in &self.nodes {
            assert_eq!(status(&node.bearer(&self.alive.1), "GET", "/reports").await, 200);
        }
    }

    /// While the database is down.
    async fn down(&self) {
        let down = self.nodes.each_ref().map(async |node| {
            until("not ready", async || status(&node.anon(), "GET", "/health/ready").await == 503).await;
            assert_eq!(status(&node.anon(), "GET", "/health/live").await, 200);
            let start = now();
            assert_eq!(exchange(node, &self.alive.0).await, 503, "{}", node.stderr());
            assert!(start.elapsed() < LIMIT, "503 only after {:?}", start.elapsed());
        });
        join_all(down).await;
        self.accepted().await;
        for revoked in self.revoked().iter().rev().take(5) {
            for child in &revoked.children {
                assert_eq!(status(&self.nodes[0].bearer(child), "GET", "/reports").await, 401);
            }
        }
    }

    /// How long it took until both nodes exchange again.
    async fn back(&self) -> Duration {
        let back = self.nodes.each_ref().map(async |node| {
            let took = until("exchanges", async || exchange(node, &self.alive.0).await == 200).await;
            until("ready", async || status(&node.anon(), "GET", "/health/ready").await == 200).await;
            assert_eq!(status(&node.anon(), "GET", "/health/live").await, 200);
            took
        });
        join_all(back).await.into_iter().max().unwrap()
    }

    /// Waits until so many more have been revoked, and some have been exchanged.
    async fn more(&self, number: usize) {
        let (revoked, exchanges) = (self.revoked().len(), self.exchanges.load(Ordering::SeqCst));
        until("load", async || {
            let exchanged = self.exchanges.load(Ordering::SeqCst) - exchanges;
            self.revoked().len() >= revoked + number && exchanged >= number
        })
        .await;
    }

    /// Everything that was acknowledged.
    async fn holds(&self) {
        let [one, other] = &self.nodes;
        let admin = one.admin().await;
        let generated = self.generated.lock().unwrap().clone();
        for made in generated {
            assert_eq!(admin.get(&made.path()).await.is(200).json()["state"], "active");
            assert_eq!(exchange(one, &made.api_token).await, 200, "{} was acknowledged", made.id);
        }
        for revoked in self.revoked() {
            assert_eq!(admin.get(&revoked.made.path()).await.is(200).json()["state"], "revoked");
            self.is_refused(&revoked).await;
            for child in &revoked.children {
                let child = other.bearer(child);
                until("refused elsewhere", async || status(&child, "GET", "/reports").await == 401).await;
                assert_eq!(status(&child, "GET", "/reports").await, 401, "accepted again");
            }
        }
    }
}

/// Goes through outages under load; the connections that are counted after each of them are within the bound.
#[allow(clippy::print_stderr, reason = "it says what it measured")]
async fn outages(
    scene: Arc<Scene>,
    what: &str,
    rounds: usize,
    fail: impl Fn(),
    mend: impl Fn(),
    mut connections: impl AsyncFnMut() -> usize,
    bound: usize,
) {
    let mut load: Vec<_> = (0..2).map(|name| tokio::spawn(scene.clone().manage(name))).collect();
    load.extend([0, 1, 0, 1].map(|node| tokio::spawn(scene.clone().call(node))));
    let outages = async {
        for _ in 0..rounds {
            scene.more(5).await;
            fail();
            scene.down().await;
            let start = now();
            mend();
            let mended = start.elapsed();
            let took = scene.back().await;
            assert!(took < BACK, "{what}: works again only after {took:?}");
            scene.more(5).await;
            let found = connections().await;
            eprintln!("{what}: mended in {mended:?}, exchanges work {took:?} later, {found} connections");
            assert!(found <= bound, "{found} connections, and {bound} are allowed");
        }
        scene.over.store(true, Ordering::SeqCst);
    };
    // What fails in the load is told at once.
    let load = async {
        for task in load {
            task.await.unwrap();
        }
    };
    tokio::join!(outages, load);
    scene.holds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_under_load() {
    let server = PostgresServer::start();
    let scene = Scene::new([server.url(), server.url()]).await;
    let connections = async || {
        let mut direct = PgConnection::connect(server.url()).await.unwrap();
        let count = "SELECT count(*) FROM pg_stat_activity
                     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        usize::try_from(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut direct).await.unwrap()).unwrap()
    };
    let (kill, start) = (|| server.kill(), || server.start_again());
    outages(scene, "killed", 2, kill, start, connections, 2 * CONNECTIONS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_swallows_under_load() {
    let server = PostgresServer::start();
    let proxies = [Proxy::start(server.socket()).await, Proxy::start(server.socket()).await];
    let urls = proxies.each_ref().map(Proxy::url);
    let scene = Scene::new(urls.each_ref().map(String::as_str)).await;
    let swallow = |swallow| proxies.iter().for_each(|proxy| proxy.swallow(swallow));
    let connections = async || proxies.iter().map(Proxy::open).sum();
    let (fail, mend) = (|| swallow(true), || swallow(false));
    // One that listened keeps its place in each of the two outages: TCP alone gives it up.
    outages(scene, "swallowed", 2, fail, mend, connections, 2 * (CONNECTIONS + 2)).await;
}

/// One node alone is cut off, and what the other one revokes meanwhile it learns as soon as it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_cut_off_learns_what_was_revoked() {
    let server = PostgresServer::start();
    let proxy = Proxy::start(server.socket()).await;
    let one = setup(Framework::Axum, server.url()).start().await;
    let other = setup(Framework::Actix, &proxy.url()).start().await;
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

async fn a_node_that_stood_still_accepts_nothing_that_was_revoked(framework: Framework) {
    const BOUND: Duration = Duration::from_secs(2);
    let server = PostgresServer::start();
    let one = setup(Framework::Axum, server.url()).start().await;
    let paused = setup(framework, server.url()).env("JETON_REFUSE_AFTER", BOUND.as_secs()).start().await;
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
                let status = status(who, method, path).await;
                answers.push(status);
                assert!([401, 503].contains(&status), "{path}: {answers:?}");
                assert!(answers.len() < 100_000, "{path}: {answers:?}");
                refused += usize::from(status == 401);
            }
            answers
        }
    };
    let calls: Vec<_> = (0..16).map(|number| tokio::spawn(call(number))).collect();
    let left = (BOUND + Duration::from_millis(500)).saturating_sub(since.elapsed());
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
