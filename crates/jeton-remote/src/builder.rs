//! Where the documents are, and which ways to them are safe.

use std::{io, net::IpAddr, time::Duration};

use http::Uri;
use jeton::Document;

use crate::{HttpSource, source::client};

/// Why a source cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpSourceError {
    /// It is no URL of http or https, or has a user name in it.
    #[error("not an http or https URL without a user name: {0}")]
    Url(String),
    /// Whoever stands in between could give out keys of his own.
    #[error("http:// is for this machine alone: {0}")]
    PlainHttp(String),
    /// It was built without TLS.
    #[error("https:// needs the feature `tls`: {0}")]
    NoTls(String),
    /// The certificates that the system trusts could not be read, or there are none.
    #[error("the certificates that the system trusts could not be read")]
    Certificates(#[source] io::Error),
}

/// Puts an [`HttpSource`] together.
#[derive(Clone, Debug)]
#[must_use]
pub struct HttpSourceBuilder {
    keys: String,
    cut_offs: String,
    plain_http: bool,
    connect_timeout: Duration,
}

impl HttpSourceBuilder {
    pub(crate) fn new(issuer: &str) -> Self {
        let at = |document: Document| format!("{}{}", issuer.trim_end_matches('/'), document.path());
        Self {
            keys: at(Document::Keys),
            cut_offs: at(Document::CutOffs),
            plain_http: false,
            connect_timeout: Duration::from_secs(5),
        }
    }

    /// Where the keys are, if not below the issuer.
    pub fn keys_url(mut self, url: impl Into<String>) -> Self {
        self.keys = url.into();
        self
    }

    /// Where the cut-offs are, if not below the issuer.
    pub fn cut_offs_url(mut self, url: impl Into<String>) -> Self {
        self.cut_offs = url.into();
        self
    }

    /// How long a connection may take to come about: 5 seconds unless told otherwise. How long all of it may take says
    /// the verifier.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Asks other machines over http:// too. Whoever stands in between can then give out keys of his own, and so tokens:
    /// for networks where nobody does.
    pub fn insecure_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Checks the URLs and loads the certificates that the system trusts. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// See [`HttpSourceError`].
    pub fn build(self) -> Result<HttpSource, HttpSourceError> {
        let (keys, cut_offs) = (self.check(&self.keys)?, self.check(&self.cut_offs)?);
        let client = client(self.connect_timeout).map_err(HttpSourceError::Certificates)?;
        Ok(HttpSource { keys, cut_offs, client })
    }

    fn check(&self, url: &str) -> Result<Uri, HttpSourceError> {
        let wrong = || HttpSourceError::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
        let host = authority.ok_or_else(wrong)?.host();
        match uri.scheme_str() {
            Some("https") if cfg!(feature = "tls") => Ok(uri),
            Some("https") => Err(HttpSourceError::NoTls(url.to_owned())),
            Some("http") if self.plain_http || is_loopback(host) => Ok(uri),
            Some("http") => Err(HttpSourceError::PlainHttp(url.to_owned())),
            _ => Err(wrong()),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str) -> Result<Uri, HttpSourceError> {
        HttpSourceBuilder::new("http://localhost").check(url)
    }

    #[test]
    fn http_stays_on_this_machine() {
        for good in
            ["http://localhost:3000/a", "http://127.0.0.1/a", "http://127.9.9.9:1/a", "http://[::1]:3000/a"]
        {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in
            ["http://app.example/a", "http://10.0.0.1/a", "http://localhost.example/a", "http://0.0.0.0/a"]
        {
            assert!(matches!(check(bad), Err(HttpSourceError::PlainHttp(_))), "{bad}");
            assert!(HttpSourceBuilder::new(bad).insecure_plain_http().check(bad).is_ok(), "{bad}");
        }
    }

    #[test]
    fn a_url_is_one_of_the_web() {
        for bad in
            ["", "app.example", "/a", "ftp://a/b", "file:///a", "https://user:word@app.example/a", "https://"]
        {
            assert!(matches!(check(bad), Err(HttpSourceError::Url(_))), "{bad}");
        }
        assert_eq!(check("https://app.example/a").is_ok(), cfg!(feature = "tls"));
    }

    #[test]
    fn the_documents_are_below_the_issuer() {
        for issuer in ["https://app.example/auth", "https://app.example/auth/"] {
            let builder = HttpSourceBuilder::new(issuer);
            assert_eq!(builder.keys, "https://app.example/auth/.well-known/jwks.json");
            assert_eq!(builder.cut_offs, "https://app.example/auth/.well-known/cut-offs");
        }
    }
}
