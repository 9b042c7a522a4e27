//! Lists of many records: bounded work for each page, and nothing is left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jeton::{
    AuditFilter, AuditLog as _, AuditQuery, Filter, Kind, Query, Record, Sort, Standing, State, Store as _,
};
use jeton_redis::RedisStore;
use jeton_testkit::store::{entry, id, insert_of, minimal_record, time};

use crate::server::{OwnServer, ask, direct, fresh};

const RECORDS: u64 = 12_000;

/// Of a hundred subjects, tenants and roles each; few are personal, disabled, revoked, or over.
fn record(number: u64) -> Record {
    let mut record = minimal_record(number);
    record.created_at = time(1_000 + number as i64);
    let of = |letter: char| format!("{letter}{}", number % 100);
    record.grant.tenant = Some(of('t'));
    record.grant.subject = (number % 100 != 1).then(|| of('s'));
    record.grant.roles = [of('r')].into();
    record.grant.expires_at = Some(time(if number % 1_000 == 4 { 400_000 } else { 600_000 } + number as i64));
    record.last_use.at = (number % 1_000 != 5).then(|| time(700_000 + number as i64));
    record.has_secret = number.is_multiple_of(2) || number % 1_000 == 1;
    record.kind = if number.is_multiple_of(1_000) { Kind::Personal } else { Kind::Service };
    record.standing = match number % 1_000 {
        2 => Standing::Disabled,
        3 => Standing::Revoked,
        _ => Standing::Active,
    };
    record
}

/// On a server of its own that does not wait for the disk.
async fn crowded() -> (Arc<RedisStore>, OwnServer) {
    let server = OwnServer::start(&["--appendonly", "no"]).await;
    let store = Arc::new(RedisStore::connect(&server.url()).await.unwrap());
    let insert = |part: u64| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in (part..RECORDS).step_by(64) {
                store.insert(&insert_of(&record(number))).await.unwrap();
            }
        })
    };
    for task in (0..64).map(insert).collect::<Vec<_>>() {
        task.await.unwrap();
    }
    (store, server)
}

/// What all pages hold, in order, and how many there were.
async fn walk(store: &RedisStore, filter: &Filter, sort: Sort, limit: u32) -> (Vec<jeton::RecordId>, usize) {
    let mut query = Query { filter: filter.clone(), sort, after: None, limit, now: time(500_000) };
    let (mut found, mut pages, mut last) = (Vec::new(), 0, None);
    loop {
        let page = store.list(&query).await.unwrap();
        pages += 1;
        assert!(page.records.len() <= limit as usize);
        for record in page.records {
            let position = sort.position(&record);
            assert!(last.as_ref().is_none_or(|last| (last < &position) != sort.descending), "{position:?}");
            found.push(record.id);
            last = Some(position);
        }
        let Some(next) = page.next else { return (found, pages) };
        query.after = Some(next);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_finds_all_and_no_page_looks_at_everything() {
    let (store, server) = crowded().await;
    let all = Filter::default;
    let text = |text: &str| Some(text.to_owned());
    // What a set of its own finds, in a page; what is judged record by record, in pages of 10 000 looked at.
    let filters = [
        (Filter { subject: text("s7"), ..all() }, 1),
        (Filter { tenant: text("t7"), ..all() }, 1),
        (Filter { tenant: text("t7"), subject: text("s7"), role: text("r7"), ..all() }, 1),
        (Filter { role: text("r7"), ..all() }, 1),
        (Filter { kind: Some(Kind::Personal), ..all() }, 1),
        (Filter { state: Some(State::Disabled), ..all() }, 1),
        (Filter { state: Some(State::Revoked), ..all() }, 1),
        (Filter { acts_for_anyone: true, ..all() }, 1),
        (Filter { name: text("TOKEN 1199"), ..all() }, 2),
        (Filter { name: text("nowhere"), ..all() }, 2),
        (Filter { state: Some(State::Expired), ..all() }, 2),
        (Filter { expires_before: Some(time(500_000)), ..all() }, 2),
        (Filter { last_used_before: Some(time(600_000)), ..all() }, 2),
    ];
    let records: BTreeMap<_, _> = (0..RECORDS).map(|number| (id(number), record(number))).collect();
    for (filter, most_pages) in filters {
        let admitted = records.values().filter(|record| filter.admits(record, time(500_000)));
        let expected: BTreeSet<_> = admitted.map(|record| record.id).collect();
        for sort in
            ["created_at", "-created_at", "name", "-name", "expires_at", "-expires_at", "last_used_at"]
        {
            let sort: Sort = sort.parse().unwrap();
            let (found, pages) = walk(&store, &filter, sort, 200).await;
            assert_eq!(found.len(), expected.len(), "{filter:?} {sort:?}: none twice");
            assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "{filter:?} {sort:?}");
            assert!(pages <= most_pages, "{filter:?} {sort:?}: {pages} pages");
        }
    }
    // Where the list is sorted by what is asked for, what is not asked for is not looked at.
    for (filter, sort) in [
        (Filter { state: Some(State::Expired), ..all() }, "expires_at"),
        (Filter { expires_before: Some(time(500_000)), ..all() }, "-expires_at"),
        (Filter { last_used_before: Some(time(600_000)), ..all() }, "-last_used_at"),
    ] {
        let (found, pages) = walk(&store, &filter, sort.parse().unwrap(), 200).await;
        assert_eq!((found.len(), pages), (12, 1), "{filter:?}");
    }
    every_set_follows(&store, &server).await;
}

/// What was changed and deleted leaves nothing in any set.
async fn every_set_follows(store: &RedisStore, server: &OwnServer) {
    use jeton_testkit::store::update_to;
    let mut moved = record(7);
    moved.grant = jeton::Grant::default();
    moved.name = "moved".to_owned();
    (moved.kind, moved.has_secret) = (Kind::Personal, false);
    store.update(&update_to(&moved)).await.unwrap();
    let mut deleted = record(9);
    deleted.standing = Standing::Deleted;
    store.update(&update_to(&deleted)).await.unwrap();
    let client = redis::Client::open(server.url()).unwrap();
    let mut direct = client.get_multiplexed_async_connection().await.unwrap();
    let mut of_moved = BTreeSet::new();
    for key in ask::<Vec<String>>(&mut direct, &["KEYS", "*"]).await {
        if key.contains(":index:") || key.contains(":live:") {
            let members: Vec<String> = ask(&mut direct, &["ZRANGE", &key, "0", "-1"]).await;
            assert!(!members.iter().any(|member| member.ends_with(&id(9).to_string())), "{key}");
            if members.iter().any(|member| member.ends_with(&id(7).to_string())) {
                of_moved.insert(key.rsplit_once("}:index:").map(|(_, set)| set.to_owned()));
            }
        }
    }
    let mut expected = BTreeSet::new();
    for order in ["created", "name", "ends", "used"] {
        for group in ["all", "kind:personal", "standing:active"] {
            expected.insert(Some(format!("{order}:{group}")));
        }
    }
    assert_eq!(of_moved, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_entries_are_pruned_and_searched_in_parts() {
    let (store, prefix) = fresh().await;
    let entries: Vec<_> = (0..12_000)
        .map(|number: i64| {
            let mut said = entry(jeton::Action::Exchange, &minimal_record(0));
            (said.at, said.actor) = (time(number), if number < 3 { "rare".into() } else { "usual".into() });
            said
        })
        .collect();
    store.append(&entries).await.unwrap();
    let page = async |filter: &AuditFilter, before| {
        store.audit(&AuditQuery { filter: filter.clone(), before, limit: 50 }).await.unwrap()
    };
    let rare = AuditFilter { actor: Some("rare".to_owned()), ..AuditFilter::default() };
    let found = page(&rare, None).await;
    assert_eq!((found.rows.len(), found.next), (3, None), "by the set of the actor");
    // Nothing is of that time: two pages look at all.
    let late = AuditFilter { since: Some(time(50_000)), ..AuditFilter::default() };
    let first = page(&late, None).await;
    assert!(first.rows.is_empty() && first.next.is_some());
    let second = page(&late, first.next).await;
    assert!(second.rows.is_empty() && second.next.is_none());
    store.prune_audit(time(11_999)).await.unwrap();
    assert_eq!(page(&AuditFilter::default(), None).await.rows.len(), 1);
    let mut sets = Vec::new();
    for key in prefix.keys().await.into_iter().filter(|key| key.contains(":audit:of:")) {
        sets.push(ask::<i64>(&mut direct().await, &["ZCARD", &key]).await);
    }
    assert_eq!(sets, [1, 1, 1], "by token, actor and action");
}
