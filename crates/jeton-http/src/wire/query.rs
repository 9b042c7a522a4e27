//! The query of a list.

use std::collections::BTreeMap;

use jeton::{AuditFilter, FieldError, Filter, Position, Sort};
use serde_json::{Value, json};

use super::{Member, Shape, Text};
use crate::Problem;

/// How many records a page holds unless asked, and at most.
const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// What a list of records is asked for.
pub(crate) const LIST: Query<ListQuery> = Query { parameters: list };

/// What a page of the audit log is asked for.
pub(crate) const AUDIT: Query<AuditListQuery> = Query { parameters: audit };

/// The query that a route takes.
#[derive(Debug)]
pub(crate) struct Query<T> {
    parameters: fn(&mut Parameters) -> T,
}

impl<T> Query<T> {
    /// What such a query says.
    pub(crate) fn read(&self, query: Option<&str>) -> Result<T, Problem> {
        let mut parameters = Parameters::read(query.unwrap_or_default());
        let read = (self.parameters)(&mut parameters);
        parameters.finish()?;
        Ok(read)
    }

    /// Its parameters.
    pub(crate) fn described(&self) -> Vec<Member> {
        let mut parameters = Parameters { asked: Some(Vec::new()), ..Parameters::default() };
        (self.parameters)(&mut parameters);
        parameters.asked.unwrap_or_default()
    }
}

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
///
/// As with [`Fields`](super::Fields), the same calls tell which parameters there are.
#[derive(Debug, Default)]
struct Parameters {
    left: BTreeMap<String, String>,
    errors: Vec<FieldError>,
    /// What was asked for, if that is all that is wanted.
    asked: Option<Vec<Member>>,
}

impl Parameters {
    fn read(query: &str) -> Self {
        let (mut left, mut errors) = (BTreeMap::new(), Vec::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if left.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                errors.push(FieldError::new(pointer(&name), "must not be repeated"));
            }
        }
        Self { left, errors, asked: None }
    }

    /// An empty parameter counts as left out.
    fn take(&mut self, name: &'static str, schema: impl FnOnce() -> Value) -> Option<String> {
        if let Some(asked) = &mut self.asked {
            asked.push(Member { name, schema: schema(), needed: false });
        }
        self.left.remove(name).filter(|value| !value.is_empty())
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        self.take(name, String::schema)
    }

    fn parsed<T: Text>(&mut self, name: &'static str) -> Option<T> {
        self.parsed_as(name, T::schema, T::wrong, T::read)
    }

    fn parsed_as<T>(
        &mut self,
        name: &'static str,
        schema: impl FnOnce() -> Value,
        wrong: impl FnOnce() -> String,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.take(name, schema)?;
        let value = read(&text);
        if value.is_none() {
            self.errors.push(FieldError::new(pointer(name), wrong()));
        }
        value
    }

    fn limit(&mut self) -> u32 {
        let schema =
            || json!({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT});
        let wrong = || format!("must be 1 to {MAX_LIMIT}");
        let read = |text: &str| text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
        self.parsed_as("limit", schema, wrong, read).unwrap_or(DEFAULT_LIMIT)
    }

    fn cursor<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.parsed_as("cursor", String::schema, || "is no cursor of this list".to_owned(), read)
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

fn audit(parameters: &mut Parameters) -> AuditListQuery {
    let filter = AuditFilter {
        token_id: parameters.parsed("token_id"),
        actor: parameters.text("actor"),
        action: parameters.parsed("action"),
        since: parameters.parsed("since"),
        tenant: None,
    };
    let limit = parameters.limit();
    AuditListQuery { filter, before: parameters.cursor(|text| text.parse().ok()), limit }
}

fn list(parameters: &mut Parameters) -> ListQuery {
    let filter = Filter {
        name: parameters.text("name"),
        subject: parameters.text("subject"),
        tenant: parameters.text("tenant"),
        state: parameters.parsed("state"),
        kind: parameters.parsed("kind"),
        role: parameters.text("role"),
        role_is_default: false,
        expires_before: parameters.parsed("expires_before"),
        last_used_before: parameters.parsed("last_used_before"),
        beyond: None,
        acts_for_anyone: false,
    };
    let breaks_policy = parameters.parsed_as(
        "breaks_policy",
        || json!({"type": "boolean", "enum": [true]}),
        || "must be true or left out".to_owned(),
        |text| (text == "true").then_some(true),
    );
    let sort = parameters.parsed("sort").unwrap_or_default();
    let limit = parameters.limit();
    let after = parameters.cursor(|text| Position::from_cursor(text, sort));
    ListQuery { filter, breaks_policy: breaks_policy.unwrap_or_default(), sort, after, limit }
}
