//! The documents, over HTTP.

use std::{fmt, io, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::{
    client::legacy::{Client as HyperClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use jeton::{Document, Fetched, Source, SourceError};

use crate::HttpSourceBuilder;

#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "tls"))]
type Connector = HttpConnector;

type Client = HyperClient<Connector, Empty<Bytes>>;

/// A longer entity tag is not remembered.
const MAX_TAG_BYTES: usize = 1024;

/// Reads what an issuer publishes over HTTP/1.1. It follows no redirect, uses no proxy, sends no credentials, and reads
/// no more of an answer than a document may have. Cheap to clone.
#[derive(Clone)]
pub struct HttpSource {
    pub(crate) keys: Uri,
    pub(crate) cut_offs: Uri,
    pub(crate) client: Client,
}

impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSource")
            .field("keys", &self.keys)
            .field("cut_offs", &self.cut_offs)
            .finish_non_exhaustive()
    }
}

impl HttpSource {
    /// Begins a source of what the issuer of that URL publishes. A verifier accepts tokens whose `iss` is that very text.
    pub fn of_issuer(url: &str) -> HttpSourceBuilder {
        HttpSourceBuilder::new(url)
    }
}

pub(crate) fn client(connect_timeout: Duration) -> io::Result<Client> {
    let mut http = HttpConnector::new();
    http.set_connect_timeout(Some(connect_timeout));
    // Whether http:// may be asked was decided by the builder, for each URL.
    http.enforce_http(false);
    let connector = connector(http)?;
    Ok(HyperClient::builder(TokioExecutor::new()).pool_max_idle_per_host(1).build(connector))
}

/// The crypto of TLS is named here, and not taken from what the process happens to have installed.
#[cfg(feature = "tls")]
fn connector(http: HttpConnector) -> io::Result<Connector> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let builder = hyper_rustls::HttpsConnectorBuilder::new().with_provider_and_native_roots(provider)?;
    Ok(builder.https_or_http().enable_http1().wrap_connector(http))
}

#[cfg(not(feature = "tls"))]
#[expect(clippy::unnecessary_wraps, reason = "with TLS it can fail")]
fn connector(http: HttpConnector) -> io::Result<Connector> {
    Ok(http)
}

#[async_trait]
impl Source for HttpSource {
    async fn fetch(&self, document: Document, tag: Option<&str>) -> Result<Fetched, SourceError> {
        let uri = match document {
            Document::Keys => &self.keys,
            Document::CutOffs => &self.cut_offs,
        };
        let mut request = Request::get(uri.clone())
            .header(header::USER_AGENT, concat!("jeton/", env!("CARGO_PKG_VERSION")))
            .header(header::ACCEPT, "application/jwk-set+json, application/jwt, application/json");
        if document == Document::Keys {
            // Whoever asks has learnt that they changed, or asks seldom: a cache in between must ask too. Cut-offs are
            // asked for often, and say by themselves how old they are.
            request = request.header(header::CACHE_CONTROL, "no-cache");
        }
        if let Some(tag) = tag.and_then(|tag| HeaderValue::try_from(tag).ok()) {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let request = request.body(Empty::new()).map_err(SourceError::new)?;
        let answer = self.client.request(request).await.map_err(SourceError::new)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED => return Ok(Fetched::Unchanged),
            status => return Err(SourceError::new(format!("{uri} answers {status}"))),
        }
        let tag = answer.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let body = Limited::new(answer.into_body(), document.max_bytes()).collect().await;
        let body = body.map_err(SourceError::new)?.to_bytes().to_vec();
        Ok(Fetched::Document { body, tag: tag.filter(|tag| tag.len() <= MAX_TAG_BYTES) })
    }
}
