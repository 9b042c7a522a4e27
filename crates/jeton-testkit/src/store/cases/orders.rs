//! Lists are in order, and their pages fit together.

use std::sync::Arc;

use jeton::{Filter, LastUse, Query, Random as _, Record, RecordId, Sort, Store};

use crate::SeededRandom;
use crate::store::sample::{edit, id, insert, insert_all, minimal_record, query, time, walk};

/// All orders, as they are written.
pub(super) const SORTS: [&str; 8] = [
    "created_at",
    "-created_at",
    "name",
    "-name",
    "expires_at",
    "-expires_at",
    "last_used_at",
    "-last_used_at",
];

pub async fn every_order_both_ways_over_pages(store: Arc<dyn Store>) {
    let records = crowded();
    insert_all(&*store, &records).await;
    for sort in SORTS {
        for limit in [1, 2, 3, 7, 40, 200] {
            let query = query(Filter::default(), sort.parse().unwrap(), limit);
            assert_eq!(
                walk(&*store, query.clone()).await,
                in_order(&records, query.sort),
                "{sort} by {limit}"
            );
        }
        let filter = Filter { role: Some("some".to_owned()), ..Filter::default() };
        let some: Vec<_> = records.iter().filter(|record| !record.grant.roles.is_empty()).cloned().collect();
        let query = query(filter, sort.parse().unwrap(), 3);
        assert_eq!(walk(&*store, query.clone()).await, in_order(&some, query.sort), "{sort}, filtered");
    }
}

pub async fn pages_end_where_the_list_ends(store: Arc<dyn Store>) {
    let first = |limit| query(Filter::default(), Sort::default(), limit);
    let none = store.list(&first(5)).await.unwrap();
    assert!(none.records.is_empty() && none.next.is_none());

    let records: Vec<_> = (1..=4).map(minimal_record).collect();
    insert_all(&*store, &records).await;
    for (limit, more) in [(3, true), (4, false), (5, false)] {
        let page = store.list(&first(limit)).await.unwrap();
        assert_eq!(page.next.is_some(), more, "{limit} of 4");
    }
    let page = store.list(&first(2)).await.unwrap();
    let last = store.list(&Query { after: page.next, ..first(2) }).await.unwrap();
    assert_eq!(last.records.iter().map(|record| record.id).collect::<Vec<_>>(), [id(2), id(1)]);
    assert!(last.next.is_none(), "the last page is exactly full");
    assert_eq!(last.records, [records[1].clone(), records[0].clone()], "a list holds whole records");
}

pub async fn pages_stand_still_while_others_insert(store: Arc<dyn Store>) {
    let records = crowded();
    insert_all(&*store, &records).await;
    let mut number = 1_000;
    for sort in SORTS.map(|sort| sort.parse::<Sort>().unwrap()) {
        let mut query = query(Filter::default(), sort, 7);
        let expected = walk(&*store, Query { limit: 200, ..query.clone() }).await;
        let mut seen = Vec::new();
        loop {
            let page = store.list(&query).await.unwrap();
            seen.extend(page.records.iter().map(|record| record.id).filter(|id| expected.contains(id)));
            let Some(next) = page.next else { break };
            query.after = Some(next);
            for mut record in [minimal_record(number), minimal_record(number + 1)] {
                // One before everything and one behind it, whichever the order.
                let extreme = if record.id == id(number) { 1 } else { 9_000 };
                record.created_at = time(extreme);
                record.grant.expires_at = Some(time(extreme));
                record.last_use.at = Some(time(extreme));
                record.name = format!("{} {number}", if extreme == 1 { "!" } else { "~" });
                insert(&*store, &record).await.unwrap();
            }
            number += 2;
        }
        assert_eq!(seen, expected, "{sort:?}");
    }
}

pub async fn an_update_moves_the_record_in_the_lists(store: Arc<dyn Store>) {
    insert_all(&*store, &(1..=3).map(minimal_record).collect::<Vec<_>>()).await;
    edit(&*store, id(1), |record| {
        record.name = "ZZZ".to_owned();
        record.grant.expires_at = Some(time(20_000));
    })
    .await
    .unwrap();
    for (sort, expected) in [("name", [2, 3, 1]), ("expires_at", [1, 2, 3]), ("created_at", [1, 2, 3])] {
        let found = walk(&*store, query(Filter::default(), sort.parse().unwrap(), 1)).await;
        assert_eq!(found, expected.map(id), "{sort}");
    }
}

/// Forty records, many of them equal by each of the orders, inserted in no order.
fn crowded() -> Vec<Record> {
    let random = SeededRandom::new(40);
    let pick = |of: u8| {
        let mut byte = [0];
        random.fill(&mut byte).unwrap();
        byte[0] % of
    };
    let letters = ["a", "A", "B", "b", "Ä", "ä", "z", "Z", "İ", "日"];
    let record = |number: u64| {
        let mut record = minimal_record((number * 17) % 40);
        record.created_at = time(2_000 + i64::from(pick(3)));
        // Equal but for the case, and so equal by the order: the tenant keeps them apart.
        record.name = letters[usize::from(pick(10))].to_owned();
        record.grant.tenant = Some(number.to_string());
        record.grant.expires_at = [None, Some(time(3_000)), Some(time(4_000))][usize::from(pick(3))];
        let used = [None, Some(time(0)), Some(time(5_000))][usize::from(pick(3))];
        record.last_use = LastUse { at: used, ..LastUse::default() };
        if pick(2) == 0 {
            record.grant.roles.insert("some".to_owned());
        }
        record
    };
    (0..40).map(record).collect()
}

/// The order that the contract describes, made the plain way.
fn in_order(records: &[Record], sort: Sort) -> Vec<RecordId> {
    let mut positions: Vec<_> = records.iter().map(|record| sort.position(record)).collect();
    positions.sort();
    if sort.descending {
        positions.reverse();
    }
    positions.into_iter().map(|position| position.id).collect()
}
