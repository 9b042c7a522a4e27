//! Texts that stand for something else: how they are read, and what is said of those that cannot be.

use ipnet::IpNet;
use jeton::{Action, InvalidSort, Kind, RecordId, Ring, Sort, State, Timestamp};
use serde_json::Value;

use super::Shape;

/// What is read from a text.
pub(crate) trait Text: Shape + Sized {
    /// What it is; none if the text is no such thing.
    fn read(text: &str) -> Option<Self>;

    /// What is said of a text that is no such thing.
    fn wrong() -> String;
}

/// `must be a, b or c`, of the words in the schema.
fn must_be<T: Shape>() -> String {
    let schema = T::schema();
    let words: Vec<_> = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match words.split_last() {
        Some((last, [])) => format!("must be {last}"),
        Some((last, first)) => format!("must be {} or {last}", first.join(", ")),
        None => "is not known".to_owned(),
    }
}

macro_rules! texts {
    ($($type:ty: $read:expr, $wrong:expr;)*) => {$(
        impl Text for $type {
            fn read(text: &str) -> Option<Self> {
                $read(text)
            }

            fn wrong() -> String {
                $wrong
            }
        }
    )*};
}

texts! {
    Kind: Kind::parse, must_be::<Self>();
    State: State::parse, must_be::<Self>();
    Ring: Ring::parse, must_be::<Self>();
    Action: Action::parse, "is no action".to_owned();
    Sort: |text: &str| text.parse().ok(), InvalidSort.to_string();
    RecordId: |text: &str| text.parse().ok(), "must be the id of a token".to_owned();
    Timestamp: |text: &str| text.parse().ok(), "must be an RFC 3339 time".to_owned();
    // An address with bits beyond the prefix is more often a slip than a network.
    IpNet: |text: &str| text.parse::<Self>().ok().filter(|net| net.trunc() == *net),
        "must be a network in CIDR notation, without bits beyond its prefix".to_owned();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_told_is_read() {
        fn check<T: Text>() {
            let schema = T::schema();
            let words = schema["enum"].as_array().unwrap();
            assert!(words.iter().all(|word| T::read(word.as_str().unwrap()).is_some()), "{words:?}");
        }
        check::<Kind>();
        check::<State>();
        check::<Ring>();
        check::<Action>();
        check::<Sort>();
        assert_eq!(Kind::wrong(), "must be service or personal");
    }
}
