//! Two nodes under load, and what they have acknowledged.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use end_to_end::{Actor, App, Framework, Made, Setup};
use futures_util::future::join_all;
use serde_json::json;

use super::{exchange, now, status, until};

/// Within this the answer is 503: the five seconds of a call to the store, and what a busy machine needs.
const LIMIT: Duration = Duration::from_secs(15);
/// Within this exchanges work again. The goal is two seconds, without tests beside it.
const BACK: Duration = Duration::from_secs(10);

/// A token whose revocation was acknowledged, and its access tokens from before that.
#[derive(Clone)]
struct Revoked {
    made: Made,
    children: Vec<String>,
}

/// Two nodes under load, and what they have acknowledged.
pub(super) struct Scene {
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
    pub(super) async fn new(databases: [&str; 2]) -> Arc<Self> {
        let one = Setup::node(Framework::Axum, databases[0]).start().await;
        let other = Setup::node(Framework::Actix, databases[1]).start().await;
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

/// How many connections the nodes hold, and how many they opened since the last outage began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connections {
    pub(super) open: usize,
    pub(super) opened: usize,
}

/// Goes through two outages under load; the connections that are counted after each of them are within the bound.
#[allow(clippy::print_stderr, reason = "it says what it measured")]
pub(super) async fn outages(
    scene: Arc<Scene>,
    what: &str,
    fail: impl Fn(),
    mend: impl Fn(),
    mut connections: impl AsyncFnMut() -> Connections,
    bound: Connections,
) {
    let mut load: Vec<_> = (0..2).map(|name| tokio::spawn(scene.clone().manage(name))).collect();
    load.extend([0, 1, 0, 1].map(|node| tokio::spawn(scene.clone().call(node))));
    let outages = async {
        for _ in 0..2 {
            scene.more(5).await;
            let start = now();
            fail();
            scene.down().await;
            let down = start.elapsed();
            let start = now();
            mend();
            let mended = start.elapsed();
            let took = scene.back().await;
            assert!(took < BACK, "{what}: works again only after {took:?}");
            scene.more(5).await;
            let found = connections().await;
            eprintln!("{what}: {down:?}, mended in {mended:?}, exchanges work {took:?} later, {found:?}");
            assert!(
                found.open <= bound.open && found.opened <= bound.opened,
                "{found:?}, allowed: {bound:?}"
            );
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
