//! A caller may stop waiting at any moment: what it asked for is then done or not, and never done by half.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use jeton::{AuditFilter, RecordId, Store, StoreError};

use crate::store::sample::{edit, epochs, id, insert, minimal_record, read_on, stored, trail, update_to};

/// More than any store is polled for one write; most are dropped in the middle.
pub(super) const STEPS: u64 = 40;

pub async fn a_dropped_update_is_done_or_undone(store: Arc<dyn Store>) {
    for step in 0..STEPS {
        insert(&*store, &minimal_record(step)).await.unwrap();
        let mut record = minimal_record(step);
        record.epoch = 1;
        let update = update_to(&record);
        let answer = polled_at_most(step, store.update(&update)).await;
        both_or_neither(&*store, id(step)).await;
        if let Some(answer) = answer {
            answer.unwrap();
            assert_eq!(stored(&*store, id(step)).await.epoch, 1);
        }
        goes_on(&*store, id(step)).await;
    }
}

pub async fn an_aborted_update_is_done_or_undone(store: Arc<dyn Store>) {
    for step in 0..STEPS {
        insert(&*store, &minimal_record(step)).await.unwrap();
        let mut record = minimal_record(step);
        record.epoch = 1;
        let update = update_to(&record);
        let writer = tokio::spawn({
            let store = Arc::clone(&store);
            async move { store.update(&update).await }
        });
        for _ in 0..step * step {
            tokio::task::yield_now().await;
        }
        writer.abort();
        let answered = writer.await.is_ok_and(|answer| answer.is_ok());
        both_or_neither(&*store, id(step)).await;
        assert!(!answered || stored(&*store, id(step)).await.epoch == 1);
        goes_on(&*store, id(step)).await;
    }
}

pub async fn a_dropped_insert_is_done_or_undone(store: Arc<dyn Store>) {
    for step in 0..STEPS {
        let record = minimal_record(step);
        let answer = polled_at_most(step, insert(&*store, &record)).await;
        // Again, so that what was begun must be over: it was there, or it is now.
        let again = insert(&*store, &record).await;
        assert!(
            matches!(again, Ok(()) | Err(StoreError::IdTaken | StoreError::NameTaken)),
            "after {step} steps: {again:?}"
        );
        assert!(answer.is_none() || again.is_err());
        assert_eq!(stored(&*store, id(step)).await, record);
        let about = AuditFilter { token_id: Some(record.id), ..AuditFilter::default() };
        assert_eq!(trail(&*store, about).await.len(), 1, "after {step} steps");
    }
}

/// Polls the future so often at most, and then drops it.
pub(super) async fn polled_at_most<F: Future>(times: u64, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // The last poll is followed by the drop at once, not by the next wake-up.
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The update may still be under way; whatever is seen first, the other must be there then.
async fn both_or_neither(store: &dyn Store, id: RecordId) {
    let logged = epochs(&read_on(store, None).await.0, id).contains(&1);
    let found = stored(store, id).await.epoch % 10 == 1;
    assert!(found || !logged, "a row without its update");

    let found = stored(store, id).await.epoch % 10 == 1;
    let logged = epochs(&read_on(store, None).await.0, id).contains(&1);
    assert!(logged || !found, "an update without its row");
}

/// The store is not stuck: the next write gets through, at most once overtaken by the dropped one.
async fn goes_on(store: &dyn Store, id: RecordId) {
    let raise = || edit(store, id, |record| record.epoch += 10);
    match raise().await {
        Err(StoreError::Conflict) => raise().await.unwrap(),
        answer => answer.unwrap(),
    }
    both_or_neither(store, id).await;
    // All is over by now: one row of each log for each update, and one entry for the insert.
    let rows = epochs(&read_on(store, None).await.0, id).len();
    let about = AuditFilter { token_id: Some(id), ..AuditFilter::default() };
    assert_eq!(trail(store, about).await.len(), rows + 1);
}
