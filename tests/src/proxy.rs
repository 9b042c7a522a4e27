//! A network that fails on demand.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split},
    net::{TcpListener, UnixStream},
};

use crate::Server;

/// Stands before a server. It hands on, or swallows; a connection that swallowed once does so for ever.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    network: Arc<Network>,
}

#[derive(Debug, Default)]
struct Network {
    swallows: AtomicBool,
    /// Whoever says this is not heard.
    unheard: Option<&'static str>,
    open: AtomicUsize,
    opened: AtomicUsize,
}

impl Proxy {
    /// Starts one before that server.
    pub async fn start(server: &Server) -> Self {
        Self::with(server, Network::default()).await
    }

    /// Starts one that swallows, from there on, each connection on which this word is said.
    pub async fn without(server: &Server, word: &'static str) -> Self {
        Self::with(server, Network { unheard: Some(word), ..Network::default() }).await
    }

    async fn with(server: &Server, network: Network) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = server.url_at(listener.local_addr().unwrap().port());
        let (network, socket) = (Arc::new(network), server.socket());
        let this = Self { url, network: network.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                network.opened.fetch_add(1, Ordering::SeqCst);
                let Ok(server) = UnixStream::connect(&socket).await else { continue };
                let ((from_client, to_client), (from_server, to_server)) = (split(client), split(server));
                let dead = Arc::new(AtomicBool::new(false));
                let there = network.clone().hand_on(from_client, to_server, dead.clone());
                let back = network.clone().hand_on(from_server, to_client, dead);
                let counted = network.clone();
                counted.open.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    there.await;
                    counted.open.fetch_sub(1, Ordering::SeqCst);
                });
                tokio::spawn(back);
            }
        });
        this
    }

    /// The URL of the database behind it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on what is sent is swallowed, or handed on where none was swallowed yet.
    pub fn swallow(&self, swallow: bool) {
        self.network.swallows.store(swallow, Ordering::SeqCst);
    }

    /// How many connections its clients hold.
    pub fn open(&self) -> usize {
        self.network.open.load(Ordering::SeqCst)
    }

    /// How many connections its clients have opened since the last call.
    pub fn opened(&self) -> usize {
        self.network.opened.swap(0, Ordering::SeqCst)
    }
}

impl Network {
    fn swallows(&self, sent: &[u8]) -> bool {
        let unheard = self.unheard.map(str::as_bytes);
        self.swallows.load(Ordering::SeqCst)
            || unheard.is_some_and(|word| sent.windows(word.len()).any(|part| part == word))
    }

    async fn hand_on<R, W>(self: Arc<Self>, mut from: R, mut to: W, dead: Arc<AtomicBool>)
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let sent = &buffer[..length];
            if dead.fetch_or(self.swallows(sent), Ordering::SeqCst) || dead.load(Ordering::SeqCst) {
                continue;
            }
            if to.write_all(sent).await.is_err() {
                return;
            }
        }
        // Nothing is told of an end either, once it swallows.
        if !dead.load(Ordering::SeqCst) {
            to.shutdown().await.ok();
        }
    }
}
