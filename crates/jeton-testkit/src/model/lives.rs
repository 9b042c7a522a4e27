//! The model: what there is, and what a change does to it.

use super::{
    operation::{Operation, Proof, Rights, USERS},
    people::User,
    record::{Child, Record, Standing, Token},
};

/// In seconds: the lifetime of access tokens, the skew of the clocks, and the leeway.
pub(super) const ACCESS_TTL: i64 = 300;
pub(super) const SKEW: i64 = 60;
pub(super) const LEEWAY: i64 = 10;
/// How old the log may be for a record to be taken from memory.
pub(super) const LOG_AGE: i64 = 30;
#[derive(Debug)]
pub(super) struct Model {
    pub(super) now: i64,
    pub(super) users: [Option<User>; USERS],
    pub(super) records: Vec<Record>,
    pub(super) tokens: Vec<Token>,
    pub(super) children: Vec<Child>,
    pub(super) personal_grace: i64,
    lives: u32,
}

/// What an operation comes to.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) word: String,
    pub(super) made: Made,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    Nothing,
    Token,
    Child,
}

pub(super) type Outcome = Result<Made, &'static str>;

impl Model {
    pub(super) fn new(now: i64, personal_grace: u64) -> Self {
        let user = User { active: true, life: 0, rights: Rights { roles: 3, scopes: 1 } };
        Self {
            now,
            users: [Some(user.clone()), Some(user)],
            records: Vec::new(),
            tokens: Vec::new(),
            children: Vec::new(),
            personal_grace: personal_grace.cast_signed(),
            lives: 0,
        }
    }

    /// The operation with places that are there; none if there is nothing of that kind yet.
    pub(super) fn resolve(&self, operation: &Operation) -> Option<Operation> {
        let mut operation = operation.clone();
        let fit = |place: &mut usize, len: usize| {
            *place = place.checked_rem(len)?;
            Some(())
        };
        match &mut operation {
            Operation::Bind { record, .. }
            | Operation::Narrow { record, .. }
            | Operation::SetEnd { record, .. }
            | Operation::Disable { record }
            | Operation::Enable { record }
            | Operation::Revoke { record }
            | Operation::Delete { record }
            | Operation::Rotate { record, .. }
            | Operation::Cancel { record }
            | Operation::Reveal { record } => fit(record, self.records.len())?,
            Operation::RotateItself { token, .. } | Operation::GiveUp { token } => {
                fit(token, self.tokens.len())?;
            }
            Operation::Exchange { token, proof, .. } => {
                fit(token, self.tokens.len())?;
                (*proof == Proof::Token || self.tokens[*token].secret).then_some(())?;
            }
            Operation::GiveUpChild { child } | Operation::Use { child } => fit(child, self.children.len())?,
            Operation::PassTo { moment, beyond } => {
                let moments = self.moments();
                fit(moment, moments.len())?;
                let to = moments[*moment] + *beyond;
                let seconds = u64::try_from(to - self.now).ok().filter(|seconds| *seconds > 0)?;
                operation = Operation::Pass { seconds };
            }
            _ => {}
        }
        Some(operation)
    }

    /// The moments to come at which something begins or ends.
    fn moments(&self) -> Vec<i64> {
        let of_record = |record: &Record| {
            let old = record.old.iter().flat_map(|old| [Some(old.until), Some(old.until + SKEW), old.end]);
            old.chain([record.end, Some(record.begin)]).flatten().collect::<Vec<_>>()
        };
        let children = self.children.iter().flat_map(|child| [child.end, child.end + LEEWAY]);
        let ends = self.tokens.iter().filter_map(|token| token.end);
        let mut all: Vec<i64> = self.records.iter().flat_map(of_record).chain(children).chain(ends).collect();
        all.retain(|moment| *moment > self.now);
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Does it.
    pub(super) fn follow(&mut self, operation: &Operation) -> Expected {
        let outcome = match *operation {
            Operation::Generate { personal, subject, rights, begin, end, secret } => {
                self.generate(personal, subject, rights, self.now + begin, end, secret)
            }
            Operation::GenerateOwn { user, end, secret } => self.generate_own(user, end, secret),
            Operation::Bind { record, subject } => self.bind(record, subject),
            Operation::Narrow { record, rights } => self.edit(record, |record| record.rights = rights),
            Operation::SetEnd { record, end } => self.set_end(record, end),
            Operation::Disable { record } => self.stand(record, Standing::Disabled),
            Operation::Enable { record } => self.stand(record, Standing::Active),
            Operation::Revoke { record } => self.stand(record, Standing::Revoked),
            Operation::Delete { record } => self.stand(record, Standing::Deleted),
            Operation::Rotate { record, grace, end } => self.rotate(record, grace.cast_signed(), end),
            Operation::Cancel { record } => self.cancel(record),
            Operation::RotateItself { token, grace } => self.rotate_itself(token, grace.cast_signed()),
            Operation::Exchange { token, proof, narrowed } => self.exchange(token, proof, narrowed),
            Operation::Reveal { record } => self.reveal(record),
            Operation::GiveUp { token } => Ok(self.give_up(token)),
            Operation::GiveUpChild { child } => Ok(self.give_up_child(child)),
            Operation::Use { .. } => Ok(Made::Nothing),
            Operation::Pass { seconds } => {
                self.now += seconds.cast_signed();
                Ok(Made::Nothing)
            }
            Operation::PassTo { .. } => unreachable!("resolved before"),
            Operation::SetUser { user, active, rights, anew } => {
                self.lives += u32::from(anew);
                let before = self.users[user].as_ref().map_or(0, |user| user.life);
                let life = if anew { self.lives } else { before };
                self.users[user] = Some(User { active, life, rights });
                Ok(Made::Nothing)
            }
            Operation::Remove { user } => {
                self.users[user] = None;
                Ok(Made::Nothing)
            }
            Operation::SubjectChanged { user } => return self.subject_changed(user, false),
            Operation::Suspend { user } => return self.subject_changed(user, true),
            Operation::Restore => {
                self.now += 1;
                self.children.iter_mut().for_each(|child| child.cut = true);
                Ok(Made::Nothing)
            }
        };
        match outcome {
            Ok(made) => Expected { word: "done".to_owned(), made },
            Err(word) => Expected { word: word.to_owned(), made: Made::Nothing },
        }
    }
}
