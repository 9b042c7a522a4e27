//! Where random bytes come from: a parameter, like the time.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{Unavailable, jose::base64url};

/// The source of randomness did not answer.
#[derive(Debug, thiserror::Error)]
#[error("the source of randomness did not answer")]
pub struct RandomError;

/// Gives random bytes fit for keys and identifiers (RFC 6749 §10.10).
///
/// ```
/// use jeton::{Random, RandomError};
///
/// struct Fixed(u8);
/// impl Random for Fixed {
///     fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
///         bytes.fill(self.0);
///         Ok(())
///     }
/// }
/// let mut bytes = [0; 4];
/// Fixed(7).fill(&mut bytes).unwrap();
/// assert_eq!(bytes, [7; 4]);
/// ```
pub trait Random: Send + Sync + 'static {
    /// Overwrites `bytes`. Fails only if the system has no randomness to give.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for randomness")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|_| RandomError)
    }
}

/// The ids of access tokens (`jti`, RFC 7519 §4.1.7): 16 random bytes each in base64url, of which many are asked for at
/// once, since the system takes its time for each question. They are no secrets. A process that is copied while it runs, by a
/// snapshot of its machine, gives a few of them twice.
pub(crate) struct Jtis {
    random: Arc<dyn Random>,
    left: Mutex<Vec<[u8; 16]>>,
}

impl fmt::Debug for Jtis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jtis")
    }
}

impl Jtis {
    /// So many at once: 256 bytes, which every system gives in one piece.
    const AT_ONCE: usize = 16;

    pub(crate) fn new(random: Arc<dyn Random>) -> Self {
        Self { random, left: Mutex::default() }
    }

    pub(crate) fn next(&self) -> Result<String, Unavailable> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(jti) = left.pop() {
            return Ok(base64url(&jti));
        }
        let mut fresh = [[0; 16]; Self::AT_ONCE];
        self.random.fill(fresh.as_flattened_mut())?;
        left.extend_from_slice(&fresh[1..]);
        Ok(base64url(&fresh[0]))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashSet,
        sync::atomic::{AtomicU64, Ordering},
    };

    use super::*;

    /// Writes one half and fails, each second time.
    #[derive(Default)]
    struct Failing(AtomicU64);

    impl Random for Failing {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
            let call = self.0.fetch_add(1, Ordering::Relaxed);
            let half = bytes.len() / 2;
            SystemRandom.fill(&mut bytes[..half])?;
            if call.is_multiple_of(2) { Err(RandomError) } else { SystemRandom.fill(&mut bytes[half..]) }
        }
    }

    #[test]
    fn every_jti_is_another_one() {
        let jtis = Jtis::new(Arc::new(SystemRandom));
        let many: HashSet<_> = (0..3 * Jtis::AT_ONCE).map(|_| jtis.next().unwrap()).collect();
        assert_eq!(many.len(), 3 * Jtis::AT_ONCE);
        assert!(many.iter().all(|jti| jti.len() == 22));
    }

    #[test]
    fn what_failed_half_way_gives_none() {
        let jtis = Jtis::new(Arc::new(Failing::default()));
        let mut many = HashSet::new();
        for _ in 0..3 {
            assert!(jtis.next().is_err());
            assert!((0..Jtis::AT_ONCE).all(|_| many.insert(jtis.next().unwrap())));
        }
        assert!(many.iter().all(|jti| !jti.ends_with("AAAAAAAA")));
    }
}
