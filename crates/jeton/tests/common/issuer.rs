//! What an issuer publishes, as a source that says what a test wants and counts how often it is asked.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use jeton::{Authority, Document, Fetched, Source, SourceError};

/// What it answers.
pub(crate) enum Answers {
    /// What this authority publishes.
    Of(Authority),
    /// Nothing: it is down.
    Down,
    /// These bytes as the keys, these as the cut-offs.
    Bytes(Vec<u8>, Vec<u8>),
    /// Nothing, ever.
    Never,
}

/// Clones are one.
#[derive(Clone)]
pub(crate) struct Published {
    answers: Arc<Mutex<Arc<Answers>>>,
    asked: Arc<[AtomicUsize; 2]>,
    unchanged: Arc<AtomicUsize>,
}

impl Published {
    pub(crate) fn new(answers: Answers) -> Self {
        let answers = Arc::new(Mutex::new(Arc::new(answers)));
        Self { answers, asked: Arc::default(), unchanged: Arc::default() }
    }

    pub(crate) fn answers(&self, answers: Answers) {
        *self.answers.lock().unwrap() = Arc::new(answers);
    }

    /// How often it was asked for that.
    pub(crate) fn asked(&self, document: Document) -> usize {
        self.asked[usize::from(document == Document::CutOffs)].load(Ordering::SeqCst)
    }

    /// How often it said that nothing has changed.
    pub(crate) fn unchanged(&self) -> usize {
        self.unchanged.load(Ordering::SeqCst)
    }
}

/// What an authority publishes.
pub(crate) async fn of(authority: &Authority, document: Document) -> (Vec<u8>, String) {
    match document {
        Document::Keys => {
            let body = serde_json::to_vec(&authority.jwks()).unwrap();
            (body.clone(), super::keys::encode(&body))
        }
        Document::CutOffs => {
            let signed = authority.signed_cut_offs().await.unwrap();
            (signed.as_str().into(), signed.tag().to_owned())
        }
    }
}

#[async_trait]
impl Source for Published {
    async fn fetch(&self, document: Document, known: Option<&str>) -> Result<Fetched, SourceError> {
        self.asked[usize::from(document == Document::CutOffs)].fetch_add(1, Ordering::SeqCst);
        let answers = self.answers.lock().unwrap().clone();
        match &*answers {
            Answers::Of(authority) => {
                let (body, tag) = of(authority, document).await;
                if known == Some(tag.as_str()) {
                    self.unchanged.fetch_add(1, Ordering::SeqCst);
                    return Ok(Fetched::Unchanged);
                }
                Ok(Fetched::Document { body, tag: Some(tag) })
            }
            Answers::Down => Err(SourceError::new("down")),
            Answers::Bytes(keys, cut_offs) => {
                let body = if document == Document::Keys { keys } else { cut_offs }.clone();
                Ok(Fetched::Document { body, tag: None })
            }
            Answers::Never => std::future::pending().await,
        }
    }
}
