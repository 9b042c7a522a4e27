//! How the tokens of the model are used: exchanged, given up, and by themselves.

use super::{
    grant::Given,
    lives::{ACCESS_TTL, Made, Model, Outcome},
    operation::Proof,
    record::{Child, Old, Record, Standing, earlier},
};

/// A token that is accepted now.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) given: Given,
    /// Until when.
    pub(super) end: Option<i64>,
}

impl Model {
    /// What a token stands for now, or why it is refused.
    pub(super) fn accepted(&self, token: usize, proof: Proof) -> Result<Accepted, &'static str> {
        let record = &self.records[self.tokens[token].record];
        let old = record.grace(self.now).filter(|old| old.token == token);
        let proven = proof == Proof::Token || record.secret;
        let counts = proven && (record.current == token || old.is_some());
        if !counts && matches!(proof, Proof::Signature(_)) {
            return Err("invalid");
        }
        if let Some(refusal) = record.refusal(self.now) {
            return Err(refusal);
        }
        if !counts {
            return Err("superseded");
        }
        let own_end = earlier(self.tokens[token].end, old.and_then(|old| old.end));
        if own_end.is_some_and(|end| end <= self.now) {
            return Err("expired");
        }
        let (subject, life) = match (record.subject, proof) {
            (Some(bound), Proof::Signature(user)) if bound != user => return Err("denied"),
            (None, Proof::Signature(user)) => (Some(user), self.users[user].as_ref().map(|user| user.life)),
            (subject, _) => (subject, record.life),
        };
        let user = match subject {
            None => None,
            Some(subject) => {
                let user = self.users[subject].as_ref().filter(|user| user.active && Some(user.life) == life);
                Some((subject, user.ok_or("subject_not_active")?))
            }
        };
        let grace = old.map(|old| old.until);
        let end = earlier(earlier(grace, own_end), record.end);
        Ok(Accepted { given: Given::of(record.rights, user), end })
    }

    /// The token in force is used: what was before it is over for good.
    fn use_of(&mut self, token: usize) {
        let record = &mut self.records[self.tokens[token].record];
        if record.current == token {
            record.old.iter_mut().for_each(|old| old.taken_over = true);
        }
    }

    pub(super) fn exchange(&mut self, token: usize, proof: Proof, narrowed: bool) -> Outcome {
        let Accepted { given, end } = self.accepted(token, proof)?;
        self.use_of(token);
        let given = if narrowed { given.narrowed("reports:read").ok_or("invalid_scope")? } else { given };
        let longest = self.now + ACCESS_TTL;
        let end = end.map_or(longest, |end| end.min(longest));
        let record = self.tokens[token].record;
        self.children.push(Child { record, given, end, cut: false, given_up: false });
        Ok(Made::Child)
    }

    pub(super) fn rotate_itself(&mut self, token: usize, grace: i64) -> Outcome {
        self.accepted(token, Proof::Token)?;
        self.use_of(token);
        let place = self.tokens[token].record;
        let before: Record = self.records[place].clone();
        if before.secret && before.subject.is_none() {
            return Err("denied");
        }
        let present = before.grace(self.now);
        let until = self.now + grace;
        let old = if before.current == token {
            if present.is_some() && grace > 0 {
                return Err("RotationInProgress");
            }
            Old { token, until, end: before.end, taken_over: false }
        } else {
            let own = present.filter(|old| old.token == token).ok_or("superseded")?;
            if own.taken_over {
                return Err("RotationInProgress");
            }
            Old { token, until: until.min(own.until), end: earlier(own.end, before.end), taken_over: false }
        };
        self.supersede(place, &before, (grace > 0).then_some(old), before.end, grace)
    }

    pub(super) fn give_up(&mut self, token: usize) -> Made {
        let place = self.tokens[token].record;
        let record = &self.records[place];
        let old = record.grace(self.now).is_some_and(|old| old.token == token);
        let counts = (record.current == token || old) && !record.has_ended(self.now);
        if counts && record.standing != Standing::Deleted && record.standing != Standing::Revoked {
            self.records[place].standing = Standing::Revoked;
            self.cut(place);
        }
        Made::Nothing
    }

    pub(super) fn give_up_child(&mut self, child: usize) -> Made {
        if self.refusals(child).is_empty() {
            self.children[child].given_up = true;
        }
        Made::Nothing
    }

    /// Why an access token is refused: each reason that there is.
    pub(super) fn refusals(&self, child: usize) -> Vec<&'static str> {
        let child = &self.children[child];
        let over = child.end + super::lives::LEEWAY <= self.now;
        [(child.cut, "cut_off"), (child.given_up, "revoked"), (over, "expired")]
            .into_iter()
            .filter_map(|(holds, word)| holds.then_some(word))
            .collect()
    }
}
