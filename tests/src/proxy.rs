//! A network that fails on demand.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split},
    net::{TcpListener, UnixStream},
};

/// Stands before a PostgreSQL server. It hands on, or swallows; a connection that swallowed once does so for ever.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    swallows: Arc<AtomicBool>,
    open: Arc<AtomicUsize>,
}

impl Proxy {
    /// Starts one before the server with that socket.
    pub async fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (swallows, open) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (swallowing, counter) = (swallows.clone(), open.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = UnixStream::connect(&socket).await else { continue };
                let ((from_client, to_client), (from_server, to_server)) = (split(client), split(server));
                let there = hand_on(from_client, to_server, swallowing.clone());
                let counter = counter.clone();
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    there.await;
                    counter.fetch_sub(1, Ordering::SeqCst);
                });
                tokio::spawn(hand_on(from_server, to_client, swallowing.clone()));
            }
        });
        Self { port, swallows, open }
    }

    /// The URL of the database behind it.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    /// From now on what is sent is swallowed, or handed on where none was swallowed yet.
    pub fn swallow(&self, swallow: bool) {
        self.swallows.store(swallow, Ordering::SeqCst);
    }

    /// How many connections its clients hold.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

async fn hand_on<R, W>(mut from: R, mut to: W, swallows: Arc<AtomicBool>)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
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
