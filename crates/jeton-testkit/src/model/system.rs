//! What is judged: two nodes over one store, one directory and one clock.

use std::{sync::Arc, time::Duration};

use jeton::{
    Account, Algorithm, Authority, Caller, Clock as _, Edit, Expiry, Generate, KeyAndSecret, Kind, Origin,
    RecordId, Reveal, Rotate, Signatures, SigningKey, StaticDirectory, Store, Timestamp, rights::RoleMap,
};

use super::{
    found::{Found, made, managed},
    grant::names,
    lives::{Expected, Made},
    operation::{End, Operation, ROLES, Rights, SCOPES},
};
use crate::FakeClock;

/// Some day in 2026.
const BEGINNING: i64 = 1_790_000_000;

pub(super) struct System {
    clock: FakeClock,
    directory: StaticDirectory,
    nodes: [Authority; 2],
    lives: u32,
    life_of: [u32; 2],
    names: usize,
    pub(super) records: Vec<RecordId>,
    pub(super) tokens: Vec<(String, Option<KeyAndSecret>)>,
    pub(super) children: Vec<String>,
}

pub(super) fn user(number: usize) -> String {
    ["alice", "bob"][number].to_owned()
}

pub(super) fn admin() -> Caller {
    Caller::system("model")
}

fn account(active: bool, life: u32, rights: Rights) -> Account {
    let (roles, scopes) = (names(&ROLES, rights.roles), names(&SCOPES, rights.scopes));
    Account { active, incarnation: life.to_string(), roles, scopes, ..Account::default() }
}

impl System {
    pub(super) async fn new<S: Store>(store: S, personal_grace: u64) -> Self {
        let store: Arc<dyn Store> = Arc::new(store);
        let clock = FakeClock::at(Timestamp::from_unix_seconds(BEGINNING).unwrap());
        let directory = StaticDirectory::new();
        let first = account(true, 0, Rights { roles: 3, scopes: 1 });
        (0..2).for_each(|number| directory.set(user(number), first.clone()));
        let key = |number: u8| SigningKey::from_secret(Algorithm::Hs256, &[number; 32], number.to_string());
        let map = RoleMap::default()
            .with("reader", ["reports:read"])
            .with("writer", ["reports:read", "reports:write"]);
        let node = async || {
            // Nothing is done in the background: what one node knows of the other is up to the sequence.
            let never = Duration::from_secs(1_000_000);
            let builder = Authority::builder("https://app.example/auth")
                .store(store.clone())
                .directory(Arc::new(directory.clone()))
                .clock(Arc::new(clock.clone()))
                .api_keys([key(1).unwrap()])
                .access_keys([key(2).unwrap()])
                .secret_keys([key(3).unwrap()])
                .signatures(Signatures::Accepted)
                .reveal(Reveal::Again)
                .role_map(map.clone())
                .access_ttl(Duration::from_secs(300))
                .clock_skew(Duration::from_secs(60))
                .leeway(Duration::from_secs(10))
                .personal_limit(1)
                .personal_grace(Duration::from_secs(personal_grace))
                .feed_interval(never)
                // Exchanges read what was read before, where the log says that it still holds.
                .cached_records(100, Duration::from_secs(30))
                .housekeeping_interval(never);
            builder.build().await.unwrap()
        };
        let nodes = [node().await, node().await];
        Self {
            clock,
            directory,
            nodes,
            lives: 0,
            life_of: [0, 0],
            names: 0,
            records: Vec::new(),
            tokens: Vec::new(),
            children: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.now().unix_seconds()
    }

    pub(super) fn node(&self, second: bool) -> &Authority {
        &self.nodes[usize::from(second)]
    }

    fn at(&self, seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(self.now() + seconds).unwrap()
    }

    fn expiry(&self, end: End) -> Expiry {
        match end {
            End::Default => Expiry::Default,
            End::Days(days) => Expiry::InDays(days),
            End::In(seconds) => Expiry::At(self.at(seconds)),
            End::Never => Expiry::Never,
        }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn named(&mut self) -> Generate {
        self.names += 1;
        Generate::new(self.names.to_string())
    }

    /// Keeps what was made under the number that the model has given it.
    pub(super) fn keep(&mut self, found: Found, expected: &Expected) {
        if let (Some(token), Made::Token) = (found.token, expected.made) {
            if !self.records.contains(&token.record.id) {
                self.records.push(token.record.id);
            }
            self.tokens.push((token.api_token.expose().to_owned(), token.secret));
        }
        if let (Some(child), Made::Child) = (found.child, expected.made) {
            self.children.push(child);
        }
    }

    /// Does it on that node.
    pub(super) async fn follow(&mut self, operation: &Operation, second: bool) -> Found {
        let node = self.node(second).clone();
        let rotate = |grace: u64, end: Option<End>| {
            let expiry = end.map(|end| self.expiry(end));
            Rotate { grace: Duration::from_secs(grace), expiry }
        };
        let done = |_| Found::done();
        match *operation {
            Operation::Generate { personal, subject, rights, begin, end, secret } => {
                let (expiry, begin) = (self.expiry(end), self.at(begin));
                let request = Generate {
                    kind: if personal { Kind::Personal } else { Kind::Service },
                    subject: subject.map(user),
                    roles: names(&ROLES, rights.roles),
                    scopes: names(&SCOPES, rights.scopes),
                    not_before: Some(begin),
                    key_and_secret: secret,
                    ..self.named().with_expiry(expiry)
                };
                managed(node.generate(&admin(), request).await, made)
            }
            Operation::GenerateOwn { user: number, end, secret } => {
                let expiry = self.expiry(end);
                let request = Generate { key_and_secret: secret, ..self.named().with_expiry(expiry) };
                let caller = node.caller_of_session(&user(number), None).await;
                match caller.and_then(Caller::personal) {
                    Ok(caller) => managed(node.generate(&caller, request).await, made),
                    Err(error) => managed(Err::<(), _>(error), done),
                }
            }
            Operation::Bind { record, subject } => {
                let edit = Edit { subject: Some(subject.map(user)), ..Edit::default() };
                managed(node.update(&admin(), self.records[record], edit, None).await, |_| Found::done())
            }
            Operation::Narrow { record, rights } => {
                let (roles, scopes) = (names(&ROLES, rights.roles), names(&SCOPES, rights.scopes));
                let edit = Edit { roles: Some(roles), scopes: Some(scopes), ..Edit::default() };
                managed(node.update(&admin(), self.records[record], edit, None).await, |_| Found::done())
            }
            Operation::SetEnd { record, end } => {
                let edit = Edit { expiry: Some(self.expiry(end)), ..Edit::default() };
                managed(node.update(&admin(), self.records[record], edit, None).await, |_| Found::done())
            }
            Operation::Disable { record } => {
                managed(node.disable(&admin(), self.records[record]).await, |_| Found::done())
            }
            Operation::Enable { record } => {
                managed(node.enable(&admin(), self.records[record]).await, |_| Found::done())
            }
            Operation::Revoke { record } => {
                managed(node.revoke(&admin(), self.records[record]).await, |_| Found::done())
            }
            Operation::Delete { record } => managed(node.delete(&admin(), self.records[record]).await, done),
            Operation::Rotate { record, grace, end } => {
                managed(node.rotate(&admin(), self.records[record], rotate(grace, end)).await, made)
            }
            Operation::Cancel { record } => {
                managed(node.cancel_rotation(&admin(), self.records[record]).await, |_| Found::done())
            }
            Operation::RotateItself { token, grace } => {
                let (text, grace) = (&self.tokens[token].0, Duration::from_secs(grace));
                managed(node.rotate_self(text, grace, &Origin::default()).await, made)
            }
            Operation::Exchange { token, proof, narrowed } => {
                self.exchange(&node, token, proof, narrowed).await
            }
            Operation::Reveal { record } => self.reveal(&node, record).await,
            Operation::GiveUp { token } => self.give_up(&node, &self.tokens[token].0).await,
            Operation::GiveUpChild { child } => self.give_up(&node, &self.children[child]).await,
            Operation::Use { child } => {
                let _ = node.authenticate_from(&self.children[child], jeton::OriginRef::default());
                match node.flush().await {
                    Ok(()) => Found::done(),
                    Err(error) => Found::word(format!("{error:?}")),
                }
            }
            Operation::Pass { seconds } => {
                self.pass(seconds);
                Found::done()
            }
            Operation::PassTo { .. } => unreachable!("resolved before"),
            Operation::SetUser { user: number, active, rights, anew } => {
                if anew {
                    self.lives += 1;
                    self.life_of[number] = self.lives;
                }
                self.directory.set(user(number), account(active, self.life_of[number], rights));
                Found::done()
            }
            Operation::Remove { user: number } => {
                self.life_of[number] = 0;
                self.directory.remove(&user(number));
                Found::done()
            }
            Operation::SubjectChanged { user: number } => {
                let count = node.subject_changed(&user(number)).await;
                managed(count, |count| Found::word(format!("done to {count}")))
            }
            Operation::Suspend { user: number } => {
                let count = node.suspend_subject(&user(number)).await;
                managed(count, |count| Found::word(format!("done to {count}")))
            }
            Operation::Restore => {
                self.pass(1);
                match node.restored().await {
                    Ok(()) => Found::done(),
                    Err(error) => Found::word(format!("{error:?}")),
                }
            }
        }
    }
}
