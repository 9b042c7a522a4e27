//! A cluster: all keys of a store are in one slot, and whichever server is named, the one of the slot answers.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use jeton::{Record, Store as _, StoreError, Wakeups};
use jeton_redis::{RedisSettings, RedisStore};
use jeton_testkit::store::{id, insert_of, minimal_record, update_to};
use redis::{Client, aio::MultiplexedConnection};

use crate::server::{LONG, ask};

/// Three servers with a third of the slots each, and one that follows the first. They end with the test.
struct Cluster {
    script: Child,
    ports: Vec<u16>,
}

impl Cluster {
    fn start() -> Self {
        // A port may be taken by another program before its server takes it.
        let mut started = (0..5).filter_map(|_| Self::try_start());
        started.next().expect("the cluster does not start")
    }

    fn try_start() -> Option<Self> {
        let free: Vec<_> = (0..8).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let mut ports: Vec<_> = free.iter().map(|port| port.local_addr().unwrap().port()).collect();
        drop(free);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/redis-cluster");
        let mut script = Command::new(script)
            .args(ports.iter().map(u16::to_string))
            // The end of its input comes with the end of this process at the latest.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(script.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        ports.truncate(4);
        let this = Self { script, ports };
        (ready == "ready\n").then_some(this)
    }

    /// One for all tests that change nothing of it, as long as any of them runs.
    fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let cluster = Arc::new(Self::start());
            *shared = Arc::downgrade(&cluster);
            cluster
        })
    }

    /// The first three have slots, the last one follows the first.
    fn url(&self, number: usize) -> String {
        format!("redis://127.0.0.1:{}", self.ports[number])
    }

    async fn store(&self, number: usize, prefix: &str) -> RedisStore {
        RedisSettings::from_url(&self.url(number)).unwrap().with_prefix(prefix).connect().await.unwrap()
    }

    async fn direct(&self, number: usize) -> MultiplexedConnection {
        Client::open(self.url(number)).unwrap().get_multiplexed_async_connection().await.unwrap()
    }

    /// A prefix whose slot the first one has.
    async fn prefix_of_first(&self) -> String {
        for number in 0.. {
            let prefix = format!("first{number}");
            let slot: u16 = ask(&mut self.direct(0).await, &["CLUSTER", "KEYSLOT", &prefix]).await;
            if slot <= 5460 {
                return prefix;
            }
        }
        unreachable!()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        self.script.wait().ok();
    }
}

/// Each under a prefix of its own, and so in another slot, by a server that has it or not.
async fn fresh() -> (RedisStore, Arc<Cluster>) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let (cluster, number) = (Cluster::shared(), NEXT.fetch_add(1, Ordering::Relaxed));
    (cluster.store(number % 4, &format!("test{number}")).await, cluster)
}

mod contract {
    use super::fresh;

    jeton_testkit::store_contract!(fresh);
    jeton_testkit::key_store_contract!(fresh);
    jeton_testkit::keys_in_store_contract!(fresh);
}

#[tokio::test]
async fn whichever_server_is_named_the_one_of_the_slot_answers() {
    let cluster = Cluster::shared();
    let mut stores = Vec::new();
    for number in 0..4 {
        stores.push(cluster.store(number, "everywhere").await);
    }
    let record = minimal_record(1);
    stores[0].insert(&insert_of(&record)).await.unwrap();
    for (number, store) in (1..).zip(&stores) {
        let mut others: Vec<_> = stores.iter().map(|store| store.watch().unwrap()).collect();
        // The first one tells that it listens.
        for other in &mut others {
            woken(other).await;
        }
        store.update(&update_to(&Record { version: number, ..record.clone() })).await.unwrap();
        for other in &mut others {
            woken(other).await;
        }
    }
    for store in &stores {
        assert_eq!(store.find(id(1)).await.unwrap().unwrap().version, 5);
        assert_eq!(store.changes(None).await.unwrap().rows.len(), 4);
    }
    // And nowhere else is any of it.
    let mut at = BTreeSet::new();
    for number in 0..3 {
        let keys: Vec<String> = ask(&mut cluster.direct(number).await, &["KEYS", "*everywhere*"]).await;
        at.extend((!keys.is_empty()).then_some(number));
    }
    assert_eq!(at.len(), 1);
}

/// What was moved already is not told as missing: nobody is refused, and nothing is written by half, for want of it.
#[tokio::test]
async fn while_the_slot_is_moved_what_is_not_there_is_no_answer() {
    let cluster = Cluster::shared();
    let prefix = cluster.prefix_of_first().await;
    let store = cluster.store(0, &prefix).await;
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let (mut from, mut to) = (cluster.direct(0).await, cluster.direct(1).await);
    let [from_id, to_id]: [String; 2] =
        [ask(&mut from, &["CLUSTER", "MYID"]).await, ask(&mut to, &["CLUSTER", "MYID"]).await];
    let slot: u16 = ask(&mut from, &["CLUSTER", "KEYSLOT", &prefix]).await;
    let slot = slot.to_string();
    ask::<()>(&mut to, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]).await;
    ask::<()>(&mut from, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]).await;
    let (port, record) = (cluster.ports[1].to_string(), format!("{{{prefix}}}:record:{}", id(1)));
    ask::<()>(&mut from, &["MIGRATE", "127.0.0.1", &port, &record, "0", "5000"]).await;
    for answer in [
        store.find(id(1)).await.map(drop),
        store.update(&update_to(&minimal_record(1))).await,
        store.insert(&insert_of(&minimal_record(1))).await,
    ] {
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    }
    ask::<()>(&mut from, &["CLUSTER", "SETSLOT", &slot, "STABLE"]).await;
    assert_eq!(store.changes(None).await.unwrap().rows, [], "and nothing was done");
}

/// The server that has the slot gives it to the one that follows it; and that one is killed.
#[tokio::test]
async fn the_server_that_takes_over_is_found() {
    let cluster = Cluster::start();
    let prefix = cluster.prefix_of_first().await;
    let stores = [cluster.store(0, &prefix).await, cluster.store(1, &prefix).await];
    let mut listening: Vec<_> = stores.iter().map(|store| store.watch().unwrap()).collect();
    stores[0].insert(&insert_of(&minimal_record(1))).await.unwrap();
    for other in &mut listening {
        woken(other).await;
    }
    let cursor = stores[0].changes(None).await.unwrap().cursor;

    ask::<()>(&mut cluster.direct(3).await, &["CLUSTER", "FAILOVER"]).await;
    let mut direct = cluster.direct(3).await;
    let over = async {
        while !ask::<String>(&mut direct, &["INFO", "replication"]).await.contains("role:master") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, over).await.expect("it does not take over");
    both_write(&stores, 1).await;

    // What has come to the first one is there when it is elected.
    ask::<i64>(&mut direct, &["WAIT", "1", "0"]).await;
    kill(&mut direct).await;
    both_write(&stores, 3).await;
    for store in &stores {
        assert_eq!(store.changes(Some(&cursor)).await.unwrap().rows.len(), 4, "nothing is lost");
    }
    for other in &mut listening {
        woken(other).await;
    }
}

async fn woken(wakeups: &mut Wakeups) {
    tokio::time::timeout(LONG, wakeups.next()).await.expect("nothing woke it");
}

/// Each in turn, as soon as it can.
async fn both_write(stores: &[RedisStore; 2], version: u64) {
    for (version, store) in (version..).zip(stores) {
        let update = update_to(&Record { version, ..minimal_record(1) });
        let written = async { while store.update(&update).await.is_err() {} };
        tokio::time::timeout(LONG, written).await.expect("who has the slot is not found");
    }
}

async fn kill(server: &mut MultiplexedConnection) {
    let about: redis::InfoDict = redis::cmd("INFO").arg("server").query_async(server).await.unwrap();
    let id: u32 = about.get("process_id").unwrap();
    assert!(Command::new("kill").args(["-KILL", &id.to_string()]).status().unwrap().success());
}
