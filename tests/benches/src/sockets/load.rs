//! The load tool: connections that are kept, each with one request under way, in one thread. It reads an answer, sends
//! the next request on that connection and goes to the next one, so that all but one request are under way at any time.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use jeton::{Clock as _, SystemClock};

use crate::{stopwatch::of_other_threads, walk::Walk};

/// How many connections.
const CONNECTIONS: usize = 32;

/// Requests per second.
#[derive(Clone, Copy)]
pub(super) struct Rate {
    /// By the clock on the wall.
    pub(super) clock: f64,
    /// By the time that the server had its core: the same as long as nobody else wants that core. It is the time of all
    /// threads but this one, of which only the server has something to do.
    pub(super) core: f64,
}

/// Connections to one server.
pub(super) struct Load<'a> {
    connections: Vec<TcpStream>,
    walk: Walk<'a>,
    /// The first answer: all others are as long, begin with the same status and end as it does.
    like: Vec<u8>,
}

impl<'a> Load<'a> {
    /// Connects, and learns how long an answer is.
    pub(super) fn connect(address: SocketAddr, mut walk: Walk<'a>) -> io::Result<Self> {
        let mut connections = Vec::with_capacity(CONNECTIONS);
        let mut like = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut connection = TcpStream::connect(address)?;
            connection.set_nodelay(true)?;
            connection.write_all(&walk.step().wire)?;
            like = first(&mut connection)?;
            connections.push(connection);
        }
        Ok(Self { connections, walk, like })
    }

    /// Keeps the server busy for so long.
    pub(super) fn run(&mut self, clock: &SystemClock, span: Duration) -> io::Result<Rate> {
        let mut answer = vec![0; self.like.len()];
        let (start, core) = (clock.monotonic(), of_other_threads());
        for connection in &mut self.connections {
            connection.write_all(&self.walk.step().wire)?;
        }
        let mut answers = 0;
        while clock.monotonic() - start < span {
            for connection in &mut self.connections {
                connection.read_exact(&mut answer)?;
                accepted(&answer, &self.like)?;
                connection.write_all(&self.walk.step().wire)?;
            }
            answers += CONNECTIONS;
        }
        let (taken, core) = (clock.monotonic() - start, of_other_threads().saturating_sub(core));
        for connection in &mut self.connections {
            connection.read_exact(&mut answer)?;
            accepted(&answer, &self.like)?;
        }
        let rate = |span: Duration| answers as f64 / span.as_secs_f64();
        Ok(Rate { clock: rate(taken), core: rate(core) })
    }
}

fn accepted(answer: &[u8], like: &[u8]) -> io::Result<()> {
    let good = answer.starts_with(b"HTTP/1.1 200 ") && answer.last_chunk::<2>() == like.last_chunk();
    good.then_some(()).ok_or_else(|| io::Error::other("an answer that is not the handler's"))
}

/// Reads the first answer, its head byte by byte.
fn first(connection: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        connection.read_exact(&mut byte)?;
        answer.extend(byte);
        if answer.len() > 4_096 {
            return Err(io::Error::other("a head without end"));
        }
    }
    let head = String::from_utf8_lossy(&answer).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let length = length.ok_or_else(|| io::Error::other("an answer that does not say how long it is"))?;
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    answer.append(&mut body);
    accepted(&answer, &answer).map(|()| answer)
}
