//! Request bodies, read into memory up to a limit.

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// The longest request body that is read, in bytes. Longer ones are answered with 413.
pub const BODY_LIMIT: usize = 64 * 1024;

/// A request body, as far as it could be read.
#[derive(Clone)]
pub enum Body {
    /// All of it.
    Complete(Bytes),
    /// It is longer than [`BODY_LIMIT`].
    TooLarge,
    /// The connection broke, or the client broke the protocol.
    Broken,
}

/// Reads a body, and no more of it than the limit.
pub async fn read_body<B>(body: B) -> Body
where
    B: http_body::Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // What is announced as too long is not read at all.
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        return Body::TooLarge;
    }
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => Body::Complete(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Body::TooLarge,
        Err(_) => Body::Broken,
    }
}
