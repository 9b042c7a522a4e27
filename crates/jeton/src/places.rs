//! The places of a [`Table`](crate::table::Table): sets of eight, and one more whenever they are crowded (linear hashing), so
//! that no request pays for others.
//!
//! Few sets lie close together: as long as few tokens are remembered, the places stay in the nearest memory.

use std::sync::{
    OnceLock,
    atomic::{AtomicU16, AtomicUsize, Ordering},
};

use arc_swap::ArcSwapAny;
use triomphe::ThinArc;

use crate::known::{Known, Piece};

/// Places in one set.
pub(crate) const WAYS: usize = 8;
/// Sets in the beginning; a power of two.
const FIRST: usize = 64;
/// What a set takes.
const SET_BYTES: usize = size_of::<Tags>() + size_of::<Slots>();
/// What there is at the least.
pub(crate) const LEAST_BYTES: usize = FIRST * SET_BYTES;

/// Where a token is looked for: in two sets, since one may be full while nearly all others are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The lowest bits pick the set.
    homes: [u32; 2],
    tag: u16,
}

/// What lies at one place.
#[derive(Default)]
pub(crate) struct Slot(ArcSwapAny<Option<ThinArc<Known, u8>>>);

/// Eight places next to each other, and a part of the hash of what lies there: what has another one need not be looked at.
#[derive(Clone, Copy)]
pub(crate) struct Set<'a> {
    tags: &'a Tags,
    slots: &'a Slots,
}

#[derive(Default)]
#[repr(align(16))]
struct Tags([AtomicU16; WAYS]);

#[derive(Default)]
#[repr(align(64))]
struct Slots([Slot; WAYS]);

/// Those that were made at once.
struct Segment {
    tags: Box<[Tags]>,
    slots: Box<[Slots]>,
}

pub(crate) struct Sets {
    /// The first one, and then each with as many sets as all before it.
    segments: Box<[OnceLock<Segment>]>,
    /// How many are in use; none before the first token.
    used: AtomicUsize,
}

impl Place {
    pub(crate) fn of(hash: u64) -> Self {
        Self { homes: [(hash >> 32) as u32, (hash >> 16) as u32], tag: hash as u16 }
    }

    /// Another one for each token, so that no place is everybody's first.
    pub(crate) fn first_way(self) -> usize {
        usize::from(self.tag) % WAYS
    }
}

impl Slot {
    /// Whether there is something, and it is like that.
    pub(crate) fn holds(&self, like: impl FnOnce(&Piece) -> bool) -> bool {
        self.0.load_full().is_some_and(|thin| like(&Piece::of_thin(thin)))
    }

    /// Empties it.
    pub(crate) fn take(&self) -> Option<Piece> {
        self.0.swap(None).map(Piece::of_thin)
    }
}

impl<'a> Set<'a> {
    pub(crate) fn slots(self) -> impl Iterator<Item = &'a Slot> {
        self.slots.0.iter()
    }

    /// What lies there with that tag. Another one may have come in between: whoever asks compares the token.
    pub(crate) fn with_tag(self, place: Place) -> impl Iterator<Item = Piece> {
        let tagged = self.tags.0.iter().zip(&self.slots.0);
        tagged
            .filter(move |(tag, _)| tag.load(Ordering::Relaxed) == place.tag)
            .filter_map(|(_, slot)| slot.0.load_full().map(Piece::of_thin))
    }

    /// Which one holds something with that tag that is like that.
    pub(crate) fn way_of(self, place: Place, like: impl Fn(&Piece) -> bool) -> Option<usize> {
        let mut tagged = self.tags.0.iter().zip(&self.slots.0);
        tagged.position(|(tag, slot)| tag.load(Ordering::Relaxed) == place.tag && slot.holds(&like))
    }

    pub(crate) fn free_way(self) -> Option<usize> {
        self.slots().position(|slot| !slot.holds(|_| true))
    }

    /// One that was not asked for since this was called last.
    pub(crate) fn unasked_way(self, place: Place) -> Option<usize> {
        let unasked = |way: &usize| {
            self.slots.0.get(*way).is_some_and(|slot| !slot.holds(|piece| piece.known().was_asked()))
        };
        let from = place.first_way();
        (from..from + WAYS).map(|way| way % WAYS).find(unasked)
    }

    /// Puts it there. What was there comes out.
    pub(crate) fn exchange(self, way: usize, place: Place, piece: Piece) -> Option<Piece> {
        let (tag, slot) = self.tags.0.get(way).zip(self.slots.0.get(way))?;
        let old = slot.0.swap(Some(piece.thin().clone())).map(Piece::of_thin);
        tag.store(place.tag, Ordering::Relaxed);
        old
    }
}

impl Segment {
    fn new(sets: usize) -> Self {
        Self {
            tags: (0..sets).map(|_| Tags::default()).collect(),
            slots: (0..sets).map(|_| Slots::default()).collect(),
        }
    }
}

impl Sets {
    /// Never more than are needed for so many places.
    pub(crate) fn up_to(places: usize) -> Self {
        // With half as many again, few sets are full while there is room elsewhere.
        let sets = (places.saturating_mul(3) / (2 * WAYS)).next_power_of_two();
        let doublings = (sets / FIRST).max(1).ilog2();
        Self { segments: (0..=doublings).map(|_| OnceLock::new()).collect(), used: AtomicUsize::new(0) }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }

    /// What all of them take.
    pub(crate) fn bytes(&self) -> usize {
        match self.len() {
            0 => 0,
            used => used.next_power_of_two() * SET_BYTES,
        }
    }

    /// Whether there should be more of them for so many tokens. Those that were not divided yet hold twice as many.
    pub(crate) fn are_crowded_by(&self, count: usize) -> bool {
        let used = self.len();
        count >= used * WAYS * 3 / 8 && used < self.most()
    }

    fn most(&self) -> usize {
        FIRST << (self.segments.len() - 1)
    }

    /// Which sets a token has, the one before the other. With one more it may have that one.
    pub(crate) fn indices(&self, place: Place) -> [usize; 2] {
        let used = self.len();
        let mask = used.next_power_of_two() - 1;
        place.homes.map(|home| match home as usize & mask {
            index if index < used => index,
            // It is not there yet: its tokens are in the one that it will come from.
            index => index & (mask >> 1),
        })
    }

    pub(crate) fn of(&self, place: Place) -> impl Iterator<Item = Set<'_>> {
        self.indices(place).into_iter().filter_map(|index| self.at(index))
    }

    pub(crate) fn at(&self, index: usize) -> Option<Set<'_>> {
        let (segment, within) = match (index / FIRST).checked_ilog2() {
            None => (0, index),
            Some(doubling) => (doubling as usize + 1, index - (FIRST << doubling)),
        };
        let Segment { tags, slots } = self.segments.get(segment)?.get()?;
        Some(Set { tags: tags.get(within)?, slots: slots.get(within)? })
    }

    /// Makes the first ones, or one more; only one may call this at a time. From which one the tokens of the new one are to
    /// be moved.
    pub(crate) fn extend(&self) -> Option<usize> {
        let used = self.len();
        if used == 0 {
            self.segments.first()?.get_or_init(|| Segment::new(FIRST));
            self.used.store(FIRST, Ordering::Release);
            return None;
        }
        let doubling = (used / FIRST).ilog2();
        self.segments.get(doubling as usize + 1)?.get_or_init(|| Segment::new(FIRST << doubling));
        self.used.store(used + 1, Ordering::Release);
        Some(used - (FIRST << doubling))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_become_more_until_there_are_enough() {
        let sets = Sets::up_to(4_000);
        assert_eq!((sets.len(), sets.bytes()), (0, 0));
        assert!(sets.are_crowded_by(0) && sets.of(Place::of(0)).next().is_none() && sets.at(0).is_none());
        assert_eq!(sets.extend(), None);
        assert_eq!((sets.len(), sets.bytes()), (64, LEAST_BYTES));
        for used in 64..1024_usize {
            assert!(sets.are_crowded_by(used * 3) && !sets.are_crowded_by(used * 3 - 1));
            assert_eq!(
                sets.extend(),
                Some(used - used.next_power_of_two() / if used.is_power_of_two() { 1 } else { 2 })
            );
            assert_eq!(sets.len(), used + 1);
            assert!(sets.at(used).is_some());
            assert_eq!(sets.bytes(), (used + 1).next_power_of_two() * 80);
        }
        assert!(!sets.are_crowded_by(usize::MAX) && sets.at(1024).is_none());
        assert_eq!(sets.extend(), None);
        assert_eq!(sets.len(), 1024);
    }

    /// One more set changes nothing but for tokens that go into it, and those come from one.
    #[test]
    fn a_new_set_takes_from_one() {
        let sets = Sets::up_to(4_000);
        sets.extend();
        let places: Vec<_> =
            (0..5_000_u64).map(|hash| Place::of(hash.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
        for _ in 0..300 {
            let before: Vec<_> = places.iter().map(|place| sets.indices(*place)).collect();
            let new = sets.len();
            let from = sets.extend().unwrap();
            for (before, place) in before.iter().zip(&places) {
                for (before, after) in before.iter().zip(sets.indices(*place)) {
                    assert!(after == *before || (after == new && *before == from));
                }
            }
        }
    }

    #[test]
    fn each_set_is_one_of_its_own() {
        let sets = Sets::up_to(1_000);
        sets.extend();
        while sets.extend().is_some() {}
        let at = |index| std::ptr::from_ref(sets.at(index).unwrap().slots);
        let all: std::collections::BTreeSet<_> = (0..sets.len()).map(at).collect();
        assert_eq!(all.len(), sets.len());
        for hash in 0..1_000 {
            let [one, other] = sets.indices(Place::of(hash << 32 | hash << 20));
            assert!(one < sets.len() && other < sets.len());
        }
    }
}
