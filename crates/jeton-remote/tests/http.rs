//! The source against servers that answer as issuers do, and as nobody should.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use jeton::{Document, Fetched, Source as _, SourceError};
use jeton_remote::HttpSource;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

struct Server {
    url: String,
    asked: Arc<AtomicUsize>,
}

/// Answers each request with what the function makes of its head, and closes the connection.
async fn server(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/auth", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, answer) = (asked.clone(), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let (count, answer) = (count.clone(), answer.clone());
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match connection.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => return,
                    }
                }
                count.fetch_add(1, Ordering::SeqCst);
                let _ = connection.write_all(&answer(&String::from_utf8_lossy(&head))).await;
                let _ = connection.shutdown().await;
            });
        }
    });
    Server { url, asked }
}

impl Server {
    async fn fetch(&self, document: Document, tag: Option<&str>) -> Result<Fetched, SourceError> {
        HttpSource::of_issuer(&self.url).build().unwrap().fetch(document, tag).await
    }
}

fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn it_asks_below_the_issuer_and_tells_what_it_has() {
    let server = server(|head| ok("ETag: \"7\"\r\n", head.as_bytes())).await;
    let Ok(Fetched::Document { body, tag }) = server.fetch(Document::Keys, Some("\"6\"")).await else {
        panic!("no document");
    };
    let head = String::from_utf8(body).unwrap().to_lowercase();
    assert_eq!(tag.as_deref(), Some("\"7\""));
    assert!(head.starts_with("get /auth/.well-known/jwks.json http/1.1\r\n"), "{head}");
    assert!(
        head.contains("if-none-match: \"6\"\r\n") && head.contains("cache-control: no-cache\r\n"),
        "{head}"
    );
    let Ok(Fetched::Document { body, .. }) = server.fetch(Document::CutOffs, None).await else {
        panic!("no document");
    };
    let head = String::from_utf8(body).unwrap().to_lowercase();
    assert!(head.starts_with("get /auth/.well-known/cut-offs http/1.1\r\n"), "{head}");
    assert!(!head.contains("if-none-match") && !head.contains("cache-control"), "{head}");
}

#[tokio::test]
async fn unchanged_is_no_document() {
    let server = server(|_| b"HTTP/1.1 304 Not Modified\r\nETag: \"7\"\r\n\r\n".to_vec()).await;
    assert_eq!(server.fetch(Document::CutOffs, Some("\"7\"")).await.unwrap(), Fetched::Unchanged);
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let other = server(|_| ok("", b"{}")).await;
    let target = other.url.clone();
    let server = server(move |_| {
        format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    })
    .await;
    assert!(server.fetch(Document::Keys, None).await.is_err());
    assert_eq!((server.asked.load(Ordering::SeqCst), other.asked.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test]
async fn what_is_no_answer_is_an_error() {
    let answers: [&[u8]; 6] = [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"nonsense",
        b"",
    ];
    for answer in answers {
        let server = server(move |_| answer.to_vec()).await;
        assert!(server.fetch(Document::Keys, None).await.is_err(), "{}", String::from_utf8_lossy(answer));
    }
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let source = HttpSource::of_issuer(&format!("http://{gone}")).build().unwrap();
    assert!(source.fetch(Document::Keys, None).await.is_err());
}

#[tokio::test]
async fn no_more_is_read_than_a_document_may_have() {
    let limit = Document::Keys.max_bytes();
    for (size, good) in [(limit, true), (limit + 1, false)] {
        let server = server(move |_| ok("", &vec![b' '; size])).await;
        assert_eq!(server.fetch(Document::Keys, None).await.is_ok(), good, "{size}");
        // The same without a word of its length.
        let chunked = move |_: &str| {
            let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size:x}\r\n");
            [head.as_bytes(), &vec![b' '; size], b"\r\n0\r\n\r\n"].concat()
        };
        let server = self::server(chunked).await;
        assert_eq!(server.fetch(Document::Keys, None).await.is_ok(), good, "{size} in chunks");
    }
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn https_is_never_answered_in_clear() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            // It does not even wait for the question.
            let _ = connection.write_all(&ok("", b"{}")).await;
            let _ = connection.shutdown().await;
        }
    });
    let source = HttpSource::of_issuer(&url).build().unwrap();
    assert!(source.fetch(Document::Keys, None).await.is_err());
}
