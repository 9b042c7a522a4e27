//! What a list of tokens is asked for, in a query.

use jeton::{Filter, Kind, Position, Sort, State, Timestamp};

use crate::{
    form::{Form, query},
    time::{before, days},
};

/// A list as it is asked for, as texts that go into fields and links again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filters {
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) kind: String,
    pub(crate) role: String,
    pub(crate) user: String,
    /// Days.
    pub(crate) ends: String,
    /// Days, or `never`.
    pub(crate) unused: String,
    pub(crate) sort: String,
}

impl Filters {
    pub(crate) fn of(form: &Form) -> Self {
        let text = |name| form.text(name).to_owned();
        let known = |name, known: fn(&str) -> bool| Some(text(name)).filter(|text| known(text));
        let is_number = |text: &str| text.parse::<u64>().is_ok_and(|days| (1..=3650).contains(&days));
        Self {
            name: text("name"),
            state: known("state", |word| State::parse(word).is_some()).unwrap_or_default(),
            kind: known("kind", |word| Kind::parse(word).is_some()).unwrap_or_default(),
            role: text("role"),
            user: text("user"),
            ends: Some(text("ends")).filter(|text| is_number(text)).unwrap_or_default(),
            unused: Some(text("unused"))
                .filter(|text| text == "never" || is_number(text))
                .unwrap_or_default(),
            sort: known("sort", |word| word.parse::<Sort>().is_ok()).unwrap_or_default(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self { sort: self.sort.clone(), ..Self::default() }
    }

    /// Whether one is set beside those that are always seen.
    pub(crate) fn has_more(&self) -> bool {
        [&self.kind, &self.role, &self.user, &self.ends, &self.unused].iter().any(|text| !text.is_empty())
    }

    /// The query that asks for it.
    pub(crate) fn query(&self, cursor: Option<&str>) -> String {
        query([
            ("name", self.name.as_str()),
            ("state", &self.state),
            ("kind", &self.kind),
            ("role", &self.role),
            ("user", &self.user),
            ("ends", &self.ends),
            ("unused", &self.unused),
            ("sort", &self.sort),
            ("cursor", cursor.unwrap_or_default()),
        ])
    }

    pub(crate) fn sort(&self) -> Sort {
        self.sort.parse().unwrap_or_default()
    }

    pub(crate) fn filter(&self, now: Timestamp) -> Filter {
        let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let span = |text: &String| text.parse().ok().map(days);
        Filter {
            name: filled(&self.name),
            subject: filled(&self.user),
            // Of those that end soon, the ones that have ended already are none.
            state: State::parse(&self.state).or((!self.ends.is_empty()).then_some(State::Active)),
            kind: Kind::parse(&self.kind),
            role: filled(&self.role),
            expires_before: span(&self.ends).map(|span| now.saturating_add(span)),
            last_used_before: match self.unused.as_str() {
                "never" => Some(Timestamp::MIN),
                _ => span(&self.unused).map(|span| before(now, span)),
            },
            ..Filter::default()
        }
    }

    pub(crate) fn after(&self, form: &Form) -> Option<Position> {
        form.filled("cursor").and_then(|cursor| Position::from_cursor(&cursor, self.sort()))
    }
}
