//! The undeleted records in each of the orders of a list.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
    sync::Arc,
};

use crate::{Position, Record, Sort, SortBy};

/// One sorted map per order, so that a page is found by key and costs what it holds.
#[derive(Default)]
pub(super) struct Orders {
    created_at: Order,
    name: Order,
    expires_at: Order,
    last_used_at: Order,
}

type Order = BTreeMap<Position, Arc<Record>>;

impl Orders {
    /// Adds a record to every order.
    pub(super) fn insert(&mut self, record: &Arc<Record>) {
        for (by, order) in self.all() {
            order.insert(ascending(by).position(record), Arc::clone(record));
        }
    }

    /// Takes a record out of every order. It must be as it was inserted.
    pub(super) fn remove(&mut self, record: &Record) {
        for (by, order) in self.all() {
            order.remove(&ascending(by).position(record));
        }
    }

    /// The records that come after that place in that order.
    pub(super) fn after(
        &self,
        sort: Sort,
        place: Option<&Position>,
    ) -> Box<dyn Iterator<Item = &Arc<Record>> + Send + '_> {
        let order = match sort.by {
            SortBy::CreatedAt => &self.created_at,
            SortBy::Name => &self.name,
            SortBy::ExpiresAt => &self.expires_at,
            SortBy::LastUsedAt => &self.last_used_at,
        };
        let edge = place.map_or(Unbounded, Excluded);
        if sort.descending {
            Box::new(order.range((Unbounded, edge)).rev().map(|(_, record)| record))
        } else {
            Box::new(order.range((edge, Unbounded)).map(|(_, record)| record))
        }
    }

    fn all(&mut self) -> [(SortBy, &mut Order); 4] {
        [
            (SortBy::CreatedAt, &mut self.created_at),
            (SortBy::Name, &mut self.name),
            (SortBy::ExpiresAt, &mut self.expires_at),
            (SortBy::LastUsedAt, &mut self.last_used_at),
        ]
    }
}

fn ascending(by: SortBy) -> Sort {
    Sort { by, descending: false }
}
