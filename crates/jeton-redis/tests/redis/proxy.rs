//! A network that can swallow what is sent.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, split},
    net::{TcpListener, UnixStream},
};

use crate::server::url;

/// Hands on to the server, or swallows. A connection that swallowed once does so for ever.
pub(crate) struct Proxy {
    port: u16,
    swallows: Arc<AtomicBool>,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let swallows = Arc::new(AtomicBool::new(false));
        let socket = url().strip_prefix("redis+unix://").unwrap().to_owned();
        let swallowing = swallows.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = UnixStream::connect(&socket).await else { continue };
                let ((from_client, to_client), (from_server, to_server)) = (split(client), split(server));
                tokio::spawn(hand_on(from_client, to_server, swallowing.clone()));
                tokio::spawn(hand_on(from_server, to_client, swallowing.clone()));
            }
        });
        Self { port, swallows }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn swallow(&self, swallow: bool) {
        self.swallows.store(swallow, Ordering::SeqCst);
    }
}

async fn hand_on<R, W>(mut from: R, mut to: W, swallows: Arc<AtomicBool>)
where
    R: tokio::io::AsyncRead + Unpin,
    W: tokio::io::AsyncWrite + Unpin,
{
    let mut buffer = [0; 4096];
    let mut dead = false;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        dead |= swallows.load(Ordering::SeqCst);
        if !dead && to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
    // Nothing is told of an end either, once it swallows.
    if !dead {
        to.shutdown().await.ok();
    }
}
