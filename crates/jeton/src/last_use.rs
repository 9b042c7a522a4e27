//! When and from where tokens were last used, as far as it is not written down yet.
//!
//! Noting a use takes a look into a map; writing is done in the background, at most once per record and minute. It is
//! best effort: what was noted when the process is killed is lost, and so is what no room is left for.

use dashmap::DashMap;

use crate::{LastUse, RecordId, StoreError, Timestamp, authority::Inner};

/// More records at once are not noted.
const MAX_RECORDS: usize = 100_000;

#[derive(Clone, Copy, Debug)]
struct Noted {
    minute: i64,
    /// The first use of that minute; none once it was written down.
    unwritten: Option<LastUse>,
}

#[derive(Debug, Default)]
pub(crate) struct Uses(DashMap<RecordId, Noted>);

impl Uses {
    /// Notes the first use of each minute.
    pub(crate) fn note(&self, id: RecordId, at: Timestamp, address: Option<std::net::IpAddr>) {
        let minute = minute(at);
        if self.0.get(&id).map_or(self.0.len() >= MAX_RECORDS, |noted| noted.minute >= minute) {
            return;
        }
        self.0.insert(id, Noted { minute, unwritten: Some(LastUse { at: Some(at), address }) });
    }

    fn unwritten(&self) -> Vec<(RecordId, LastUse)> {
        self.0.iter().filter_map(|noted| Some((*noted.key(), noted.unwritten?))).collect()
    }

    /// What was written is not written again; what was written in a minute that is over is forgotten.
    fn written(&self, uses: &[(RecordId, LastUse)], now: Timestamp) {
        for (id, last_use) in uses {
            if let Some(mut noted) = self.0.get_mut(id)
                && noted.unwritten == Some(*last_use)
            {
                noted.unwritten = None;
            }
        }
        self.0.retain(|_, noted| noted.unwritten.is_some() || noted.minute >= minute(now));
    }
}

fn minute(at: Timestamp) -> i64 {
    at.unix_seconds().div_euclid(60)
}

/// Writes down what was noted. What fails is tried again next time.
pub(crate) async fn write_down(inner: &Inner) -> Result<(), StoreError> {
    let uses = inner.uses.unwritten();
    if !uses.is_empty() {
        inner.store.touch(&uses).await?;
    }
    inner.uses.written(&uses, inner.clock().now());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).unwrap()
    }

    #[test]
    fn the_first_use_of_a_minute_is_written_once() {
        let (uses, id) = (Uses::default(), RecordId::new(Timestamp::MIN, &SystemRandom).unwrap());
        for second in [61, 62, 119] {
            uses.note(id, at(second), None);
        }
        let first = vec![(id, LastUse { at: Some(at(61)), address: None })];
        assert_eq!(uses.unwritten(), first);
        uses.written(&first, at(119));
        uses.note(id, at(119), None);
        assert!(uses.unwritten().is_empty(), "this minute was written down");
        uses.note(id, at(120), None);
        assert_eq!(uses.unwritten().len(), 1);
        uses.note(id, at(60), None);
        assert_eq!(uses.unwritten()[0].1.at, Some(at(120)), "an older use changes nothing");
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let (uses, id) = (Uses::default(), RecordId::new(Timestamp::MIN, &SystemRandom).unwrap());
        uses.note(id, at(0), None);
        uses.written(&[], at(600));
        assert_eq!(uses.0.len(), 1, "not before it was written");
        uses.written(&uses.unwritten(), at(600));
        assert_eq!(uses.0.len(), 0);
    }
}
