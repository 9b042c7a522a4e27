//! Waking whoever reads the log.

use std::{sync::Arc, time::Duration};

use jeton::{Action, Change, NamedAudience, Store, Wakeups};

use crate::store::sample::{edit, entry_at, id, insert, minimal_record, read_on};

/// So long that nothing but a lost wake-up takes it.
const LONG: Duration = Duration::from_secs(60);

/// Reads on whenever it is woken, until a row is there.
async fn woken_for_rows(
    store: &dyn Store,
    wakeups: &mut Wakeups,
    after: &mut Option<jeton::Cursor>,
) -> usize {
    let read = async {
        loop {
            let (rows, cursor) = read_on(store, after.take()).await;
            *after = Some(cursor);
            if !rows.is_empty() {
                return rows.len();
            }
            wakeups.next().await;
        }
    };
    tokio::time::timeout(LONG, read).await.expect("a row woke nobody")
}

pub async fn each_row_wakes_whoever_watches(store: Arc<dyn Store>) {
    let Some(mut one) = store.watch() else { return };
    let mut other = store.watch().unwrap();
    insert(&*store, &minimal_record(1)).await.unwrap();
    let (mut seen, mut seen_by_other) = (None, None);
    for round in 0..5 {
        let change = {
            let store = store.clone();
            tokio::spawn(async move {
                edit(&*store, id(1), |record| record.epoch += 1).await.unwrap();
            })
        };
        assert_eq!(woken_for_rows(&*store, &mut one, &mut seen).await, 1, "{round}");
        assert_eq!(woken_for_rows(&*store, &mut other, &mut seen_by_other).await, 1, "{round}");
        change.await.unwrap();
    }
    let entry = entry_at(5_000, Action::EditAudience);
    let change = Change::Audience { name: "exports".to_owned() };
    let audience = NamedAudience { version: 1, ..NamedAudience::new("exports") };
    store.put_audience(&audience, &change, &entry).await.unwrap();
    assert_eq!(woken_for_rows(&*store, &mut one, &mut seen).await, 1);
    store.announce(&Change::Keys, &entry).await.unwrap();
    assert_eq!(woken_for_rows(&*store, &mut one, &mut seen).await, 1);
    assert_eq!(woken_for_rows(&*store, &mut other, &mut seen_by_other).await, 2);
}
