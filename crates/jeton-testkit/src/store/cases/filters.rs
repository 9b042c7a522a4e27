//! A filter lets through what [`Filter::admits`] lets through.

use std::{collections::BTreeSet, sync::Arc};

use jeton::{EndBound, EndBounds, Filter, Kind, LastUse, Query, Record, Sort, Standing, State, Store};

use crate::store::sample::{
    delete, edit, full_record, id, insert_all, minimal_record, named, names, query, time, walk,
};

pub async fn every_filter_alone_and_with_others(store: Arc<dyn Store>) {
    let records = varied();
    insert_all(&*store, &records).await;
    let all = Filter::default();
    let text = |text: &str| Some(text.to_owned());
    let by_name = |part| Filter { name: text(part), ..all.clone() };
    let role = |role, role_is_default| Filter { role: text(role), role_is_default, ..all.clone() };
    let filters = [
        (all.clone(), records.len()),
        (by_name("report"), 3),
        (by_name("REPORT"), 3),
        (by_name("äRGER"), 2),
        (by_name("%"), 2),
        (by_name("_"), 1),
        (by_name("'"), 2),
        (by_name("\\"), 1),
        (by_name("nowhere"), 0),
        (Filter { subject: text("alice@example.org"), ..all.clone() }, 1),
        (Filter { subject: text("alice"), ..all.clone() }, 1),
        (Filter { tenant: text("a"), ..all.clone() }, 2),
        (Filter { kind: Some(Kind::Personal), ..all.clone() }, 1),
        (Filter { kind: Some(Kind::Service), ..all.clone() }, records.len() - 1),
        (role("reader", false), 2),
        (role("read", false), 0),
        (role("reader", true), records.len() - 1),
        (Filter { role_is_default: true, ..all.clone() }, records.len()),
        (Filter { expires_before: Some(time(3_000)), ..all.clone() }, 1),
        (Filter { expires_before: Some(time(3_001)), ..all.clone() }, 2),
        (Filter { last_used_before: Some(time(4_000)), ..all.clone() }, records.len() - 1),
        (Filter { last_used_before: Some(time(500)), ..all.clone() }, records.len() - 2),
        (Filter { state: Some(State::Disabled), ..all.clone() }, 1),
        (Filter { name: text("report"), tenant: text("a"), role: text("reader"), ..all.clone() }, 1),
        (Filter { expires_before: Some(time(9_000)), state: Some(State::Expired), ..by_name("e") }, 1),
    ];
    for (filter, expected) in filters {
        let query = query(filter, "name".parse().unwrap(), 2);
        let found = walk(&*store, query.clone()).await;
        assert_eq!(found.iter().collect::<BTreeSet<_>>(), admitted(&records, &query), "{:?}", query.filter);
        assert_eq!(found.len(), expected, "{:?}", query.filter);
    }
}

pub async fn the_state_filter_is_the_state_of_the_record(store: Arc<dyn Store>) {
    let mut records = Vec::new();
    for standing in [Standing::Active, Standing::Disabled, Standing::Revoked] {
        for expires_at in [None, Some(2_000), Some(3_000), Some(4_000)] {
            for not_before in [2_000, 3_000, 4_000] {
                let mut record = minimal_record(records.len() as u64);
                record.standing = standing;
                record.grant.expires_at = expires_at.map(time);
                record.not_before = time(not_before);
                records.push(record);
            }
        }
    }
    insert_all(&*store, &records).await;
    for now in [1_999, 2_000, 2_999, 3_000, 3_001, 4_000] {
        for state in State::ALL {
            let filter = Filter { state: Some(state), ..Filter::default() };
            let query = Query { now: time(now), ..query(filter, Sort::default(), 200) };
            let found = walk(&*store, query.clone()).await;
            let found: BTreeSet<_> = found.iter().collect();
            assert_eq!(found, admitted(&records, &query), "{state:?} at {now}");
        }
    }
}

pub async fn lives_beyond_the_bounds_of_their_kind_are_found(store: Arc<dyn Store>) {
    let mut records = Vec::new();
    for kind in [Kind::Service, Kind::Personal] {
        for standing in [Standing::Active, Standing::Disabled, Standing::Revoked] {
            for expires_at in [None, Some(4_000), Some(5_000), Some(6_000), Some(6_001)] {
                let mut record = minimal_record(records.len() as u64);
                (record.kind, record.standing) = (kind, standing);
                record.grant.expires_at = expires_at.map(time);
                records.push(record);
            }
        }
    }
    insert_all(&*store, &records).await;
    let bound = |last: Option<i64>, must_end| EndBound { last: last.map(time), must_end };
    let any = EndBound::default();
    for (service, personal, count) in [
        (any, any, 0),
        (bound(Some(6_000), false), any, 2),
        (bound(Some(6_000), true), any, 4),
        (bound(None, true), any, 2),
        (any, bound(Some(5_999), false), 4),
        (any, bound(None, true), 2),
        (bound(Some(0), true), bound(Some(6_000), true), 10),
        (bound(Some(0), false), bound(Some(7_000), true), 6),
    ] {
        let beyond = Some(EndBounds { service, personal });
        let filter = Filter { beyond, ..Filter::default() };
        let query = Query { now: time(5_000), ..query(filter, "expires_at".parse().unwrap(), 3) };
        let found = walk(&*store, query.clone()).await;
        assert_eq!(found.len(), count, "{beyond:?}");
        assert_eq!(found.iter().collect::<BTreeSet<_>>(), admitted(&records, &query), "{beyond:?}");
    }
}

pub async fn who_may_sign_for_any_user_is_found(store: Arc<dyn Store>) {
    let with = |number, has_secret, subject: Option<&str>| {
        let mut record = Record { has_secret, ..minimal_record(number) };
        record.grant.subject = subject.map(str::to_owned);
        record
    };
    let records = [
        with(1, true, None),
        with(2, true, Some("alice")),
        with(3, false, None),
        with(4, false, Some("bob")),
    ];
    insert_all(&*store, &records).await;
    let filter = Filter { acts_for_anyone: true, ..Filter::default() };
    let found = async || walk(&*store, query(filter.clone(), Sort::default(), 10)).await;
    assert_eq!(found().await, [id(1)]);
    edit(&*store, id(3), |record| record.has_secret = true).await.unwrap();
    assert_eq!(found().await, [id(3), id(1)]);
}

pub async fn tombstones_are_in_no_list(store: Arc<dyn Store>) {
    insert_all(&*store, &[minimal_record(1), minimal_record(2)]).await;
    delete(&*store, id(1)).await;
    let states = State::ALL.into_iter().map(Some).chain([None]);
    for state in states {
        for sort in super::orders::SORTS {
            let filter = Filter { state, ..Filter::default() };
            let found = walk(&*store, query(filter, sort.parse().unwrap(), 10)).await;
            assert!(!found.contains(&id(1)), "{state:?} {sort}");
        }
    }
}

/// What the list must hold, judged record by record.
fn admitted<'a>(records: &'a [Record], query: &Query) -> BTreeSet<&'a jeton::RecordId> {
    let admitted = records.iter().filter(|record| query.filter.admits(record, query.now));
    admitted.map(|record| &record.id).collect()
}

/// Records of which each filter above lets a part through.
fn varied() -> Vec<Record> {
    let mut records = vec![
        full_record(1),
        named(2, None, "Daily Report"),
        named(3, Some("a"), "daily report"),
        named(4, Some("a"), "100 % of it"),
        named(5, Some("A"), "under_score"),
        named(6, None, "ÄRGER im Report"),
        named(7, None, "it's"),
    ];
    records[2].grant.roles = names(&["reader", "50%"]);
    records[3].grant.expires_at = Some(time(3_000));
    records[4].grant.expires_at = Some(time(2_999));
    records[4].grant.roles = names(&["readers", "\"reader\""]);
    records[5].last_use = LastUse { at: Some(time(500)), ..LastUse::default() };
    records[6].grant.subject = Some("alice".to_owned());
    records[6].grant.roles = names(&["admin"]);
    // With the default role: all but those that have a subject and not that role.
    assert!(records[0].grant.roles.contains("reader"));
    records
}
