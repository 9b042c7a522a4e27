//! Ending an API token ends the access tokens made from it: at once, for ever, and also when nobody waits for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use end_to_end::{Actor, App, Framework, Made, on_both};
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

on_both!(
    no_child_is_accepted_after_the_answer,
    a_client_that_hangs_up_leaves_it_undone_or_done,
    a_body_that_breaks_off_changes_nothing,
    enabling_brings_no_old_child_back,
    what_is_deleted_never_returns,
    revoked_is_for_ever,
);

const CUT_OFF: &str = "the token was revoked, or its rights were changed";

async fn no_child_is_accepted_after_the_answer(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    for round in 0..5 {
        for verb in ["revoke", "disable", "delete", "narrow"] {
            let made = app.generate(json!({"subject": "bob", "roles": ["reader", "writer"]})).await;
            let child = app.exchange(&made.api_token).await;
            let hammer = Hammer::start(&child);
            hammer.until(|counts| counts.accepted > 20 + round).await;
            match verb {
                "delete" => admin.delete(&made.path()).await.is(204),
                "narrow" => admin.patch(&made.path(), json!({"roles": ["reader"]})).await.is(200),
                action => admin.post_empty(&made.action(action)).await.is(200),
            };
            hammer.answered.store(true, Ordering::SeqCst);
            hammer.until(|counts| counts.late > 100).await;
            let counts = hammer.stop().await;
            assert_eq!(counts.accepted_late, 0, "{verb}: {counts:?}");
        }
    }
}

/// Tasks that call with one token, as fast as they can.
struct Hammer {
    answered: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    counts: Arc<Counters>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Counters {
    accepted: AtomicU32,
    late: AtomicU32,
    accepted_late: AtomicU32,
}

#[derive(Debug)]
struct Counts {
    accepted: u32,
    late: u32,
    accepted_late: u32,
}

impl Hammer {
    fn start(child: &Actor) -> Self {
        let (answered, over, counts) = (Arc::<AtomicBool>::default(), Arc::default(), Arc::default());
        let tasks = ["/whoami", "/reports", "/direct", "/whoami"].map(|path| {
            let (child, answered, over, counts) = (
                child.clone(),
                Arc::clone(&answered),
                Arc::<AtomicBool>::clone(&over),
                Arc::<Counters>::clone(&counts),
            );
            tokio::spawn(async move {
                while !over.load(Ordering::SeqCst) {
                    let late = answered.load(Ordering::SeqCst);
                    let answer = child.get(path).await;
                    let accepted = answer.status == 200;
                    if !accepted {
                        answer.invalid_token(CUT_OFF);
                    }
                    counts.accepted.fetch_add(u32::from(accepted), Ordering::SeqCst);
                    counts.late.fetch_add(u32::from(late), Ordering::SeqCst);
                    counts.accepted_late.fetch_add(u32::from(late && accepted), Ordering::SeqCst);
                }
            })
        });
        Self { answered, over, counts, tasks: tasks.into() }
    }

    fn counts(&self) -> Counts {
        let read = |counter: &AtomicU32| counter.load(Ordering::SeqCst);
        let Counters { accepted, late, accepted_late } = &*self.counts;
        Counts { accepted: read(accepted), late: read(late), accepted_late: read(accepted_late) }
    }

    async fn until(&self, enough: impl Fn(&Counts) -> bool) {
        while !enough(&self.counts()) {
            assert!(!self.tasks.iter().all(|task| task.is_finished()), "{:?}", self.counts());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn stop(mut self) -> Counts {
        self.over.store(true, Ordering::SeqCst);
        for task in std::mem::take(&mut self.tasks) {
            task.await.unwrap();
        }
        self.counts()
    }
}

/// A request without a body, as bytes.
fn bytes(app: &App, admin: &Actor, method: &str, path: &str) -> Vec<u8> {
    let (host, token) = (app.address(), admin.token());
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n")
        .into_bytes()
}

async fn a_client_that_hangs_up_leaves_it_undone_or_done(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let mut done = 0;
    for round in 0..60_u64 {
        let made = app.generate(json!({"subject": "alice"})).await;
        let child = app.exchange(&made.api_token).await;
        let request = match round % 3 {
            0 => bytes(&app, &admin, "POST", &made.action("revoke")),
            1 => bytes(&app, &admin, "POST", &made.action("disable")),
            _ => bytes(&app, &admin, "DELETE", &made.path()),
        };
        let mut stream = TcpStream::connect(app.address()).await.unwrap();
        stream.write_all(&request).await.unwrap();
        // From at once to long after the answer, in steps that do not follow the order of the requests.
        tokio::time::sleep(Duration::from_micros(round * 7919 % 60 * 100)).await;
        drop(stream);
        done += u32::from(settled(&admin, &made, &child).await);
    }
    assert!(done > 0, "no request got through at all");
}

/// Waits until the record and its child say the same, and tells whether it is that the token has ended.
async fn settled(admin: &Actor, made: &Made, child: &Actor) -> bool {
    let mut seen = Vec::new();
    for _ in 0..500 {
        let before = state(admin, made).await;
        let answer = child.get("/whoami").await;
        let after = state(admin, made).await;
        if (after == "active") == (answer.status == 200) && before == after {
            let same = child.get("/reports").await.status == answer.status;
            // Only a request that was still under way may change it from here on.
            assert!(same || state(admin, made).await != after, "{after}: {answer:?}");
            return after != "active";
        }
        seen.push(format!("{before} {} {after}", answer.status));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("half done: {seen:?}");
}

async fn state(admin: &Actor, made: &Made) -> String {
    let answer = admin.get(&made.path()).await;
    if answer.status == 404 {
        return "deleted".to_owned();
    }
    answer.is(200).json()["state"].as_str().unwrap().to_owned()
}

async fn a_body_that_breaks_off_changes_nothing(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({"subject": "alice"})).await;
    let child = app.exchange(&made.api_token).await;
    let head = String::from_utf8(bytes(&app, &admin, "POST", &made.action("revoke"))).unwrap();
    let head = head.replace("Content-Length: 0", "Content-Type: application/json\r\nContent-Length: 20");
    for part in ["", "{\"reas", "{\"reason\":\"x\"}"] {
        let mut stream = TcpStream::connect(app.address()).await.unwrap();
        stream.write_all(format!("{head}{part}").as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(stream);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(state(&admin, &made).await, "active");
    child.get("/whoami").await.is(200);
}

async fn enabling_brings_no_old_child_back(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({"subject": "alice"})).await;
    let mut children = Vec::new();
    for _ in 0..3 {
        children.push(app.exchange(&made.api_token).await);
        // Twice is once, for each of the two.
        for _ in 0..2 {
            let disabled =
                admin.post(&made.action("disable"), json!({"reason": "lost"})).await.is(200).json();
            assert_eq!(disabled["state"], "disabled");
        }
        app.bearer(&made.api_token).post_empty("/auth/exchange").await.invalid_token("the token is disabled");
        app.bearer(&made.api_token).get("/direct").await.invalid_token("the token is disabled");
        for _ in 0..2 {
            assert_eq!(admin.post_empty(&made.action("enable")).await.is(200).json()["state"], "active");
        }
        for child in &children {
            child.get("/whoami").await.invalid_token(CUT_OFF);
        }
        app.exchange(&made.api_token).await.get("/reports").await.is(200);
    }
}

async fn what_is_deleted_never_returns(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({"name": "gone", "subject": "alice"})).await;
    let child = app.exchange(&made.api_token).await;
    let deleted = admin.delete(&made.path()).await.is(204);
    assert!(deleted.body.is_empty());
    // The name is free again, the id is not.
    let next = app.generate(json!({"name": "gone", "subject": "alice"})).await;
    assert_ne!(next.id, made.id);
    for _ in 0..2 {
        admin.get(&made.path()).await.problem(404, "not_found");
        admin.patch(&made.path(), json!({"name": "back"})).await.problem(404, "not_found");
        admin.delete(&made.path()).await.problem(404, "not_found");
        for action in ["disable", "enable", "revoke"] {
            admin.post_empty(&made.action(action)).await.problem(404, "not_found");
        }
    }
    child.get("/whoami").await.invalid_token(CUT_OFF);
    app.bearer(&made.api_token).post_empty("/auth/exchange").await.invalid_token("the token was revoked");
    for query in ["", "name=gone", "subject=alice", "state=revoked", "state=active", "sort=name"] {
        let ids: Vec<_> = admin.list(query).await.iter().map(|item| item["id"].clone()).collect();
        assert!(!ids.contains(&json!(made.id)), "{query}: {ids:?}");
    }
    assert_eq!(admin.list("name=gone").await.len(), 1);

    // In any state.
    for action in ["disable", "revoke"] {
        let made = app.generate(json!({})).await;
        admin.post_empty(&made.action(action)).await.is(200);
        admin.delete(&made.path()).await.is(204);
        admin.get(&made.path()).await.problem(404, "not_found");
    }
}

async fn revoked_is_for_ever(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({"subject": "alice"})).await;
    let child = app.exchange(&made.api_token).await;
    let first = admin.post_empty(&made.action("revoke")).await.is(200);
    assert_eq!(first.json()["state"], "revoked");
    let second = admin.post(&made.action("revoke"), json!({"reason": "again"})).await.is(200);
    assert_eq!((first.header("etag"), first.record()), (second.header("etag"), second.record()));
    admin.post_empty(&made.action("enable")).await.problem(409, "token_revoked");
    admin.get(&made.path()).await.is(200);
    child.get("/whoami").await.invalid_token(CUT_OFF);
    app.bearer(&made.api_token).post_empty("/auth/exchange").await.invalid_token("the token was revoked");
    app.bearer(&made.api_token).get("/direct").await.invalid_token("the token was revoked");
    // Still to be seen.
    assert_eq!(admin.list("state=revoked").await.len(), 1);
}
