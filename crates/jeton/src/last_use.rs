//! When, from where and how often tokens were used, as far as it is not written down yet.
//!
//! Noting a use takes a look into a map; writing is done in the background, at most once per record and minute. It is
//! best effort: what was noted when the process is killed is lost, and so is what no room is left for.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering},
};

use dashmap::{DashMap, Entry};

use crate::{LastUse, Origin, OriginRef, Principal, RecordId, StoreError, Timestamp, authority::Inner};

/// More records at once are not noted.
const MAX_RECORDS: usize = 100_000;
/// How many lists of tokens that were used there are, so that cores meet seldom at one.
const LISTS: usize = 16;
/// More tokens than that wait in none of them. Those that wait are kept, also if they are remembered no more.
const MAX_WAITING: usize = 128;

/// How often a remembered token was used since its uses were added to those of its record.
#[derive(Debug, Default)]
pub(crate) struct Used {
    /// The minute whose first use was noted: its last 16 bits, which no token outlives.
    minute: AtomicU16,
    count: AtomicU32,
}

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
    /// Remembered tokens with uses that are not in `noted` yet: each once.
    waiting: [Mutex<Vec<Principal>>; LISTS],
    /// Held while uses are written down, so that none is written twice.
    writing: tokio::sync::Mutex<()>,
}

impl Uses {
    /// Counts a use of an access token. What is not its first one in a minute is counted at the token itself.
    pub(crate) fn note_token(&self, principal: &Principal, at: Timestamp, origin: OriginRef<'_>) {
        let used = &principal.known().used;
        let minute = u16::try_from(minute(at) & i64::from(u16::MAX)).unwrap_or(0);
        if used.minute.load(Ordering::Relaxed) != minute {
            used.minute.store(minute, Ordering::Relaxed);
            self.note(principal.token_id(), at, origin);
        } else if used.count.fetch_add(1, Ordering::Relaxed) == 0 && !self.wait(principal) {
            self.collect_one(principal, at);
        }
    }

    /// Whether there is room for it to wait.
    fn wait(&self, principal: &Principal) -> bool {
        let list = usize::from(principal.token_id().as_bytes().last().copied().unwrap_or(0)) % LISTS;
        let Some(list) = self.waiting.get(list) else { return false };
        let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
        let room = list.len() < MAX_WAITING;
        if room {
            list.push(principal.clone());
        }
        room
    }

    /// Adds what tokens counted to their records.
    fn collect(&self, now: Timestamp) {
        for list in &self.waiting {
            let waiting = std::mem::take(&mut *list.lock().unwrap_or_else(PoisonError::into_inner));
            waiting.iter().for_each(|principal| self.collect_one(principal, now));
        }
    }

    fn collect_one(&self, principal: &Principal, now: Timestamp) {
        if !self.noted.contains_key(&principal.token_id()) && self.noted.len() >= MAX_RECORDS {
            return;
        }
        let count = u64::from(principal.known().used.count.swap(0, Ordering::Relaxed));
        match self.noted.entry(principal.token_id()) {
            Entry::Occupied(noted) => {
                noted.get().count.fetch_add(count, Ordering::Relaxed);
            }
            // Its first use of the minute was written down.
            Entry::Vacant(place) => {
                let (minute, count) = (minute(now), AtomicU64::new(count));
                place.insert(Noted { minute, first: None, count, written: i64::MIN });
            }
        }
    }

    /// Counts a use, and notes the first one of each minute.
    pub(crate) fn note(&self, id: RecordId, at: Timestamp, origin: OriginRef<'_>) {
        let minute = minute(at);
        // Others may make the place meanwhile, or clear it.
        let mut counts = 1;
        if let Some(noted) = self.noted.get(&id) {
            noted.count.fetch_add(counts, Ordering::Relaxed);
            counts = 0;
            if noted.minute >= minute {
                return;
            }
        } else if self.noted.len() >= MAX_RECORDS {
            return;
        }
        let first = Some((at, Origin::from(origin)));
        match self.noted.entry(id) {
            Entry::Occupied(mut noted) => {
                let noted = noted.get_mut();
                noted.count.fetch_add(counts, Ordering::Relaxed);
                if noted.minute < minute {
                    (noted.minute, noted.first) = (minute, first);
                }
            }
            Entry::Vacant(place) => {
                place.insert(Noted { minute, first, count: AtomicU64::new(counts), written: i64::MIN });
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
        inner.uses.collect(now);
        let uses = inner.uses.due(now, all);
        if !uses.is_empty() {
            inner.store.touch(&uses).await?;
        }
        inner.uses.written(&uses, now);
        Ok(())
    });
    task.await.unwrap_or_else(|error| Err(StoreError::unavailable(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Names, SystemRandom, TokenKind, cutoff::Checked, known::Assertion, principal::Watch};

    fn token(text: &str) -> Principal {
        let none = Names::new();
        let assertion = Assertion {
            kind: TokenKind::AccessToken,
            token_id: RecordId::new(Timestamp::MIN, &SystemRandom).unwrap(),
            jti: "j",
            epoch: 0,
            subject: None,
            tenant: None,
            groups: (&none).into(),
            roles: (&none).into(),
            scopes: (&none).into(),
            audiences: (&none).into(),
            networks: Vec::new(),
            issued_at: Timestamp::MIN,
            expires_at: None,
            known_until: Timestamp::MAX,
            verifier: Watch::new(std::sync::Weak::new()),
        };
        Principal::of_token(assertion, text, 0, Checked::default())
    }

    #[test]
    fn few_tokens_wait_and_every_use_arrives() {
        const TOKENS: usize = 10_000;
        let (uses, now) =
            (Uses::default(), Timestamp::MIN.saturating_add(std::time::Duration::from_secs(600)));
        let tokens: Vec<_> = (0..TOKENS).map(|number| token(&number.to_string())).collect();
        for _ in 0..3 {
            tokens.iter().for_each(|token| uses.note_token(token, now, OriginRef::default()));
        }
        let waiting: usize = uses.waiting.iter().map(|list| list.lock().unwrap().len()).sum();
        assert!(waiting > 0 && waiting <= LISTS * MAX_WAITING, "{waiting}");
        uses.collect(now);
        let counted: Vec<_> = uses.noted.iter().map(|noted| noted.count.load(Ordering::Relaxed)).collect();
        assert_eq!((counted.len(), counted.iter().all(|count| *count == 3)), (TOKENS, true));
    }

    #[test]
    fn no_more_records_are_noted_than_there_is_room_for() {
        let uses = Uses::default();
        let now = Timestamp::MIN.saturating_add(std::time::Duration::from_secs(600));
        for number in 0..MAX_RECORDS + 10 {
            let id = RecordId::from_bytes(u128::try_from(number).unwrap().to_be_bytes());
            uses.note(id, now, OriginRef::default());
        }
        let late = token("late");
        for _ in 0..2 {
            uses.note_token(&late, now, OriginRef::default());
        }
        uses.collect(now);
        assert_eq!(uses.noted.len(), MAX_RECORDS);
    }
}
