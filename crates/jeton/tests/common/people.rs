//! A directory that fails or hangs on command, and counts its calls.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use jeton::{Account, Directory, DirectoryError, StaticDirectory};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Well,
    Failing,
    Hanging,
}

#[derive(Debug, Default)]
pub(crate) struct People {
    known: StaticDirectory,
    names: Mutex<HashMap<String, String>>,
    mood: Mutex<Mood>,
    calls: AtomicUsize,
}

impl People {
    pub(crate) fn set(&self, subject: &str, account: Account) {
        self.known.set(subject, account);
    }

    pub(crate) fn remove(&self, subject: &str) {
        self.known.remove(subject);
    }

    /// That subject is called so from now on.
    pub(crate) fn call(&self, subject: &str, name: &str) {
        self.names.lock().unwrap().insert(name.to_owned(), subject.to_owned());
    }

    pub(crate) fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Directory for People {
    async fn account(&self, subject: &str) -> Result<Option<Account>, DirectoryError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Well => self.known.account(subject).await,
            Mood::Failing => Err(DirectoryError::new("the line is cut")),
            Mood::Hanging => std::future::pending().await,
        }
    }

    async fn subject_of_name(&self, name: &str) -> Result<Option<String>, DirectoryError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Well => Ok(self.names.lock().unwrap().get(name).cloned()),
            Mood::Failing => Err(DirectoryError::new("the line is cut")),
            Mood::Hanging => std::future::pending().await,
        }
    }
}
