//! What holds while nobody can tell whether a token was revoked meanwhile.

use std::time::Duration;

/// What is done with access tokens while the revocations of others have not been read for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Staleness {
    /// They are accepted until they end by themselves: the longest that a revoked one can live on is its lifetime.
    #[default]
    Accept,
    /// They are accepted for so long after the last reading began; then the answer is 503 until it succeeds again.
    RefuseAfter(Duration),
}

impl Staleness {
    /// Whether what is known is too old, if the last complete reading began so long ago.
    pub fn refuses(self, age: Duration) -> bool {
        match self {
            Self::Accept => false,
            Self::RefuseAfter(longest) => age > longest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_very_span_is_still_accepted() {
        let second = Duration::from_secs(1);
        let staleness = Staleness::RefuseAfter(second);
        assert!(!staleness.refuses(second));
        assert!(staleness.refuses(second + Duration::from_nanos(1)));
        assert!(!Staleness::Accept.refuses(Duration::MAX));
    }
}
