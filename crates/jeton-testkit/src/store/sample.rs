//! Records, and what the cases do with them again and again.

use std::{collections::BTreeSet, sync::Arc};

use jeton::{
    Action, AuditEntry, AuditFilter, AuditQuery, Change, ChangeRow, Credential, Cursor, Filter, Fingerprint,
    Grant, Insert, Kind, LastUse, Names, Origin, PreviousCredential, Query, Record, RecordId, Sort, Standing,
    Store, StoreError, Timestamp, Update,
};

/// The time so many seconds after 1970.
pub fn time(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds).expect("a time between 1970 and 9999")
}

/// An id that follows from the number, in the order of the numbers.
pub fn id(number: u64) -> RecordId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    RecordId::from_bytes(bytes)
}

/// A record with nothing in it that can be left out. It has the name `token` and the number.
pub fn minimal_record(number: u64) -> Record {
    Record {
        id: id(number),
        kind: Kind::Service,
        name: format!("token {number}"),
        description: String::new(),
        grant: Grant::default(),
        incarnation: None,
        standing: Standing::Active,
        created_at: time(1_000),
        created_by: "admin".to_owned(),
        updated_at: time(1_000),
        has_secret: false,
        not_before: time(1_000),
        credential: credential(1),
        previous: None,
        last_generation: 1,
        epoch: 0,
        version: 1,
        last_use: LastUse::default(),
    }
}

/// A minimal record of that name.
pub fn named(number: u64, tenant: Option<&str>, name: &str) -> Record {
    let mut record = minimal_record(number);
    record.name = name.to_owned();
    record.grant.tenant = tenant.map(str::to_owned);
    record
}

/// A record with everything in it that a record can hold, and text that is hard on careless stores.
pub fn full_record(number: u64) -> Record {
    Record {
        kind: Kind::Personal,
        name: format!("Ärger's \"50%\" \\ $1 ?1 {{}} 日本 {number}"),
        description: "'; DROP TABLE x; -- \u{1f511}\n".repeat(30),
        grant: Grant {
            subject: Some("alice@example.org".to_owned()),
            tenant: Some("ten'ant".to_owned()),
            groups: names(&["staff", "Ünits", "a,b", "[\"c\"]"]),
            roles: names(&["admin", "reader"]),
            scopes: names(&["tokens:read", "tokens:write"]),
            audiences: names(&["https://api.example.org/a?b=c"]),
            networks: ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"].map(|net| net.parse().unwrap()).into(),
            expires_at: Some(Timestamp::MAX),
        },
        incarnation: Some("third life".to_owned()),
        standing: Standing::Disabled,
        created_at: time(5_000_000_000),
        created_by: "bob's script".to_owned(),
        updated_at: time(5_000_000_001),
        has_secret: true,
        not_before: Timestamp::MIN,
        credential: Credential { expires_at: Some(time(7_000)), ..credential(u64::from(u32::MAX) + 9) },
        previous: Some(PreviousCredential {
            credential: Credential { expires_at: Some(time(6_000)), ..credential(8) },
            ends_at: Some(time(5_999)),
            until: time(6_500),
            superseded: true,
        }),
        last_generation: u64::from(u32::MAX) + 10,
        epoch: 1 << 40,
        version: 1 << 50,
        last_use: LastUse {
            at: Some(time(4_000)),
            address: Some("2001:db8::7".parse().unwrap()),
            user_agent: Some("curl/8'; -- \u{1f511}".to_owned()),
            count: 1 << 41,
        },
        ..minimal_record(number)
    }
}

/// A credential of that generation.
pub(super) fn credential(generation: u64) -> Credential {
    Credential {
        generation,
        key_id: format!("key-{generation}"),
        issued_at: time(1_000),
        not_before: time(1_001),
        expires_at: None,
        fingerprint: Fingerprint::from_bytes([generation.to_le_bytes()[0]; 32]),
    }
}

pub(super) fn names(list: &[&str]) -> Names {
    list.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>()
}

/// An entry of the audit log about that record, with nothing in it that can be left out.
pub fn entry(action: Action, record: &Record) -> AuditEntry {
    AuditEntry {
        at: record.updated_at,
        action,
        actor: "admin".to_owned(),
        token_id: Some(record.id),
        tenant: record.grant.tenant.clone(),
        origin: Origin::default(),
        reason: None,
    }
}

/// An entry that is about no record, of that time.
pub(super) fn entry_at(seconds: i64, action: Action) -> AuditEntry {
    AuditEntry { at: time(seconds), token_id: None, tenant: None, ..entry(action, &minimal_record(0)) }
}

/// What adds that record, without limits.
pub fn insert_of(record: &Record) -> Insert {
    Insert { record: record.clone(), limits: Vec::new(), audit: entry(Action::Generate, record) }
}

/// An update to that record, which is the stored one with edits, without limits. It raises the version.
pub fn update_to(record: &Record) -> Update {
    let record = Record { version: record.version + 1, ..record.clone() };
    Update {
        expected_version: record.version - 1,
        limits: Vec::new(),
        change: Change::Record { id: record.id, epoch: record.epoch },
        audit: entry(Action::Edit, &record),
        record,
    }
}

pub(super) async fn insert(store: &dyn Store, record: &Record) -> Result<(), StoreError> {
    store.insert(&insert_of(record)).await
}

/// The stored record, which must be there.
pub(super) async fn stored(store: &dyn Store, id: RecordId) -> Record {
    store.find(id).await.unwrap().expect("the record is there")
}

/// Changes the stored record.
pub(super) async fn edit(
    store: &dyn Store,
    id: RecordId,
    edit: impl FnOnce(&mut Record),
) -> Result<(), StoreError> {
    let mut record = stored(store, id).await;
    edit(&mut record);
    store.update(&update_to(&record)).await
}

pub(super) async fn delete(store: &dyn Store, id: RecordId) {
    edit(store, id, |record| record.standing = Standing::Deleted).await.unwrap();
}

/// Inserts them in that order.
pub(super) async fn insert_all(store: &dyn Store, records: &[Record]) {
    for record in records {
        insert(store, record).await.unwrap();
    }
}

/// All rows after the cursor, read to the end, and where that is.
pub(super) async fn read_on(store: &dyn Store, mut after: Option<Cursor>) -> (Vec<ChangeRow>, Cursor) {
    let mut rows = Vec::new();
    loop {
        let part = store.changes(after.as_ref()).await.unwrap();
        rows.extend(part.rows);
        if !part.more {
            return (rows, part.cursor);
        }
        after = Some(part.cursor);
    }
}

/// The epochs of these rows, which must be about that record.
pub(super) fn epochs(rows: &[ChangeRow], of: RecordId) -> Vec<u64> {
    let epoch = |row: &ChangeRow| match row.change {
        Change::Record { id, epoch } if id == of => Some(epoch),
        _ => None,
    };
    rows.iter().filter_map(epoch).collect()
}

pub(super) fn query(filter: Filter, sort: Sort, limit: u32) -> Query {
    Query { filter, sort, after: None, limit, now: time(10_000) }
}

/// The ids of every page, put together; no page is longer than asked or, but for the only one, empty.
pub(super) async fn walk(store: &dyn Store, mut query: Query) -> Vec<RecordId> {
    let mut ids = Vec::new();
    loop {
        let page = store.list(&query).await.unwrap();
        assert!(page.records.len() <= query.limit as usize, "a page longer than asked");
        assert!(!page.records.is_empty() || query.after.is_none(), "an empty page was announced");
        ids.extend(page.records.iter().map(|record| record.id));
        let Some(next) = page.next else { return ids };
        query.after = Some(next);
    }
}

/// The entries of the audit log that pass, the oldest first.
pub(super) async fn trail(store: &dyn Store, filter: AuditFilter) -> Vec<AuditEntry> {
    let page = store.audit(&AuditQuery { filter, before: None, limit: 200 }).await.unwrap();
    assert!(page.next.is_none(), "more entries than a case reads at once");
    page.rows.into_iter().rev().map(|row| row.entry).collect()
}

/// Runs them all at once, each in a task of its own, and returns what they answered.
pub(super) async fn at_once<F: Future<Output: Send> + Send + 'static>(
    tasks: impl IntoIterator<Item = F>,
) -> Vec<F::Output> {
    let tasks: Vec<_> = tasks.into_iter().collect();
    let start = Arc::new(tokio::sync::Barrier::new(tasks.len()));
    let run = |task: F| {
        let start = Arc::clone(&start);
        tokio::spawn(async move {
            start.wait().await;
            task.await
        })
    };
    let running: Vec<_> = tasks.into_iter().map(run).collect();
    let mut answers = Vec::new();
    for task in running {
        answers.push(task.await.unwrap());
    }
    answers
}
