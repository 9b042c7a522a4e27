//! The way along the order that is asked for, as SQL, and the shorter ways to the same page.
//!
//! Whatever is looked at is asked for in the order of an index and up to a number; and records that are shown are looked up
//! one by one, each by its id.

use jeton::{Filter, Query, SortBy, SortKey};
use sqlx::{Postgres, QueryBuilder};

use super::{
    filter::{push_filter, push_range},
    schema::Schema,
    source::Source,
};

/// How many records are walked past for one page, or counted, or sorted. A page that finds fewer than asked among them
/// ends early, and says where the next one begins.
pub(super) const SEARCHED: u32 = 10_000;
/// How many are judged before a walk that is quick.
const JUDGED: u32 = 1_000;

pub(super) struct Walk<'a> {
    schema: &'a Schema,
    pub(super) query: &'a Query,
    /// What is walked along.
    pub(super) source: Source<'a>,
    /// What is left to be judged of each record.
    pub(super) rest: Filter,
    key: &'static str,
    order: &'static str,
}

impl<'a> Walk<'a> {
    pub(super) fn of(schema: &'a Schema, query: &'a Query) -> Self {
        let key = match query.sort.by {
            SortBy::CreatedAt => "created_at",
            SortBy::Name => "name_folded",
            SortBy::ExpiresAt => "expires_at",
            SortBy::LastUsedAt => "last_used_at",
        };
        let order = if query.sort.descending { "DESC" } else { "ASC" };
        let (source, rest) = Source::in_order(query);
        Self { schema, query, source, rest, key, order }
    }

    /// Whether all that are walked along pass.
    pub(super) fn is_plain(&self) -> bool {
        self.rest == Filter::default()
    }

    /// Whether the index of the order holds all that is to be judged.
    pub(super) fn is_judged_by_index(&self) -> bool {
        let Filter { name, subject, tenant, role, acts_for_anyone, .. } = &self.rest;
        let others = [name, subject, tenant, role].into_iter().any(Option::is_some);
        self.source == Source::All && !self.is_plain() && !others && !acts_for_anyone
    }

    /// One row with the array `counts`: how many each of the sources holds, counted no further than needed.
    pub(super) fn push_counts(&self, sql: &mut QueryBuilder<Postgres>, sources: &[Source<'_>]) {
        self.push_array(sql, sources, SEARCHED, |sql| {
            sql.push("(SELECT count(*)");
        });
    }

    /// The same of those that are to come; too many, where a source holds more than are judged.
    pub(super) fn push_rests(&self, sql: &mut QueryBuilder<Postgres>, sources: &[Source<'_>]) {
        self.push_array(sql, sources, JUDGED, |sql| {
            sql.push("(SELECT CASE WHEN count(*) > ").push_bind(i64::from(JUDGED));
            sql.push(" THEN count(*) ELSE count(*) FILTER (WHERE true");
            push_filter(sql, "entry", &self.query.filter, self.query.now);
            self.push_after(sql, "entry.");
            sql.push(") END");
        });
    }

    fn push_array(
        &self,
        sql: &mut QueryBuilder<Postgres>,
        sources: &[Source<'_>],
        most: u32,
        push_count: impl Fn(&mut QueryBuilder<Postgres>),
    ) {
        for (index, source) in sources.iter().enumerate() {
            sql.push(if index == 0 { "SELECT ARRAY[" } else { ", " });
            push_count(sql);
            sql.push(" FROM (SELECT *");
            source.push(sql, self.schema, &|sql| {
                sql.push(source.index_order()).push(" LIMIT ").push_bind(i64::from(most) + 1);
            });
            sql.push(") entry)");
        }
        sql.push("] AS counts");
    }

    /// The records that pass of all that the source holds, which are few.
    pub(super) fn push_sorted(&self, sql: &mut QueryBuilder<Postgres>, source: Source<'_>) {
        let Self { key, order, .. } = self;
        sql.push("SELECT record.* FROM (SELECT *");
        source.push(sql, self.schema, &|sql| {
            sql.push(source.index_order()).push(" LIMIT ").push_bind(i64::from(SEARCHED));
        });
        if source.is_of_ids() {
            sql.push(") entry");
            self.push_record(sql);
        } else {
            sql.push(") record");
        }
        sql.push(" WHERE true");
        push_filter(sql, "record", &self.query.filter, self.query.now);
        self.push_after(sql, "record.");
        sql.push(format_args!(" ORDER BY record.{key} {order}, record.id {order} LIMIT "));
        sql.push_bind(self.wanted());
    }

    /// The first records that pass.
    pub(super) fn push_passing(&self, sql: &mut QueryBuilder<Postgres>) {
        let Self { key, order, .. } = self;
        let (is_of_ids, by_index) = (self.source.is_of_ids(), self.is_judged_by_index());
        let judged = if is_of_ids { "record" } else { "entry" };
        let shown = if is_of_ids || by_index { "record" } else { "entry" };
        sql.push(format_args!("SELECT {shown}.* FROM (SELECT "));
        sql.push(match self.key {
            _ if is_of_ids => "created_at, id",
            _ if !by_index => "*",
            "created_at" => "created_at, id, standing, kind, expires_at, not_before, last_used_at",
            "name_folded" => "name_folded, id, standing, kind, expires_at, not_before, last_used_at",
            _ => "id, standing, kind, expires_at, not_before, last_used_at",
        });
        self.push_entries(sql);
        sql.push(") entry");
        if is_of_ids || by_index {
            self.push_record(sql);
        }
        sql.push(" WHERE true");
        push_filter(sql, judged, &self.rest, self.query.now);
        // In the words of the order above, so that nothing is sorted and the walk ends with a full page.
        sql.push(format_args!(" ORDER BY entry.{key} {order}, entry.id {order} LIMIT "));
        sql.push_bind(self.wanted());
    }

    /// The last record that is looked at, if there are that many.
    pub(super) fn push_end(&self, sql: &mut QueryBuilder<Postgres>) {
        let Self { key, order, .. } = self;
        sql.push(format_args!("SELECT record.* FROM (SELECT id FROM (SELECT {key}, id"));
        self.push_entries(sql);
        sql.push(format_args!(") entry ORDER BY {key} {order}, id {order} LIMIT 1 OFFSET "));
        sql.push_bind(i64::from(SEARCHED) - 1).push(") entry");
        self.push_record(sql);
    }

    /// What is walked along, in order, after the columns.
    fn push_entries(&self, sql: &mut QueryBuilder<Postgres>) {
        let Self { key, order, .. } = self;
        let looked_at = if self.is_plain() { self.wanted() } else { i64::from(SEARCHED) };
        self.source.push(sql, self.schema, &|sql| {
            push_range(sql, self.query);
            self.push_after(sql, "");
            sql.push(format_args!(" ORDER BY {key} {order}, id {order} LIMIT ")).push_bind(looked_at);
        });
    }

    /// The record of each entry, looked up for itself: nothing else can be made of `OFFSET 0`.
    fn push_record(&self, sql: &mut QueryBuilder<Postgres>) {
        let record = ", LATERAL (SELECT * FROM @jeton_records WHERE id = entry.id OFFSET 0) record";
        sql.push(self.schema.sql(record));
    }

    /// Only what comes after the place where the last page ended.
    fn push_after(&self, sql: &mut QueryBuilder<Postgres>, row: &'static str) {
        let Some(place) = &self.query.after else { return };
        let beyond = if self.query.sort.descending { "<" } else { ">" };
        sql.push(format_args!(" AND ({row}{}, {row}id) {beyond} (", self.key));
        match &place.key {
            SortKey::Seconds(seconds) => sql.push_bind(*seconds),
            SortKey::Text(text) => sql.push_bind(text.clone()),
        };
        sql.push(", ").push_bind(place.id.as_bytes().to_vec()).push(")");
    }

    /// One more than asked for tells whether there is a next page.
    fn wanted(&self) -> i64 {
        i64::from(self.query.limit) + 1
    }
}
