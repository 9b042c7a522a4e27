//! What a change does to the records of the model.

use super::{
    lives::{ACCESS_TTL, Expected, LEEWAY, LOG_AGE, Made, Model, Outcome, SKEW},
    operation::{End, Rights},
    record::{Old, Record, Standing, Token, earlier, is_before},
};

/// The longest that an access token can live on every clock, also one of a record that was read a while ago.
const LONGEST_CHILD: i64 = ACCESS_TTL + LOG_AGE + SKEW + LEEWAY;

const DAY: i64 = 86_400;

impl Model {
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

    pub(super) fn generate(
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

    pub(super) fn generate_own(&mut self, user: usize, end: End, secret: bool) -> Outcome {
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

    pub(super) fn edit(&mut self, place: usize, change: impl FnOnce(&mut Record)) -> Outcome {
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

    pub(super) fn bind(&mut self, place: usize, subject: Option<usize>) -> Outcome {
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

    pub(super) fn set_end(&mut self, place: usize, end: End) -> Outcome {
        let before = self.changeable(place)?;
        let end = self.end(end)?;
        if end.is_some_and(|end| end <= before.begin) {
            return Err("invalid");
        }
        let signed = self.tokens[before.current].end;
        if is_before(signed, end) {
            return Err("RotateToExtend");
        }
        self.edit(place, |record| record.end = end)
    }

    pub(super) fn stand(&mut self, place: usize, standing: Standing) -> Outcome {
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

    pub(super) fn rotate(&mut self, place: usize, grace: i64, end: Option<End>) -> Outcome {
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

    pub(super) fn cancel(&mut self, place: usize) -> Outcome {
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

    pub(super) fn reveal(&self, place: usize) -> Outcome {
        let record = &self.records[place];
        if record.standing == Standing::Deleted {
            return Err("not_found");
        }
        match record.refusal(self.now) {
            Some("revoked" | "expired") => Err("RevealUnavailable"),
            _ => Ok(Made::Nothing),
        }
    }

    pub(super) fn subject_changed(&mut self, user: usize, suspended: bool) -> Expected {
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
