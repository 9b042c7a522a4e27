//! Request bodies, read into memory up to a limit.

use std::pin::pin;

use bytes::{Buf, BufMut as _, Bytes, BytesMut};
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
#[derive(Debug)]
pub struct BodyChunks {
    kept: BytesMut,
    /// The length that is known so far.
    length: u64,
    taken: u64,
}

impl BodyChunks {
    /// Of a body that is announced to be that long; none, or zero, if nobody says.
    pub fn announced(length: impl Into<Option<u64>>) -> Self {
        Self { kept: BytesMut::new(), length: length.into().unwrap_or_default(), taken: 0 }
    }

    /// Whether another chunk is to be read. Of what is far too long, not even the first one is.
    pub fn wants_more(&self) -> bool {
        self.length <= DISCARD_LIMIT
    }

    /// Takes a chunk.
    pub fn push(&mut self, chunk: impl Buf) {
        self.taken = self.taken.saturating_add(chunk.remaining() as u64);
        self.length = self.length.max(self.taken);
        if self.is_too_large() {
            self.kept = BytesMut::new();
        } else {
            self.kept.put(chunk);
        }
    }

    /// The body, after the last chunk.
    pub fn finish(self) -> Body {
        if self.is_too_large() { Body::TooLarge } else { Body::Complete(self.kept.freeze()) }
    }

    fn is_too_large(&self) -> bool {
        self.length > BODY_LIMIT as u64
    }
}

/// Reads a body, and keeps no more of it than the limit.
pub async fn read_body<B: http_body::Body>(body: B) -> Body {
    let mut chunks = BodyChunks::announced(body.size_hint().lower());
    let mut body = pin!(body);
    while chunks.wants_more() {
        match body.frame().await {
            None => break,
            Some(Err(_)) => return Body::Broken,
            // What is no data is a trailer.
            Some(Ok(frame)) => drop(frame.into_data().map(|data| chunks.push(data))),
        }
    }
    chunks.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(announced: u64, chunks: usize) -> (usize, Body) {
        let mut body = BodyChunks::announced(announced);
        let mut taken = 0;
        while taken < chunks && body.wants_more() {
            body.push([b'a'; 1024].as_slice());
            taken += 1;
        }
        (taken, body.finish())
    }

    #[test]
    fn what_is_too_long_is_read_on_but_not_kept() {
        assert!(matches!(read(0, 0), (0, Body::Complete(body)) if body.is_empty()));
        assert!(matches!(read(65_536, 64), (64, Body::Complete(body)) if body.len() == BODY_LIMIT));
        assert!(matches!(read(0, 65), (65, Body::TooLarge)));
        assert!(matches!(read(0, 10_000), (4097, Body::TooLarge)), "but not for ever");
    }

    #[test]
    fn what_is_announced_counts() {
        assert!(matches!(read(65_537, 1), (1, Body::TooLarge)));
        assert!(matches!(read(u64::MAX, 1), (0, Body::TooLarge)), "it is not read at all");
    }
}
