//! A sink that keeps what it is told, and fails on command.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use jeton::{Event, Notice, RecordId, Sink, SinkError};

#[derive(Debug, Default)]
pub(crate) struct Ears {
    heard: Mutex<Vec<(RecordId, Event)>>,
    deaf: AtomicBool,
}

impl Ears {
    /// It takes nothing from now on, or again.
    pub(crate) fn are_deaf(&self, deaf: bool) {
        self.deaf.store(deaf, Ordering::SeqCst);
    }

    /// What was heard since somebody asked last, once what is under way has arrived.
    pub(crate) async fn heard(&self) -> Vec<(RecordId, Event)> {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    /// The events alone.
    pub(crate) async fn events(&self) -> Vec<Event> {
        self.heard().await.into_iter().map(|(_, event)| event).collect()
    }
}

#[async_trait]
impl Sink for Ears {
    async fn take(&self, notice: &Notice) -> Result<(), SinkError> {
        if self.deaf.load(Ordering::SeqCst) {
            return Err(SinkError::new("nobody listens"));
        }
        self.heard.lock().unwrap().push((notice.record.id, notice.event));
        Ok(())
    }
}
