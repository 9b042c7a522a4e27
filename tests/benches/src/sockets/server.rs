//! One thread that serves, on a core of its own.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::mpsc,
    thread,
};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

use crate::{
    Fallible,
    app::Candidate,
    core::{SERVER, pin},
};

/// The runtime of the tower apps, one thread. It ends when this is dropped; those of actix-web end with the program.
pub(super) struct Server {
    pub(super) runtime: Handle,
    _end: oneshot::Sender<()>,
}

impl Server {
    /// Starts the thread.
    pub(super) fn start() -> Fallible<Self> {
        let (started, start) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        thread::spawn(move || {
            pin(SERVER);
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let _ = started.send(runtime.handle().clone());
            let _ = runtime.block_on(ended);
            io::Result::Ok(())
        });
        Ok(Self { runtime: start.recv()?, _end: end })
    }

    /// Serves that app, on a port that the system picks.
    pub(super) fn serve(&self, candidate: &Candidate) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        candidate.app.serve(listener, &self.runtime, SERVER);
        Ok(address)
    }
}
