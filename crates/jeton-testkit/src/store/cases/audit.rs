//! The audit log: complete, in order, and found by each filter.

use std::{collections::BTreeSet, sync::Arc};

use jeton::{
    Action, AuditEntry, AuditFilter, AuditQuery, AuditRow, Change, LiveLimit, NamedAudience, Origin,
    Restoration, Store, StoreError,
};

use super::cancel::{STEPS, polled_at_most};
use crate::store::sample::{
    at_once, entry, entry_at, id, insert_of, minimal_record, named, read_on, stored, time, trail, update_to,
};

/// An entry with everything in it that an entry can hold.
fn full_entry(action: Action) -> AuditEntry {
    AuditEntry {
        at: time(5_000_000_000),
        action,
        actor: "bob's \"script\" \u{1f511}".to_owned(),
        token_id: Some(id(7)),
        tenant: Some("ten'ant".to_owned()),
        origin: Origin::new(Some("2001:db8::7".parse().unwrap()), Some("curl/8 '; DROP TABLE x; --")),
        reason: Some("%\\ $1 ?1 日本".to_owned()),
    }
}

pub async fn every_write_leaves_its_entry(store: Arc<dyn Store>) {
    let (mut insert, mut update) = (insert_of(&minimal_record(1)), update_to(&minimal_record(1)));
    insert.audit = full_entry(Action::Generate);
    update.audit = full_entry(Action::Revoke);
    let audience = NamedAudience { version: 1, ..NamedAudience::new("a") };
    let [put, told, restored] =
        [Action::EditAudience, Action::RevokeAccessToken, Action::Restore].map(full_entry);
    let change = Change::Audience { name: "a".to_owned() };
    assert_eq!(trail(&*store, AuditFilter::default()).await, []);

    let mut expected = vec![insert.audit.clone()];
    store.insert(&insert).await.unwrap();
    assert_eq!(trail(&*store, AuditFilter::default()).await, expected);
    store.update(&update).await.unwrap();
    expected.push(update.audit);
    assert_eq!(trail(&*store, AuditFilter::default()).await, expected);
    store.put_audience(&audience, &change, &put).await.unwrap();
    expected.push(put);
    assert_eq!(trail(&*store, AuditFilter::default()).await, expected);
    store.announce(&change, &told).await.unwrap();
    expected.push(told);
    assert_eq!(trail(&*store, AuditFilter::default()).await, expected);
    let restoration = Restoration { at_least: 9, at: time(9), audit: restored.clone() };
    store.restore(&restoration).await.unwrap();
    expected.push(restored);
    assert_eq!(trail(&*store, AuditFilter::default()).await, expected);
}

pub async fn a_refused_write_leaves_no_entry(store: Arc<dyn Store>) {
    for number in 1..=2 {
        let mut record = minimal_record(number);
        record.grant.subject = Some("alice".to_owned());
        store.insert(&insert_of(&record)).await.unwrap();
    }
    let (_, before) = (trail(&*store, AuditFilter::default()).await, read_on(&*store, None).await.1);
    let second = stored(&*store, id(2)).await;
    let limits = vec![LiveLimit { kind: None, at_most: 1, now: time(0) }];

    let same_id = insert_of(&named(1, None, "other"));
    let same_name = insert_of(&named(3, None, "token 1"));
    let mut too_many = insert_of(&jeton::Record { grant: second.grant.clone(), ..minimal_record(3) });
    too_many.limits.clone_from(&limits);
    for (insert, why) in [(same_id, "IdTaken"), (same_name, "NameTaken"), (too_many, "TooMany")] {
        assert_eq!(format!("{:?}", store.insert(&insert).await), format!("Err({why})"));
    }
    let mut same_name = update_to(&second);
    same_name.record.name = "token 1".to_owned();
    let mut late = update_to(&second);
    late.expected_version = 7;
    let too_many = jeton::Update { limits, ..update_to(&second) };
    for (update, why) in [(same_name, "NameTaken"), (late, "Conflict"), (too_many, "TooMany")] {
        assert_eq!(format!("{:?}", store.update(&update).await), format!("Err({why})"));
    }
    let audience = NamedAudience { version: 2, ..NamedAudience::new("a") };
    let change = Change::Audience { name: "a".to_owned() };
    let refused = store.put_audience(&audience, &change, &full_entry(Action::EditAudience)).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");

    assert_eq!(trail(&*store, AuditFilter::default()).await.len(), 2, "the two inserts");
    assert_eq!(read_on(&*store, Some(before)).await.0, [], "nor a row of the change log");
    assert_eq!(stored(&*store, id(2)).await, second);
    assert_eq!(store.find(id(3)).await.unwrap(), None);
}

pub async fn entries_are_found_as_they_were_appended(store: Arc<dyn Store>) {
    store.append(&[]).await.unwrap();
    let full = Action::ALL.map(full_entry);
    let least = AuditEntry { actor: String::new(), ..entry_at(1, Action::Refuse) };
    store.append(&full).await.unwrap();
    store.append(std::slice::from_ref(&least)).await.unwrap();
    let expected: Vec<_> = full.into_iter().chain([least]).collect();
    assert_eq!(trail(&*store, AuditFilter::default()).await, expected);
}

pub async fn every_audit_filter_alone_and_with_others(store: Arc<dyn Store>) {
    let of = |number, tenant: Option<&str>, actor: &str, action, at| AuditEntry {
        at: time(at),
        actor: actor.to_owned(),
        ..entry(action, &named(number, tenant, "x"))
    };
    let entries = [
        of(1, Some("a"), "alice", Action::Generate, 100),
        of(1, Some("a"), "alice", Action::Exchange, 300),
        of(1, Some("a"), "Alice", Action::Exchange, 200),
        of(2, None, "alice", Action::Generate, 200),
        of(2, None, "", Action::Refuse, 199),
        of(3, Some("A"), "bob", Action::Revoke, 250),
        AuditEntry { tenant: Some("a".to_owned()), ..entry_at(400, Action::RotateKeys) },
        entry_at(50, Action::Exchange),
    ];
    store.append(&entries).await.unwrap();
    let all = AuditFilter::default();
    let text = |text: &str| Some(text.to_owned());
    let of_one = AuditFilter { token_id: Some(id(1)), ..all.clone() };
    let filters = [
        (all.clone(), 8),
        (of_one.clone(), 3),
        (AuditFilter { token_id: Some(id(9)), ..all.clone() }, 0),
        (AuditFilter { actor: text("alice"), ..all.clone() }, 3),
        (AuditFilter { actor: text(""), ..all.clone() }, 1),
        (AuditFilter { action: Some(Action::Exchange), ..all.clone() }, 3),
        (AuditFilter { tenant: text("a"), ..all.clone() }, 4),
        (AuditFilter { since: Some(time(200)), ..all.clone() }, 5),
        (AuditFilter { since: Some(time(401)), ..all.clone() }, 0),
        (AuditFilter { action: Some(Action::Exchange), since: Some(time(200)), ..of_one.clone() }, 2),
        (AuditFilter { actor: text("alice"), tenant: text("a"), ..all.clone() }, 2),
        (AuditFilter { actor: text("bob"), ..of_one }, 0),
    ];
    for (filter, count) in filters {
        let expected: Vec<_> = entries.iter().filter(|entry| filter.admits(entry)).cloned().collect();
        assert_eq!(expected.len(), count, "{filter:?}");
        assert_eq!(trail(&*store, filter.clone()).await, expected, "{filter:?}");
        let rows = pages(&*store, &filter, 2).await;
        assert!(rows.is_sorted_by(|one, next| one.seq > next.seq), "the newest first: {rows:?}");
        assert!(rows.into_iter().map(|row| row.entry).eq(expected.into_iter().rev()), "{filter:?} by pages");
    }
}

pub async fn pages_of_the_audit_log_fit_together(store: Arc<dyn Store>) {
    let entries: Vec<_> = (0..9).map(|number| entry_at(number, Action::Exchange)).collect();
    store.append(&entries).await.unwrap();
    let first = |limit| AuditQuery { filter: AuditFilter::default(), before: None, limit };
    for (limit, more) in [(8, true), (9, false), (10, false)] {
        assert_eq!(store.audit(&first(limit)).await.unwrap().next.is_some(), more, "{limit} of 9");
    }
    // What is written meanwhile is on no later page.
    let (mut query, mut seen) = (first(3), Vec::new());
    loop {
        let page = store.audit(&query).await.unwrap();
        assert_eq!(page.rows.len(), 3);
        seen.extend(page.rows.into_iter().map(|row| row.entry));
        store.append(&[entry_at(90, Action::Exchange)]).await.unwrap();
        let Some(next) = page.next else { break };
        query.before = Some(next);
    }
    assert!(seen.iter().eq(entries.iter().rev()), "{seen:?}");
    let before = Some(u64::MAX);
    let page = store.audit(&AuditQuery { before, ..first(200) }).await.unwrap();
    assert_eq!(page.rows.len(), 12);
}

pub async fn old_entries_are_pruned_and_no_others(store: Arc<dyn Store>) {
    let entries = [100, 300, 99, 200, 100].map(|at| entry_at(at, Action::Exchange));
    store.append(&entries).await.unwrap();
    let all = AuditFilter::default();
    let last = pages(&*store, &all, 10).await[0].seq;
    store.prune_audit(time(100)).await.unwrap();
    let [one, two, _, four, five] = entries;
    assert_eq!(trail(&*store, all.clone()).await, [one, two, four, five]);
    store.prune_audit(time(1_000)).await.unwrap();
    assert_eq!(trail(&*store, all.clone()).await, []);
    store.append(&[entry_at(1_001, Action::Exchange)]).await.unwrap();
    assert!(pages(&*store, &all, 10).await[0].seq > last, "no number is given twice");
}

pub async fn entries_of_many_are_all_there(store: Arc<dyn Store>) {
    let append = |number: i64| {
        let store = Arc::clone(&store);
        async move {
            let entries: Vec<_> = (0..10).map(|at| entry_at(number * 10 + at, Action::Exchange)).collect();
            store.append(&entries).await.unwrap();
        }
    };
    at_once((0..16).map(append)).await;
    let rows = pages(&*store, &AuditFilter::default(), 7).await;
    let numbers: BTreeSet<_> = rows.iter().map(|row| row.seq).collect();
    let times: BTreeSet<_> = rows.iter().map(|row| row.entry.at).collect();
    assert_eq!((rows.len(), numbers.len(), times.len()), (160, 160, 160));
}

pub async fn a_dropped_append_is_whole_or_not_there(store: Arc<dyn Store>) {
    for step in 0..STEPS {
        let at = i64::try_from(step).unwrap();
        let three = [1, 2, 3].map(|_| entry_at(at, Action::Exchange));
        let answer = polled_at_most(step, store.append(&three)).await;
        // Another write, so that what was begun must be over.
        store.append(&[entry_at(1_000, Action::Refuse)]).await.unwrap();
        let all = trail(&*store, AuditFilter::default()).await;
        let there = all.iter().filter(|entry| entry.at == time(at)).count();
        assert!(there == 3 || (there == 0 && answer.is_none()), "{there} of 3 after {step} steps");
    }
}

/// All rows that pass, the newest first, read by pages of that length.
async fn pages(store: &dyn Store, filter: &AuditFilter, limit: u32) -> Vec<AuditRow> {
    let mut query = AuditQuery { filter: filter.clone(), before: None, limit };
    let mut rows = Vec::new();
    loop {
        let page = store.audit(&query).await.unwrap();
        assert!(page.rows.len() <= limit as usize, "a page longer than asked");
        assert!(!page.rows.is_empty() || query.before.is_none(), "an empty page was announced");
        rows.extend(page.rows);
        let Some(next) = page.next else { return rows };
        query.before = Some(next);
    }
}
