//! The schema that holds the tables.

use sqlx::{AssertSqlSafe, Postgres, postgres::PgArguments, query::Query};

use super::ConnectError;

/// A schema by a checked name. Every statement names it, so that no `search_path` matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schema(String);

impl Schema {
    /// Small letters, digits and underscores, at most 48, no digit first, and none of PostgreSQL's own.
    pub(super) fn parse(name: &str) -> Result<Self, ConnectError> {
        let fits = (1..=48).contains(&name.len())
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && !name.starts_with("pg_")
            && name != "information_schema";
        if fits { Ok(Self(name.to_owned())) } else { Err(ConnectError::Schema) }
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }

    /// The text with `@jeton_` replaced by the table's full name. In no text of this store it stands for anything else.
    pub(super) fn sql(&self, text: &str) -> String {
        let mut full = String::with_capacity(text.len() + 100);
        for (index, part) in text.split("@jeton_").enumerate() {
            if index > 0 {
                full.extend(["\"", &self.0, "\".jeton_"]);
            }
            full.push_str(part);
        }
        full
    }

    /// A statement of that text.
    pub(super) fn query(&self, text: &'static str) -> Query<'static, Postgres, PgArguments> {
        self.query_of(&[text])
    }

    /// A statement of these texts, one after another.
    pub(super) fn query_of(&self, texts: &[&'static str]) -> Query<'static, Postgres, PgArguments> {
        // The texts are constants and the name was checked.
        sqlx::query(AssertSqlSafe(self.sql(&texts.concat())))
    }

    /// The channel on which changes are told.
    pub(super) fn channel(&self) -> String {
        format!("jeton.{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_identifiers() {
        for good in ["jeton", "_a", "public", "a1_2", &"a".repeat(48)] {
            assert!(Schema::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "1a", "A", "a-b", "a.b", "a\"", "é", "pg_catalog", "information_schema", &"a".repeat(49)]
        {
            assert!(matches!(Schema::parse(bad), Err(ConnectError::Schema)), "{bad}");
        }
    }

    #[test]
    fn every_table_is_named_in_full() {
        let schema = Schema::parse("own").unwrap();
        assert_eq!(
            schema.sql("SELECT @jeton_a.x @> y FROM @jeton_a, @jeton_b"),
            "SELECT \"own\".jeton_a.x @> y FROM \"own\".jeton_a, \"own\".jeton_b"
        );
    }
}
