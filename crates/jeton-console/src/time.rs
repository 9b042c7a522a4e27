//! Times as people read them, in UTC.

use std::time::Duration;

use jeton::Timestamp;

use crate::{Texts, texts::fill};

/// A time for a page.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// RFC 3339, for `datetime`.
    pub(crate) iso: String,
    /// Day and minute.
    pub(crate) text: String,
    /// How far away.
    pub(crate) near: String,
}

pub(crate) fn moment(at: Timestamp, now: Timestamp, texts: &Texts) -> Moment {
    let iso = at.to_string();
    let clock = iso.get(11..16).unwrap_or_default();
    let text = format!("{}, {clock} UTC", day(at, texts));
    Moment { text, near: near(at, now, texts), iso }
}

/// The day, as `3 Feb 2026`.
pub(crate) fn day(at: Timestamp, texts: &Texts) -> String {
    let iso = at.to_string();
    let part = |range: std::ops::Range<usize>| iso.get(range).unwrap_or_default();
    let month = part(5..7).parse::<usize>().unwrap_or(1).saturating_sub(1);
    let month = texts.months.split(' ').nth(month).unwrap_or_default();
    format!("{} {month} {}", part(8..10).trim_start_matches('0'), part(0..4))
}

/// The day, as date fields want it.
pub(crate) fn date(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// The last second of a day, as date fields give it.
pub(crate) fn end_of(date: &str) -> Option<Timestamp> {
    let text = format!("{date}T23:59:59Z");
    text.parse().ok().filter(|_| date.len() == 10)
}

/// The first second of a day.
pub(crate) fn start_of(date: &str) -> Option<Timestamp> {
    let text = format!("{date}T00:00:00Z");
    text.parse().ok().filter(|_| date.len() == 10)
}

pub(crate) const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

/// The time so long before.
pub(crate) fn before(now: Timestamp, span: Duration) -> Timestamp {
    let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_unix_seconds(now.unix_seconds().saturating_sub(seconds)).unwrap_or(Timestamp::MIN)
}

fn near(at: Timestamp, now: Timestamp, texts: &Texts) -> String {
    let past = at <= now;
    let seconds = if past { now.saturating_since(at) } else { at.saturating_since(now) }.as_secs();
    let (text, count) = match (seconds, past) {
        (0..3600, true) => (texts.minutes_ago, seconds / 60),
        (0..3600, false) => (texts.in_minutes, seconds / 60),
        (3600..86_400, true) => (texts.hours_ago, seconds / 3600),
        (3600..86_400, false) => (texts.in_hours, seconds / 3600),
        (86_400..172_800, true) => (texts.day_ago, 1),
        (86_400..172_800, false) => (texts.in_day, 1),
        (_, true) => (texts.days_ago, seconds / 86_400),
        (_, false) => (texts.in_days, seconds / 86_400),
    };
    fill(text, &[("n", &count.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let texts = Texts::english();
        let shown = moment(at("2026-02-03T04:05:06Z"), at("2026-02-01T04:05:06Z"), &texts);
        assert_eq!((shown.text.as_str(), shown.near.as_str()), ("3 Feb 2026, 04:05 UTC", "in 2 days"));
        let shown = moment(at("2026-12-31T23:59:59Z"), at("2027-01-01T00:30:00Z"), &texts);
        assert_eq!((shown.text.as_str(), shown.near.as_str()), ("31 Dec 2026, 23:59 UTC", "30 min ago"));
        assert_eq!(end_of("2026-02-30"), None);
        assert_eq!(end_of("2026-02-28").map(date).as_deref(), Some("2026-02-28"));
        assert_eq!(before(Timestamp::MIN, days(1)), Timestamp::MIN);
    }
}
