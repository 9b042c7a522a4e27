//! Where the principals of remembered tokens lie: sets of places, found by a part of the signature.
//!
//! Whoever looks takes no lock, and usually waits for memory three times: for the tags of its set, the place, and the piece
//! that is the principal with its token. What one request does for room is bounded. It deliberately judges nothing: what it gives out was found good once.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        Mutex, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{
    Timestamp,
    jose::MAX_TOKEN_BYTES,
    known::{Known, Piece},
    places::{LEAST_BYTES, Place, Set, Sets, Slot},
    telemetry::Evictions,
};

/// About what a remembered token takes, for the number of places.
const USUAL_BYTES: usize = 800;
/// How many sets one request looks through for what was not asked for. After those it takes what there is.
const PATIENCE: usize = 64;
/// How many characters of the signature tell where to look; the last one, which may be the same in all, is not looked at.
const SEEN: usize = 8;

/// Bounded in bytes, its own included, and so in number.
pub(crate) struct Table {
    sets: Sets,
    /// How much all that is remembered may take.
    most_bytes: usize,
    /// What it takes, and what is about to be put in.
    bytes: AtomicUsize,
    count: AtomicUsize,
    /// The set that is looked through next when there is no room.
    hand: AtomicUsize,
    growing: Mutex<()>,
    /// Anew in each process: nobody can tell which tokens share a set.
    seeds: [u64; 2],
    evictions: Evictions,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("bytes", &self.bytes)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

impl Table {
    /// With room for so many bytes; none, if that is too few for one token.
    pub(crate) fn new(most_bytes: usize, evictions: Evictions) -> Option<Self> {
        most_bytes.checked_sub(LEAST_BYTES + USUAL_BYTES)?;
        let seed = || RandomState::new().hash_one(0);
        Some(Self {
            sets: Sets::up_to(most_bytes / USUAL_BYTES),
            most_bytes,
            bytes: AtomicUsize::new(0),
            count: AtomicUsize::new(0),
            hand: AtomicUsize::new(0),
            growing: Mutex::new(()),
            seeds: [seed(), seed() | 1],
            evictions,
        })
    }

    /// What was remembered of exactly that token, if it was verified with the keys of that version.
    pub(crate) fn find(&self, token: &str, keys_version: u16) -> Option<Piece> {
        let place = self.place(token.as_bytes())?;
        let mut tagged = self.sets.of(place).flat_map(|set| set.with_tag(place));
        let piece = tagged.find(|piece| piece.is_of(token, keys_version))?;
        piece.known().ask();
        Some(piece)
    }

    /// Remembers the principal of that token, which is within its piece. What was not asked for gives way.
    pub(crate) fn remember(&self, piece: &Piece) {
        if self.sets.are_crowded_by(self.count.load(Ordering::Relaxed)) {
            self.grow();
        }
        let bytes = piece.bytes();
        if bytes > self.most_bytes.saturating_sub(self.sets.bytes()) {
            return;
        }
        // Taken before it is used, so that no two overstep the bound together.
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if !self.make_room() || !self.put(piece.clone()) {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// Puts it into one of its sets: where the same token is already, where nothing is, or in the place of one that was
    /// not asked for. Its bytes are counted by then.
    fn put(&self, piece: Piece) -> bool {
        let Some(place) = self.place(piece.token()) else { return false };
        let sets = || self.sets.of(place);
        let Some(first) = sets().next() else { return false };
        self.count.fetch_add(1, Ordering::Relaxed);
        let same = |old: &Piece| old.token() == piece.token();
        let there = sets().find_map(|set| Some((set, set.way_of(place, same)?)));
        let free = || sets().find_map(|set| Some((set, set.free_way()?)));
        let unasked = || sets().find_map(|set| Some((set, set.unasked_way(place)?)));
        let (set, way) = there.or_else(free).or_else(unasked).unwrap_or((first, place.first_way()));
        if let Some(old) = set.exchange(way, place, piece.clone()) {
            self.gone(&old, !same(&old));
        }
        true
    }

    /// One set more. Meanwhile the few tokens that go there are not found, which costs a signature.
    fn grow(&self) {
        let _growing = match self.growing.try_lock() {
            Ok(growing) => growing,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Somebody else is at it.
            Err(TryLockError::WouldBlock) => return,
        };
        let before = self.sets.bytes();
        let from = self.sets.extend();
        self.bytes.fetch_add(self.sets.bytes() - before, Ordering::Relaxed);
        let Some((index, set)) = from.and_then(|index| Some((index, self.sets.at(index)?))) else { return };
        for slot in set.slots() {
            let moves = |piece: &Piece| {
                let place = self.place(piece.token());
                place.is_some_and(|place| !self.sets.indices(place).contains(&index))
            };
            if slot.holds(moves)
                && let Some(piece) = slot.take()
            {
                self.count.fetch_sub(1, Ordering::Relaxed);
                self.put(piece);
            }
        }
    }

    /// Forgets those whose end has come.
    pub(crate) fn prune(&self, now: Timestamp) {
        self.forget(|known| known.expires_at <= now);
    }

    /// Forgets all of them.
    pub(crate) fn clear(&self) {
        self.forget(|_| true);
    }

    fn forget(&self, over: impl Fn(&Known) -> bool) {
        for slot in (0..self.sets.len()).filter_map(|index| self.sets.at(index)).flat_map(Set::slots) {
            if slot.holds(|piece| over(piece.known())) {
                self.empty(slot, false);
            }
        }
    }

    /// Looks through set after set, as a clock does: who was asked for since the last time stays until the next, but for
    /// those whom patience does not reach. Once around at most: whether there is room then.
    fn make_room(&self) -> bool {
        let is_room = || self.bytes.load(Ordering::Relaxed) <= self.most_bytes;
        let sets = self.sets.len();
        for looked_through in 0..sets + PATIENCE {
            if is_room() {
                return true;
            }
            // There are none yet while another thread makes the first ones.
            let hand = self.hand.fetch_add(1, Ordering::Relaxed).checked_rem(sets);
            for slot in hand.and_then(|index| self.sets.at(index)).into_iter().flat_map(Set::slots) {
                let stays = |piece: &Piece| piece.known().was_asked() && looked_through < PATIENCE;
                if !is_room() && slot.holds(|piece| !stays(piece)) {
                    self.empty(slot, true);
                }
            }
        }
        is_room()
    }

    fn empty(&self, slot: &Slot, evicted: bool) {
        if let Some(old) = slot.take() {
            self.gone(&old, evicted);
        }
    }

    /// It is in the table no more.
    fn gone(&self, old: &Piece, evicted: bool) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(old.bytes(), Ordering::Relaxed);
        if evicted {
            self.evictions.count();
        }
    }

    /// Where a token has its place; one that is too long, or no token at all, has none.
    fn place(&self, token: &[u8]) -> Option<Place> {
        let (signature, _) = token.split_last_chunk::<1>().filter(|_| token.len() <= MAX_TOKEN_BYTES)?;
        let seen = u64::from_le_bytes(*signature.last_chunk::<SEEN>()?);
        let [first, second] = self.seeds;
        // Twice, since once is a straight line: signatures that are alike would share sets.
        Some(Place::of(folded(folded(seen ^ first, second), first | 1)))
    }

    /// How many it holds, and how many bytes all of it takes.
    #[cfg(test)]
    pub(crate) fn size(&self) -> [usize; 2] {
        [&self.count, &self.bytes].map(|number| number.load(Ordering::Relaxed))
    }

    /// How many of them its places take.
    #[cfg(test)]
    pub(crate) fn places_bytes(&self) -> usize {
        self.sets.bytes()
    }
}

/// Both halves of the product, together.
fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product >> 64) as u64 ^ product as u64
}

impl Drop for Table {
    /// What is taken out is wiped.
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::evictions;

    #[test]
    fn what_is_too_long_or_too_short_has_no_place() {
        let table = Table::new(1 << 20, evictions()).unwrap();
        let place = |token: &str| table.place(token.as_bytes());
        assert_eq!(place(&"x".repeat(MAX_TOKEN_BYTES + 1)), None);
        assert!(place(&"x".repeat(MAX_TOKEN_BYTES)).is_some());
        assert_eq!(place("12345678"), None);
        assert_ne!(place("a12345678."), place("a12345679."));
        assert_eq!(place("a12345678."), place("b12345678,"), "its end alone counts");
        let other = Table::new(1 << 20, evictions()).unwrap();
        assert_ne!(place("a12345678."), other.place(b"a12345678."), "each has its own places");
        assert!(Table::new(LEAST_BYTES, evictions()).is_none());
    }
}
