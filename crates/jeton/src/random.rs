//! Where random bytes come from: a parameter, like the time.

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
