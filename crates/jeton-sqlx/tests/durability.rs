//! What was acknowledged is there after the process was killed.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and its child prints")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use jeton::{Change, Store as _};
use jeton_sqlx::SqliteStore;
use jeton_testkit::store::{id, insert_of, minimal_record, update_to};

const PATH: &str = "JETON_TEST_DATABASE";
const FIRST: &str = "JETON_TEST_FIRST";
const ACKNOWLEDGED: &str = "acknowledged ";

/// Inserts and updates until it is killed, and prints the number of each record after both were answered.
async fn write_for_ever(path: &str) {
    let store = SqliteStore::open(path).await.unwrap();
    for number in std::env::var(FIRST).unwrap().parse().unwrap().. {
        let mut record = minimal_record(number);
        store.insert(&insert_of(&record)).await.unwrap();
        record.epoch = number + 1;
        store.update(&update_to(&record)).await.unwrap();
        println!("{ACKNOWLEDGED}{number}");
        std::io::stdout().flush().unwrap();
    }
}

#[tokio::test]
async fn acknowledged_writes_outlive_a_kill() {
    if let Ok(path) = std::env::var(PATH) {
        return write_for_ever(&path).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.sqlite3");
    let mut acknowledged = Vec::new();
    for round in 1..=3_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "durability::acknowledged_writes_outlive_a_kill", "--nocapture"])
            .env(PATH, &path)
            .env(FIRST, (round * 1_000_000).to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (mut line, mut of_this_round) = (String::new(), 0);
        while output.read_line(&mut line).unwrap() > 0 {
            // The harness prints too, and the last line may be cut off.
            let number = line.split_once(ACKNOWLEDGED).and_then(|(_, number)| number.strip_suffix('\n'));
            if let Some(number) = number {
                acknowledged.push(number.parse::<u64>().unwrap());
                of_this_round += 1;
            }
            if of_this_round == 100 {
                // SIGKILL; what is still in the pipe was acknowledged as well.
                child.kill().unwrap();
            }
            line.clear();
        }
        assert!(!child.wait().unwrap().success() && of_this_round >= 100, "the child ended by itself");
    }
    let store = SqliteStore::open(&path).await.unwrap();
    let mut logged = std::collections::HashSet::new();
    let mut cursor = None;
    loop {
        let changes = store.changes(cursor.as_ref()).await.unwrap();
        logged.extend(changes.rows.iter().map(|row| match row.change {
            Change::Record { id, .. } => id,
            _ => unreachable!("nothing else was written"),
        }));
        if !changes.more {
            break;
        }
        cursor = Some(changes.cursor);
    }
    for number in acknowledged {
        let record = store.find(id(number)).await.unwrap().unwrap();
        assert_eq!((record.version, record.epoch), (2, number + 1));
        assert!(logged.contains(&record.id), "the row of {number}");
    }
}
