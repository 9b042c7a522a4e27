//! The places of a [`Table`](crate::table::Table): sets of eight, twice as many whenever they are crowded.
//!
//! Few sets lie close together, so that as long as few tokens are remembered the places stay in the nearest memory.

use std::sync::{
    OnceLock,
    atomic::{AtomicU16, AtomicUsize, Ordering},
};

use arc_swap::ArcSwapAny;
use triomphe::ThinArc;

use crate::known::{Known, Piece};

/// Places in one set.
pub(crate) const WAYS: usize = 8;
/// Sets in the beginning.
const FIRST: usize = 64;

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
    /// How many are in use: a power of two, or none before the first.
    used: AtomicUsize,
}

impl Place {
    pub(crate) fn of(hash: u64) -> Self {
        Self { homes: [(hash >> 32) as u32, (hash >> 16) as u32], tag: hash as u16 }
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

    /// Which one holds something like that.
    pub(crate) fn way_of(self, like: impl Fn(&Piece) -> bool) -> Option<usize> {
        self.slots().position(|slot| slot.holds(&like))
    }

    pub(crate) fn free_way(self) -> Option<usize> {
        self.slots().position(|slot| slot.0.load().is_none())
    }

    /// One that was not asked for since this was called last; whoever it is, if all were.
    pub(crate) fn unasked_way(self, place: Place) -> usize {
        let from = usize::from(place.tag) % WAYS;
        let unasked = |way: &usize| {
            self.slots.0.get(*way).is_some_and(|slot| !slot.holds(|piece| piece.known().was_asked()))
        };
        (from..from + WAYS).map(|way| way % WAYS).find(unasked).unwrap_or(from)
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

    /// How many can lie in these before there should be more; no bound, if there cannot.
    pub(crate) fn comfortable(&self) -> usize {
        let sets = self.len();
        if sets == self.most() { usize::MAX } else { sets * WAYS * 5 / 8 }
    }

    fn most(&self) -> usize {
        FIRST << (self.segments.len() - 1)
    }

    /// Which sets a token has, the one before the other. With more sets it may have others.
    pub(crate) fn indices(&self, place: Place) -> [usize; 2] {
        let mask = self.len().wrapping_sub(1);
        place.homes.map(|home| home as usize & mask)
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

    /// Makes twice as many; only one may call this at a time. How many there were, and how many bytes the others take.
    pub(crate) fn double(&self) -> Option<(usize, usize)> {
        let before = self.len();
        let new = before.max(FIRST);
        let next = if before == 0 { 0 } else { (before / FIRST).ilog2() as usize + 1 };
        self.segments.get(next)?.get_or_init(|| Segment::new(new));
        self.used.store(before + new, Ordering::Release);
        Some((before, new * (size_of::<Tags>() + size_of::<Slots>())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_double_until_there_are_enough() {
        let sets = Sets::up_to(4_000);
        assert_eq!((sets.len(), sets.comfortable()), (0, 0));
        assert!(sets.of(Place::of(0)).next().is_none() && sets.at(0).is_none());
        for (before, after) in [(0, 64), (64, 128), (128, 256), (256, 512), (512, 1024)] {
            assert_eq!(sets.double().unwrap().0, before);
            assert_eq!(sets.len(), after);
            assert!((0..after).all(|index| sets.at(index).is_some()) && sets.at(after).is_none());
        }
        assert_eq!(sets.comfortable(), usize::MAX);
        assert_eq!(sets.double(), None);
    }

    #[test]
    fn each_set_is_one_of_its_own() {
        let sets = Sets::up_to(1_000);
        while sets.double().is_some() {}
        let at = |index| std::ptr::from_ref(sets.at(index).unwrap().slots);
        let all: std::collections::BTreeSet<_> = (0..sets.len()).map(at).collect();
        assert_eq!(all.len(), sets.len());
        for hash in 0..1_000 {
            let [one, other] = sets.indices(Place::of(hash << 32 | hash << 20));
            assert!(one < sets.len() && other < sets.len());
        }
    }
}
