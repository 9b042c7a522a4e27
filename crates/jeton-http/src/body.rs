//! Request bodies, read into memory up to a limit.

use std::pin::pin;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http_body_util::BodyExt as _;

/// The longest request body that is kept, in bytes. Longer ones are answered with 413.
pub const BODY_LIMIT: usize = 64 * 1024;

/// How much of a longer one is read and thrown away. A client that is still sending when the connection is closed
/// may never see its answer (RFC 9112 §9.6), so a body has to be far too long for that.
const DISCARD_LIMIT: u64 = 4 * 1024 * 1024;

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

/// Puts a body together from its chunks, for adapters whose bodies are none of [`http_body`]'s.
#[derive(Debug, Default)]
pub struct BodyChunks {
    kept: BytesMut,
    seen: u64,
}

impl BodyChunks {
    /// Whether a body of that announced length is not worth reading at all.
    pub fn refuses(length: u64) -> bool {
        length > DISCARD_LIMIT
    }

    /// Takes a chunk; false if no more of them are wanted.
    pub fn push(&mut self, chunk: impl bytes::Buf) -> bool {
        self.seen = self.seen.saturating_add(chunk.remaining() as u64);
        if self.is_too_large() {
            self.kept = BytesMut::new();
        } else {
            self.kept.put(chunk);
        }
        self.seen <= DISCARD_LIMIT
    }

    /// The body, after the last chunk.
    pub fn finish(self) -> Body {
        if self.is_too_large() { Body::TooLarge } else { Body::Complete(self.kept.freeze()) }
    }

    fn is_too_large(&self) -> bool {
        self.seen > BODY_LIMIT as u64
    }
}

/// Reads a body, and keeps no more of it than the limit.
pub async fn read_body<B: http_body::Body>(body: B) -> Body {
    if BodyChunks::refuses(body.size_hint().lower()) {
        return Body::TooLarge;
    }
    let mut body = pin!(body);
    let mut chunks = BodyChunks::default();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Body::Broken };
        // What is no data is a trailer.
        if frame.into_data().is_ok_and(|data| data.has_remaining() && !chunks.push(data)) {
            break;
        }
    }
    chunks.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chunks: usize, size: usize) -> (usize, Body) {
        let mut body = BodyChunks::default();
        let taken = (0..chunks).take_while(|_| body.push(vec![b'a'; size].as_slice())).count();
        (taken, body.finish())
    }

    #[test]
    fn what_is_too_long_is_read_on_but_not_kept() {
        assert!(matches!(read(0, 0), (0, Body::Complete(body)) if body.is_empty()));
        assert!(matches!(read(64, 1024), (64, Body::Complete(body)) if body.len() == BODY_LIMIT));
        assert!(matches!(read(65, 1024), (65, Body::TooLarge)));
        assert!(matches!(read(10_000, 1024), (4096, Body::TooLarge)), "but not for ever");
        assert!(!BodyChunks::refuses(BODY_LIMIT as u64 + 1) && BodyChunks::refuses(u64::MAX));
    }
}
