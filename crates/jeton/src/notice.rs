//! What the host app is told, so that it can tell people.

use std::error::Error;

use async_trait::async_trait;

use crate::Record;

/// What happened, or is about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// The token ends within so many days.
    ExpiresSoon {
        /// Days of 24 hours.
        days: u32,
    },
    /// Its end has come.
    Expired,
    /// Somebody reported that it leaked, told once for each of its credentials. It works on: the host decides.
    Leaked,
    /// A credential was used that had been superseded, and whose grace is over: a program was not told, or somebody has
    /// found an old token.
    SupersededUsed {
        /// The generation of that credential.
        generation: u64,
    },
    /// It was revoked or deleted.
    Revoked,
}

/// An event, and the record that it is about.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What.
    pub event: Event,
    /// About which token.
    pub record: Record,
}

/// A notice could not be handed on, for that reason.
#[derive(Debug, thiserror::Error)]
#[error("the notice could not be handed on")]
pub struct SinkError(#[source] Box<dyn Error + Send + Sync>);

impl SinkError {
    /// For that reason, which goes to the log.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// Takes notices, for mails, chats and tickets. It is called in the background, never while a request waits.
///
/// Each notice of an end is handed on once, also with several nodes; one that fails, or takes longer than a minute, is
/// tried again a minute later. Where no node ran for a while, a token is told of once, by the shortest of the spans
/// that it has entered since, also if that is a while ago; of an end, if it is not older than 30 days. The others are handed on when they happen, once each, and are lost if that fails.
///
/// ```
/// use async_trait::async_trait;
/// use jeton::{Event, Notice, Sink, SinkError};
///
/// struct Mail;
///
/// #[async_trait]
/// impl Sink for Mail {
///     async fn take(&self, notice: &Notice) -> Result<(), SinkError> {
///         if let Event::ExpiresSoon { days } = notice.event {
///             println!("to {}: {} ends within {days} days", notice.record.created_by, notice.record.name);
///         }
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait Sink: Send + Sync + 'static {
    /// Takes one.
    ///
    /// # Errors
    ///
    /// If it could not be handed on.
    async fn take(&self, notice: &Notice) -> Result<(), SinkError>;
}
