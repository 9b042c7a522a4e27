//! When, from where and how often tokens were used, as far as it is not written down yet.
//!
//! Noting a use takes a look into a map; writing is done in the background, at most once per record and minute. It is
//! best effort: what was noted when the process is killed is lost, and so is what no room is left for.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use dashmap::{DashMap, Entry};

use crate::{LastUse, Origin, OriginRef, RecordId, StoreError, Timestamp, authority::Inner};

/// More records at once are not noted.
const MAX_RECORDS: usize = 100_000;

#[derive(Debug)]
struct Noted {
    minute: i64,
    /// The first use of that minute; none once it was written down.
    first: Option<(Timestamp, Origin)>,
    /// How many uses are not written down.
    count: AtomicU64,
    /// The minute in which something was written down last.
    written: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Uses {
    noted: DashMap<RecordId, Noted>,
    /// Held while uses are written down, so that none is written twice.
    writing: tokio::sync::Mutex<()>,
}

impl Uses {
    /// Counts a use, and notes the first one of each minute.
    pub(crate) fn note(&self, id: RecordId, at: Timestamp, origin: OriginRef<'_>) {
        let minute = minute(at);
        if let Some(noted) = self.noted.get(&id) {
            noted.count.fetch_add(1, Ordering::Relaxed);
            if noted.minute >= minute {
                return;
            }
        } else if self.noted.len() >= MAX_RECORDS {
            return;
        }
        let first = Some((at, Origin::from(origin)));
        match self.noted.entry(id) {
            // It was counted above.
            Entry::Occupied(mut noted) => {
                let noted = noted.get_mut();
                if noted.minute < minute {
                    (noted.minute, noted.first) = (minute, first);
                }
            }
            Entry::Vacant(place) => {
                place.insert(Noted { minute, first, count: AtomicU64::new(1), written: i64::MIN });
            }
        }
    }

    /// What is to be written: what was not, unless something was in this minute; `all` of it before the end.
    fn due(&self, now: Timestamp, all: bool) -> Vec<(RecordId, LastUse)> {
        let due = |noted: &Noted| {
            let count = noted.count.load(Ordering::Relaxed);
            let waits = !all && noted.written >= minute(now);
            if waits || (noted.first.is_none() && count == 0) {
                return None;
            }
            let (at, origin) = noted.first.clone().unzip();
            let Origin { address, user_agent } = origin.unwrap_or_default();
            Some(LastUse { at, address, user_agent, count })
        };
        self.noted.iter().filter_map(|noted| Some((*noted.key(), due(&noted)?))).collect()
    }

    /// What was written is not written again; what was written in a minute that is over is forgotten.
    fn written(&self, uses: &[(RecordId, LastUse)], now: Timestamp) {
        for (id, last_use) in uses {
            let Some(mut noted) = self.noted.get_mut(id) else { continue };
            noted.count.fetch_sub(last_use.count, Ordering::Relaxed);
            noted.written = minute(now);
            if noted.first.as_ref().map(|(at, _)| *at) == last_use.at {
                noted.first = None;
            }
        }
        self.noted.retain(|_, noted| {
            noted.first.is_some() || noted.count.load(Ordering::Relaxed) > 0 || noted.minute >= minute(now)
        });
    }
}

fn minute(at: Timestamp) -> i64 {
    at.unix_seconds().div_euclid(60)
}

/// Writes down what was noted, as far as it is due. What fails is tried again next time. It is a task of its own: a
/// caller that goes away in the middle makes no use count twice.
pub(crate) async fn write_down(inner: &Arc<Inner>, all: bool) -> Result<(), StoreError> {
    let inner = Arc::clone(inner);
    let task = tokio::spawn(async move {
        let _alone = inner.uses.writing.lock().await;
        let now = inner.clock().now();
        let uses = inner.uses.due(now, all);
        if !uses.is_empty() {
            inner.store.touch(&uses).await?;
        }
        inner.uses.written(&uses, now);
        Ok(())
    });
    task.await.unwrap_or_else(|error| Err(StoreError::unavailable(error)))
}
