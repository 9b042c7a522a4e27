//! The sorted sets by which lists are found.
//!
//! Each undeleted record is a member of one set per order and *group*: of all records, of its tenant, its subject, each of
//! its roles, and so on. All have the same score, so that Redis sorts the members byte by byte; a member is the value by
//! which the record is sorted, and then its id.

use jeton::{Position, Record, RecordId, SortBy, SortKey, Standing, Timestamp};

/// The characters of an id as text.
const ID: usize = 36;
/// In the place of a NUL in a name, and behind a name: a name that is the beginning of another one comes before it.
const NUL: &str = "\0\u{2}";
const END: &str = "\0\u{1}";

/// The group of all records.
pub(crate) const ALL: &str = "all";
/// The group of those whose holder may sign for any user.
pub(crate) const ANYONE: &str = "anyone";

/// The group of that kind, subject, tenant, role or standing.
pub(crate) fn group(of: &str, value: &str) -> String {
    format!("{of}:{value}")
}

/// The groups of the record; none for a tombstone.
pub(crate) fn groups(record: &Record) -> Vec<String> {
    if record.standing == Standing::Deleted {
        return Vec::new();
    }
    let grant = &record.grant;
    let mut groups = vec![
        ALL.to_owned(),
        group("kind", record.kind.as_str()),
        group("standing", record.standing.as_str()),
    ];
    groups.extend(grant.subject.iter().map(|subject| group("subject", subject)));
    groups.extend(grant.tenant.iter().map(|tenant| group("tenant", tenant)));
    groups.extend(grant.roles.iter().map(|role| group("role", role)));
    groups.extend(record.acts_for_anyone().then(|| ANYONE.to_owned()));
    groups
}

/// The set of a group in an order.
pub(crate) fn set(by: SortBy, group: &str) -> String {
    let order = match by {
        SortBy::CreatedAt => "created",
        SortBy::Name => "name",
        SortBy::ExpiresAt => "ends",
        SortBy::LastUsedAt => "used",
    };
    format!("{order}:{group}")
}

/// Digits that are sorted as the numbers are, from -1 on.
pub(crate) fn sortable(seconds: i64) -> String {
    format!("{:019}", i128::from(seconds) + 1)
}

pub(crate) fn sortable_time(time: Option<Timestamp>, none: i64) -> String {
    sortable(time.map_or(none, Timestamp::unix_seconds))
}

/// The number of those digits.
pub(crate) fn seconds(sortable: &str) -> Option<i64> {
    let digits = sortable.len() == 19 && sortable.bytes().all(|byte| byte.is_ascii_digit());
    let number = sortable.parse::<u64>().ok().filter(|_| digits)?;
    i64::try_from(i128::from(number) - 1).ok()
}

/// The part of a folded name, as it is looked for in the members.
pub(crate) fn part_of_name(folded: &str) -> String {
    folded.replace('\0', NUL)
}

/// A value by which records are sorted.
pub(crate) fn key(key: &SortKey) -> String {
    match key {
        SortKey::Seconds(seconds) => sortable(*seconds),
        SortKey::Text(name) => part_of_name(name) + END,
    }
}

/// The member at that place.
pub(crate) fn member(place: &Position) -> String {
    format!("{}{}", key(&place.key), place.id)
}

/// The place of that member of a set in that order.
pub(crate) fn position(member: &str, by: SortBy) -> Option<Position> {
    let (key, id) = member.split_at_checked(member.len().checked_sub(ID)?)?;
    let id: RecordId = id.parse().ok()?;
    let key = match by {
        SortBy::Name => SortKey::Text(key.strip_suffix(END)?.replace(NUL, "\0")),
        SortBy::CreatedAt | SortBy::ExpiresAt | SortBy::LastUsedAt => SortKey::Seconds(seconds(key)?),
    };
    Some(Position { key, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_sorted_as_places_are() {
        let ids = [RecordId::from_bytes([0; 16]), RecordId::from_bytes([255; 16])];
        let names = ["", "a", "a\0", "a\0b", "a\u{1}", "a\u{2}", "ab", "ä", "日"]
            .map(|name| SortKey::Text(name.into()));
        let times =
            [SortKey::NEVER_USED, 0, 9, 10, 253_402_207_200, SortKey::NEVER_ENDS].map(SortKey::Seconds);
        for (keys, by) in [(&names[..], SortBy::Name), (&times[..], SortBy::ExpiresAt)] {
            let mut members = Vec::new();
            for key in keys {
                for id in ids {
                    let place = Position { key: key.clone(), id };
                    let member = member(&place);
                    assert_eq!(position(&member, by), Some(place));
                    members.push(member);
                }
            }
            assert!(members.is_sorted_by(|one, next| one.as_bytes() < next.as_bytes()), "{members:?}");
        }
    }

    #[test]
    fn other_texts_are_no_members() {
        let id = RecordId::from_bytes([0; 16]);
        for (bad, by) in [
            (String::new(), SortBy::Name),
            ("x".repeat(36), SortBy::Name),
            (format!("a{id}"), SortBy::Name),
            (format!("12{id}"), SortBy::CreatedAt),
            (format!("+000000000000000001{id}"), SortBy::CreatedAt),
            (format!("9999999999999999999{id}"), SortBy::CreatedAt),
            (format!("ä{}", &id.to_string()[1..]), SortBy::Name),
        ] {
            assert_eq!(position(&bad, by), None, "{bad}");
        }
    }
}
