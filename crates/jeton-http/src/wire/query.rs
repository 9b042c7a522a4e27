//! The query of a list.

use std::collections::BTreeMap;

use jeton::{Action, AuditFilter, FieldError, Filter, Kind, Position, Sort, State, Timestamp};

use crate::Problem;

/// How many records a page holds unless asked, and at most.
const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// What a list is asked for.
#[derive(Debug)]
pub(crate) struct ListQuery {
    pub(crate) filter: Filter,
    /// Only live tokens that end later than the policy of this moment allows.
    pub(crate) breaks_policy: bool,
    pub(crate) sort: Sort,
    pub(crate) after: Option<Position>,
    pub(crate) limit: u32,
}

/// The parameters that were not taken yet, and what was wrong with those that were.
struct Parameters {
    left: BTreeMap<String, String>,
    errors: Vec<FieldError>,
}

impl Parameters {
    fn read(query: &str) -> Self {
        let (mut left, mut errors) = (BTreeMap::new(), Vec::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if left.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                errors.push(FieldError::new(pointer(&name), "must not be repeated"));
            }
        }
        Self { left, errors }
    }

    /// An empty parameter counts as left out.
    fn text(&mut self, name: &str) -> Option<String> {
        self.left.remove(name).filter(|value| !value.is_empty())
    }

    fn parsed<T>(&mut self, name: &str, detail: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(&text);
        if value.is_none() {
            self.errors.push(FieldError::new(pointer(name), detail));
        }
        value
    }

    fn finish(self) -> Result<(), Problem> {
        let unknown = |name: &String| FieldError::new(pointer(name), "is no parameter of this list");
        let errors: Vec<_> = self.errors.into_iter().chain(self.left.keys().map(unknown)).collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::fields(errors)) }
    }
}

fn pointer(name: &str) -> String {
    format!("/{}", name.chars().take(100).collect::<String>())
}

/// What a page of the audit log is asked for.
#[derive(Debug)]
pub(crate) struct AuditListQuery {
    pub(crate) filter: AuditFilter,
    pub(crate) before: Option<u64>,
    pub(crate) limit: u32,
}

pub(crate) fn audit_query(query: Option<&str>) -> Result<AuditListQuery, Problem> {
    let mut parameters = Parameters::read(query.unwrap_or_default());
    let filter = AuditFilter {
        token_id: parameters.parsed("token_id", "must be the id of a token", |text| text.parse().ok()),
        actor: parameters.text("actor"),
        action: parameters.parsed("action", "is no action", Action::parse),
        since: parameters.parsed("since", TIME, time),
        tenant: None,
    };
    let limit = limit(&mut parameters);
    let before = parameters.parsed("cursor", "is no cursor of this list", |text| text.parse().ok());
    parameters.finish()?;
    Ok(AuditListQuery { filter, before, limit })
}

fn limit(parameters: &mut Parameters) -> u32 {
    let limit = parameters.parsed("limit", "must be 1 to 200", |text| {
        text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit))
    });
    limit.unwrap_or(DEFAULT_LIMIT)
}

const TIME: &str = "must be an RFC 3339 time";

fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

pub(crate) fn list_query(query: Option<&str>) -> Result<ListQuery, Problem> {
    let mut parameters = Parameters::read(query.unwrap_or_default());
    let filter = Filter {
        name: parameters.text("name"),
        subject: parameters.text("subject"),
        tenant: parameters.text("tenant"),
        state: parameters.parsed(
            "state",
            "must be active, disabled, revoked, expired or not_yet_valid",
            State::parse,
        ),
        kind: parameters.parsed("kind", "must be service or personal", Kind::parse),
        role: parameters.text("role"),
        role_is_default: false,
        expires_before: parameters.parsed("expires_before", TIME, time),
        last_used_before: parameters.parsed("last_used_before", TIME, time),
        beyond: None,
        acts_for_anyone: false,
    };
    let breaks_policy = parameters
        .parsed("breaks_policy", "must be true or left out", |text| (text == "true").then_some(true))
        .unwrap_or_default();
    let sort = parameters
        .parsed("sort", &jeton::InvalidSort.to_string(), |text| text.parse::<Sort>().ok())
        .unwrap_or_default();
    let limit = limit(&mut parameters);
    let after =
        parameters.parsed("cursor", "is no cursor of this list", |text| Position::from_cursor(text, sort));
    parameters.finish()?;
    Ok(ListQuery { filter, breaks_policy, sort, after, limit })
}
