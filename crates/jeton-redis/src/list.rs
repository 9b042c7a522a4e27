//! Lists of records: the smallest set that holds all that is asked for is read in order, and the rest of the filter is
//! judged record by record.

use jeton::{Filter, Page, Query, Sort, SortBy, State, StoreError, Timestamp, fold};

use super::{
    RedisStore,
    answer::{list, number, sense},
    index::{self, ALL, ANYONE},
    record,
    scripts::{LIST, SIZES},
};

/// How many records are looked at for one page. A page that finds fewer than asked among them ends early, and says where
/// the next one begins.
const SEARCHED: usize = 10_000;
/// How many one script looks at, so that none holds others up for long.
const PART: usize = 500;

impl RedisStore {
    /// The page that the query asks for.
    pub(crate) async fn page(&self, query: &Query) -> Result<Page, StoreError> {
        let Query { filter, sort, .. } = query;
        let group = self.smallest(filter, sort.by).await?;
        let set = index::set(sort.by, &group);
        let part = filter.name.as_deref().map(|part| index::part_of_name(&fold(part))).unwrap_or_default();
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        // One more than asked for tells whether there is a next page.
        let wanted = limit.saturating_add(1);
        // Often all that is looked at passes.
        let mut at_a_time = wanted.min(PART);
        let mut range = Range::of(query);
        let (mut records, mut searched) = (Vec::new(), 0);
        loop {
            let (from, to) = range.ends(*sort);
            let backwards = u8::from(sort.descending).to_string();
            let args = vec![set.clone(), backwards, from, to, at_a_time.to_string(), part.clone()];
            let mut answer = self.run(&LIST, args).await?;
            let (looked_at, last) = (answer.number()?, answer.text()?);
            for fields in answer.list()? {
                let record = record::from_fields(list(fields)?)?;
                // One that has moved on between two parts is not given out twice.
                let twice = records.iter().any(|other: &jeton::Record| other.id == record.id);
                if !twice && filter.admits(&record, query.now) {
                    records.push(record);
                }
            }
            searched += looked_at;
            if records.len() >= wanted || looked_at < at_a_time {
                return Ok(Page::of(records, query));
            }
            if searched >= SEARCHED {
                let next = sense(index::position(&last, sort.by), "an index")?;
                return Ok(Page { records, next: Some(next) });
            }
            range.go_on(*sort, last);
            at_a_time = PART;
        }
    }

    /// The group with the fewest records among those that hold all that pass.
    async fn smallest(&self, filter: &Filter, by: SortBy) -> Result<String, StoreError> {
        let mut groups = groups(filter);
        if groups.len() < 2 {
            return Ok(groups.pop().unwrap_or_else(|| ALL.to_owned()));
        }
        let sets = groups.iter().map(|group| format!("index:{}", index::set(by, group))).collect();
        let sizes = self.run(&SIZES, sets).await?.list()?;
        let sizes: Vec<_> = sizes.into_iter().map(number).collect::<Result<_, _>>()?;
        let smallest = sizes.into_iter().zip(groups).min();
        Ok(smallest.map_or_else(|| ALL.to_owned(), |(_, group)| group))
    }
}

/// The groups each of which holds all that pass.
fn groups(filter: &Filter) -> Vec<String> {
    let of = |of: &str, value: &Option<String>| value.as_ref().map(|value| index::group(of, value));
    let standing = match filter.state {
        Some(State::Active | State::NotYetValid) => Some("active"),
        Some(State::Disabled) => Some("disabled"),
        Some(State::Revoked) => Some("revoked"),
        Some(State::Expired) | None => None,
    };
    let named = filter.role.as_ref().filter(|_| !filter.role_is_default);
    [
        of("subject", &filter.subject),
        of("tenant", &filter.tenant),
        filter.kind.map(|kind| index::group("kind", kind.as_str())),
        standing.map(|standing| index::group("standing", standing)),
        named.map(|role| index::group("role", role)),
        filter.acts_for_anyone.then(|| ANYONE.to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The part of a set that is left to read. Both ends are outside.
struct Range {
    low: Option<String>,
    high: Option<String>,
}

impl Range {
    fn of(query: &Query) -> Self {
        let Query { filter, sort, now, .. } = query;
        // No member is that text alone: behind it there is an id.
        let before = |time: Option<Timestamp>| time.map(|time| index::sortable(time.unix_seconds()));
        let ended = index::sortable(now.unix_seconds().saturating_add(1));
        let lives = matches!(filter.state, Some(State::Active | State::Disabled | State::NotYetValid))
            || filter.beyond.is_some();
        let (low, high) = match sort.by {
            SortBy::ExpiresAt => {
                let expired = (filter.state == Some(State::Expired)).then(|| ended.clone());
                let ends = [before(filter.expires_before), expired];
                (lives.then_some(ended), ends.into_iter().flatten().min())
            }
            SortBy::LastUsedAt => (None, before(filter.last_used_before)),
            SortBy::CreatedAt | SortBy::Name => (None, None),
        };
        let mut range = Self { low, high };
        if let Some(place) = &query.after {
            range.go_on(*sort, index::member(place));
        }
        range
    }

    /// Only what comes after that member is left.
    fn go_on(&mut self, sort: Sort, member: String) {
        if sort.descending {
            self.high = [self.high.take(), Some(member)].into_iter().flatten().min();
        } else {
            self.low = self.low.take().max(Some(member));
        }
    }

    /// Where to begin and where to end, in the words of Redis.
    fn ends(&self, sort: Sort) -> (String, String) {
        let low = self.low.as_ref().map_or_else(|| "-".to_owned(), |low| format!("({low}"));
        let high = self.high.as_ref().map_or_else(|| "+".to_owned(), |high| format!("({high}"));
        if sort.descending { (high, low) } else { (low, high) }
    }
}
