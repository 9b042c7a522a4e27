//! Where a verifier reads what its issuer publishes. How it comes here is not known here: the core speaks no HTTP.

use std::{error::Error, fmt, sync::Arc};

use async_trait::async_trait;

/// What an issuer publishes for those who verify its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Document {
    /// The keys of access tokens, a JWK Set (RFC 7517 §5): `/.well-known/jwks.json` under the issuer.
    Keys,
    /// The cut-offs, signed: `/.well-known/cut-offs` under the issuer.
    CutOffs,
}

impl Document {
    /// Where it is, below the URL of the issuer.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Keys => "/.well-known/jwks.json",
            Self::CutOffs => "/.well-known/cut-offs",
        }
    }

    /// How many bytes it may have: a longer one is not read. The keys have room for hundreds of RSA keys, the cut-offs
    /// for about 300 000 records.
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::Keys => 256 * 1024,
            Self::CutOffs => 16 * 1024 * 1024,
        }
    }
}

/// What a source answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It is still what it was under that tag.
    Unchanged,
    /// The document.
    Document {
        /// Its bytes.
        body: Vec<u8>,
        /// By which the source is asked next time whether it changed (an `ETag`, RFC 9110 §8.8.3).
        tag: Option<String>,
    },
}

/// A document cannot be had, or is none.
#[derive(Clone, Debug)]
pub struct SourceError(Arc<dyn Error + Send + Sync>);

impl SourceError {
    /// For that reason. It goes to the log: no secret may stand in it.
    pub fn new(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(reason.into().into())
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what the issuer publishes could not be read")
    }
}

impl Error for SourceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// Reads what an issuer publishes. It is asked in the background, for one document of a kind at a time, and never by a
/// request. `jeton-remote` has one over HTTP.
///
/// ```
/// use async_trait::async_trait;
/// use jeton::{Document, Fetched, Source, SourceError};
///
/// /// Keys in a file that somebody else keeps up to date; no cut-offs.
/// struct File(std::path::PathBuf);
///
/// #[async_trait]
/// impl Source for File {
///     async fn fetch(&self, document: Document, _tag: Option<&str>) -> Result<Fetched, SourceError> {
///         match document {
///             Document::Keys => {
///                 let body = std::fs::read(&self.0).map_err(SourceError::new)?;
///                 Ok(Fetched::Document { body, tag: None })
///             }
///             Document::CutOffs => Err(SourceError::new("there are none")),
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// The document as it is now, or that it is still what it was under that tag. An answer longer than
    /// [`Document::max_bytes`] must not be read to its end.
    ///
    /// # Errors
    ///
    /// If it cannot be had. What was read before goes on to count.
    async fn fetch(&self, document: Document, tag: Option<&str>) -> Result<Fetched, SourceError>;
}
