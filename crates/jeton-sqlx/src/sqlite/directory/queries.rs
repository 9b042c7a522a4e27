//! The queries of a directory.

/// The queries by which a [`SqliteDirectory`](super::SqliteDirectory) finds a user. They are constants of the host's code: what comes from
/// outside is a parameter, and never a part of them.
#[derive(Clone, Copy, Debug)]
pub struct DirectoryQueries {
    pub(super) account: &'static str,
    pub(super) roles: Option<&'static str>,
    pub(super) groups: Option<&'static str>,
    pub(super) scopes: Option<&'static str>,
    pub(super) search: Option<&'static str>,
}

impl DirectoryQueries {
    /// With that query for the account of the subject `?1`: one row, or none if there is no such user. Its columns:
    ///
    /// * `active`: 1 or 0, whether the user may act;
    /// * `incarnation`: a text or an integer that a later user of the same subject does not have; the key of the row
    ///   if keys are never given twice (`AUTOINCREMENT`), or when it was made.
    pub const fn new(account: &'static str) -> Self {
        Self { account, roles: None, groups: None, scopes: None, search: None }
    }

    /// With that query for the roles of the subject `?1`: one text column, a row for each.
    #[must_use]
    pub const fn with_roles(self, sql: &'static str) -> Self {
        Self { roles: Some(sql), ..self }
    }

    /// With that query for the groups of the subject `?1`: one text column, a row for each.
    #[must_use]
    pub const fn with_groups(self, sql: &'static str) -> Self {
        Self { groups: Some(sql), ..self }
    }

    /// With that query for the scopes that the subject `?1` holds beside those of its roles: one text column, a row
    /// for each.
    #[must_use]
    pub const fn with_scopes(self, sql: &'static str) -> Self {
        Self { scopes: Some(sql), ..self }
    }

    /// With that query for the users whom the text `?1` fits, `?2` of them at most, in the order in which they shall
    /// be shown. Its columns are the texts `subject` and `display_name`. `instr` finds a part of a name; in a `LIKE`,
    /// the user's `%` and `_` would mean something.
    #[must_use]
    pub const fn with_search(self, sql: &'static str) -> Self {
        Self { search: Some(sql), ..self }
    }
}
