//! Two threads that read while on a third one tokens are revoked, or nothing is. What counts is the time that the readers
//! had a core, as the machine may have no third one; beside it stands that on the wall, which a reader that waits for a
//! lock needs as well. The three cases take turns, so that whatever else the machine does falls upon all of them, and
//! each figure is the median of its turns. Prints Markdown.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may panic, and prints what it measured"
)]
#![allow(clippy::disallowed_methods, reason = "it measures real time")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use jeton::{
    Account, Algorithm, Authority, Caller, Exchange, Generate, Generated, MemoryStore, SigningKey,
    StaticDirectory, SystemRandom,
};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;

const RECORDS: usize = 1_000;
const READS: usize = 2_000_000;
const TURNS: usize = 25;
/// How long it is between two revocations.
const PAUSES: [Option<Duration>; 3] = [None, Some(Duration::from_millis(10)), Some(Duration::from_millis(1))];

fn main() {
    // As a test of all targets it only has to work.
    let (reads, turns) =
        if std::env::args().any(|arg| arg == "--bench") { (READS, TURNS) } else { (1_000, 1) };
    let runtime = Runtime::new().unwrap();
    let (authority, tokens) = runtime.block_on(tokens());
    let mut taken = PAUSES.map(|_| Vec::new());
    let mut revoked = [0; 3];
    for _ in 0..turns {
        for ((pause, taken), revoked) in PAUSES.iter().zip(&mut taken).zip(&mut revoked) {
            let over = AtomicBool::new(false);
            thread::scope(|scope| {
                let revoking = pause.map(|pause| {
                    let revoking = revoke(&authority, pause, &over);
                    scope.spawn(|| runtime.block_on(revoking))
                });
                taken.push(read(&authority, &tokens, reads));
                over.store(true, Ordering::Relaxed);
                *revoked += revoking.map_or(0, |revoking| revoking.join().unwrap());
            });
        }
    }
    println!("| two threads read, and | one read | beside the first | on the wall | tokens revoked |");
    println!("|---|---|---|---|---|");
    let medians = taken.map(|taken| {
        let median = |of: fn(&Taken) -> Duration| {
            let mut all: Vec<_> = taken.iter().map(of).collect();
            all.sort();
            all[all.len() / 2].as_secs_f64() * 1e9 / reads as f64
        };
        (median(|taken| taken.core), median(|taken| taken.wall))
    });
    for ((pause, median), revoked) in PAUSES.iter().zip(medians).zip(revoked) {
        let what = pause.map_or("nothing is revoked".to_owned(), |pause| format!("a token each {pause:?}"));
        let (core, wall) = (median.0 / medians[0].0, median.1 / medians[0].1);
        println!("| {what} | {:.1} ns | {core:.3} | {wall:.3} | {revoked} |", median.0);
    }
}

/// An authority, and access tokens of a thousand API tokens.
async fn tokens() -> (Authority, Vec<String>) {
    let key = |algorithm| SigningKey::generate(algorithm, &SystemRandom).unwrap();
    let account = Account::active().with_role("reader").with_role("writer").with_group("sales");
    let authority = Authority::builder("https://app.example/auth")
        .store(Arc::new(MemoryStore::new()))
        .directory(Arc::new(StaticDirectory::new().with("alice", account)))
        .api_keys([key(Algorithm::Hs256)])
        .access_keys([key(Algorithm::EdDsa)])
        .build()
        .await
        .unwrap();
    let mut tokens = Vec::new();
    for number in 0..RECORDS {
        let token = api_token(&authority, &format!("read {number}")).await;
        let exchanged = authority.exchange(token.api_token.expose(), &Exchange::default()).await.unwrap();
        tokens.push(exchanged.access_token.expose().to_owned());
    }
    (authority, tokens)
}

async fn api_token(authority: &Authority, name: &str) -> Generated {
    let generate = Generate::new(name).with_subject("alice");
    authority.generate(&Caller::system("benchmark"), generate).await.unwrap()
}

/// What two threads took, on average.
struct Taken {
    core: Duration,
    wall: Duration,
}

fn read(authority: &Authority, tokens: &[String], reads: usize) -> Taken {
    let one = || {
        let (core, wall) = (of_this_thread(), Instant::now());
        for at in 0..reads {
            authority.verifier().verify(&tokens[at % tokens.len()]).unwrap();
        }
        (of_this_thread() - core, wall.elapsed())
    };
    thread::scope(|scope| {
        let other = scope.spawn(one);
        let (one, other) = (one(), other.join().unwrap());
        Taken { core: (one.0 + other.0) / 2, wall: (one.1 + other.1) / 2 }
    })
}

/// The time that it had a core.
fn of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// Generates tokens and revokes them, until it is over. How many there were.
async fn revoke(authority: &Authority, pause: Duration, over: &AtomicBool) -> u64 {
    let caller = Caller::system("benchmark");
    let mut revoked = 0;
    while !over.load(Ordering::Relaxed) {
        let name = format!("revoked {:?} {revoked}", Instant::now());
        let id = api_token(authority, &name).await.record.id;
        authority.revoke(&caller, id).await.unwrap();
        revoked += 1;
        tokio::time::sleep(pause).await;
    }
    revoked
}
