//! The switch that stops generating while everything else works.

use std::sync::{PoisonError, RwLock};

use super::Authority;
use crate::ManageError;

/// Why nobody gets a new token now, in the operator's words.
#[derive(Debug, Default)]
pub(crate) struct Switch(RwLock<Option<String>>);

impl Switch {
    pub(super) fn check(&self) -> Result<(), ManageError> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Some(text) => Err(ManageError::Stopped(text.clone())),
            None => Ok(()),
        }
    }

    fn set(&self, text: Option<String>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = text;
    }
}

impl Authority {
    /// Generates no more tokens on this node, and says that to whoever asks; all else works on. A node knows its own
    /// switch alone.
    pub fn stop_generating(&self, text: impl Into<String>) {
        self.0.switch.set(Some(text.into()));
    }

    /// Generates tokens again.
    pub fn go_on_generating(&self) {
        self.0.switch.set(None);
    }
}
