//! The model: what there is, and what a change does to it.

use super::{
    operation::{End, Operation, Proof, Rights, USERS},
    people::User,
    record::{Child, Old, Record, Standing, Token, earlier},
};

/// The longest that an access token can live on every clock: its lifetime, the skew and the leeway.
pub(super) const ACCESS_TTL: i64 = 300;
pub(super) const SKEW: i64 = 60;
pub(super) const LEEWAY: i64 = 10;
const LONGEST_CHILD: i64 = ACCESS_TTL + SKEW + LEEWAY;

const DAY: i64 = 86_400;

#[derive(Debug)]
pub(super) struct Model {
    pub(super) now: i64,
    pub(super) users: [Option<User>; USERS],
    pub(super) records: Vec<Record>,
    pub(super) tokens: Vec<Token>,
    pub(super) children: Vec<Child>,
    personal_grace: i64,
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

    /// Every access token of that record is refused from now on.
    pub(super) fn cut(&mut self, record: usize) {
        self.children.iter_mut().filter(|child| child.record == record).for_each(|child| child.cut = true);
    }

    fn end(&self, end: End) -> Result<Option<i64>, &'static str> {
        let end = match end {
            End::Default => Some(self.now + 30 * DAY),
            End::Days(0) => return Err("invalid"),
            End::Days(days) => Some(self.now + i64::from(days) * DAY),
            End::In(seconds) => Some(self.now + seconds),
            End::Never => None,
        };
        if end.is_some_and(|end| end <= self.now) { Err("invalid") } else { Ok(end) }
    }

    /// The life of a user who may act.
    fn life(&self, user: usize) -> Option<u32> {
        self.users[user].as_ref().filter(|user| user.active).map(|user| user.life)
    }

    /// The personal token that a user has.
    fn own(&self, user: usize) -> Option<usize> {
        self.records
            .iter()
            .position(|record| record.personal && record.subject == Some(user) && record.is_live(self.now))
    }

    fn add(&mut self, record: Record) -> Made {
        let token = Token { record: self.records.len(), end: record.end, secret: record.secret };
        self.records.push(record);
        self.tokens.push(token);
        Made::Token
    }

    fn generate(
        &mut self,
        personal: bool,
        subject: Option<usize>,
        rights: Rights,
        begin: i64,
        end: End,
        secret: bool,
    ) -> Outcome {
        let end = self.end(end)?;
        if end.is_some_and(|end| end <= begin) || (personal && subject.is_none()) {
            return Err("invalid");
        }
        let life = subject.map(|user| self.life(user).ok_or("invalid")).transpose()?;
        if personal && subject.is_some_and(|user| self.own(user).is_some()) {
            return Err("TooManyTokens");
        }
        let (standing, current) = (Standing::Active, self.tokens.len());
        Ok(self.add(Record {
            personal,
            standing,
            subject,
            life,
            rights,
            begin,
            end,
            secret,
            current,
            old: None,
        }))
    }

    fn generate_own(&mut self, user: usize, end: End, secret: bool) -> Outcome {
        let life = self.life(user).ok_or("denied")?;
        let all = Rights { roles: 0, scopes: 0 };
        let Some(place) = self.own(user) else {
            return self.generate(true, Some(user), all, self.now, end, secret);
        };
        let end = self.end(end)?;
        let (before, now) = (self.records[place].clone(), self.now);
        let same = before.standing == Standing::Active && before.life == Some(life) && before.rights == all;
        let kept = same && self.personal_grace > 0;
        let old = Old {
            token: before.current,
            until: now + self.personal_grace,
            end: before.end,
            taken_over: false,
        };
        let after = Record {
            standing: Standing::Active,
            life: Some(life),
            rights: all,
            begin: now,
            end,
            secret,
            old: kept.then_some(old),
            ..before.clone()
        };
        let spared = kept && before.grace(now).is_none() && self.personal_grace >= LONGEST_CHILD;
        if !spared || after.gives_less_than(&before) {
            self.cut(place);
        }
        Ok(self.put(place, after))
    }

    /// The record with a new token.
    fn put(&mut self, place: usize, mut after: Record) -> Made {
        after.current = self.tokens.len();
        self.tokens.push(Token { record: place, end: after.end, secret: after.secret });
        self.records[place] = after;
        Made::Token
    }

    /// One that can be changed.
    fn changeable(&self, place: usize) -> Result<Record, &'static str> {
        let record = &self.records[place];
        match record.standing {
            Standing::Deleted => Err("not_found"),
            Standing::Revoked => Err("Revoked"),
            _ => Ok(record.clone()),
        }
    }

    /// Whether its user has room for it, if it begins to count by this.
    fn has_room(&self, before: &Record, after: &Record) -> Result<(), &'static str> {
        let counted = before.subject == after.subject && before.is_live(self.now);
        let counts = after.personal && after.is_live(self.now) && !counted;
        let full = after.subject.is_some_and(|user| self.own(user).is_some());
        if counts && full { Err("TooManyTokens") } else { Ok(()) }
    }

    fn edit(&mut self, place: usize, change: impl FnOnce(&mut Record)) -> Outcome {
        let before = self.changeable(place)?;
        let mut after = before.clone();
        change(&mut after);
        self.has_room(&before, &after)?;
        if after.gives_less_than(&before) {
            self.cut(place);
        }
        self.records[place] = after;
        Ok(Made::Nothing)
    }

    fn bind(&mut self, place: usize, subject: Option<usize>) -> Outcome {
        let before = self.changeable(place)?;
        if before.personal && subject.is_none() {
            return Err("invalid");
        }
        let life = if subject == before.subject {
            before.life
        } else {
            subject.map(|user| self.life(user).ok_or("invalid")).transpose()?
        };
        self.edit(place, |record| (record.subject, record.life) = (subject, life))
    }

    fn set_end(&mut self, place: usize, end: End) -> Outcome {
        let before = self.changeable(place)?;
        let end = self.end(end)?;
        if end.is_some_and(|end| end <= before.begin) {
            return Err("invalid");
        }
        let signed = self.tokens[before.current].end;
        if super::record::is_before(signed, end) {
            return Err("RotateToExtend");
        }
        self.edit(place, |record| record.end = end)
    }

    fn stand(&mut self, place: usize, standing: Standing) -> Outcome {
        let before = &self.records[place];
        if before.standing == Standing::Deleted {
            return Err("not_found");
        }
        let ends = matches!(standing, Standing::Revoked | Standing::Deleted);
        if before.standing == Standing::Revoked && !ends {
            return Err("Revoked");
        }
        if before.standing != standing && standing != Standing::Active {
            self.cut(place);
        }
        self.records[place].standing = standing;
        Ok(Made::Nothing)
    }

    fn rotate(&mut self, place: usize, grace: i64, end: Option<End>) -> Outcome {
        let before = self.changeable(place)?;
        let end = match end {
            Some(end) => self.end(end)?,
            None if before.has_ended(self.now) => return Err("invalid"),
            None => before.end,
        };
        if grace > 0 && before.grace(self.now).is_some() {
            return Err("RotationInProgress");
        }
        let old = Old { token: before.current, until: self.now + grace, end: before.end, taken_over: false };
        self.supersede(place, &before, (grace > 0).then_some(old), end, grace)
    }

    /// A new token, with that one beside it.
    pub(super) fn supersede(
        &mut self,
        place: usize,
        before: &Record,
        old: Option<Old>,
        end: Option<i64>,
        grace: i64,
    ) -> Outcome {
        let after = Record { old, end, ..before.clone() };
        self.has_room(before, &after)?;
        if grace < LONGEST_CHILD || after.gives_less_than(before) {
            self.cut(place);
        }
        Ok(self.put(place, after))
    }

    fn cancel(&mut self, place: usize) -> Outcome {
        let before = self.changeable(place)?;
        let old = before.grace(self.now).filter(|old| !old.taken_over).ok_or("NotCancellable")?;
        let end = earlier(old.end, before.end);
        let after = Record { current: old.token, old: None, end, ..before.clone() };
        if after.gives_less_than(&before) {
            self.cut(place);
        }
        self.records[place] = after;
        Ok(Made::Nothing)
    }

    fn reveal(&self, place: usize) -> Outcome {
        let record = &self.records[place];
        if record.standing == Standing::Deleted {
            return Err("not_found");
        }
        match record.refusal(self.now) {
            Some("revoked" | "expired") => Err("RevealUnavailable"),
            _ => Ok(Made::Nothing),
        }
    }

    fn subject_changed(&mut self, user: usize, suspended: bool) -> Expected {
        let mut count = 0;
        for place in 0..self.records.len() {
            let record = &self.records[place];
            if matches!(record.standing, Standing::Revoked | Standing::Deleted) {
                continue;
            }
            let bound = record.subject == Some(user);
            let anyone = record.subject.is_none() && record.secret;
            if bound && suspended {
                self.records[place].standing = Standing::Disabled;
            }
            if bound || anyone {
                self.cut(place);
            }
            count += usize::from(bound);
        }
        Expected { word: format!("done to {count}"), made: Made::Nothing }
    }
}
