//! Which server is asked: that of the URL, or the one that a cluster has named instead.

use std::sync::{Mutex, MutexGuard, PoisonError};

use redis::{Client, ConnectionAddr, ErrorKind, RedisError, ServerErrorKind};

/// All keys of a store are in one slot, so one server has them all; which one it is may change.
pub(crate) struct Route {
    named: Client,
    moved: Mutex<Option<Client>>,
}

impl Route {
    pub(crate) fn new(named: Client) -> Self {
        Self { named, moved: Mutex::default() }
    }

    // Whatever panicked left a server or none.
    fn moved(&self) -> MutexGuard<'_, Option<Client>> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server that is asked now.
    pub(crate) fn client(&self) -> Client {
        self.moved().clone().unwrap_or_else(|| self.named.clone())
    }

    /// That of the URL is asked again: it knows who has the keys by now.
    pub(crate) fn begin_anew(&self) {
        *self.moved() = None;
    }

    /// Whether the error names another server, which is asked from now on, as the same user. What was asked was not done.
    pub(crate) fn follows(&self, error: &RedisError) -> bool {
        if error.kind() != ErrorKind::Server(ServerErrorKind::Moved) {
            return false;
        }
        let info = self.client().get_connection_info().clone();
        let to = error.redirect_node().and_then(|(to, _)| address(info.addr(), to));
        let client = to.and_then(|to| Client::open(info.set_addr(to)).ok());
        let found = client.is_some();
        *self.moved() = client;
        found
    }
}

/// The address that a server tells, reached as that server was.
fn address(from: &ConnectionAddr, to: &str) -> Option<ConnectionAddr> {
    let (host, port) = to.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let host = match (host, from) {
        // It does not know its name: that by which it was asked.
        ("", ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. }) => host,
        ("" | "?", _) => return None,
        (host, _) => host,
    };
    let host = host.to_owned();
    match from {
        ConnectionAddr::Tcp(..) | ConnectionAddr::Unix(_) => Some(ConnectionAddr::Tcp(host, port)),
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            let (insecure, tls_params) = (*insecure, tls_params.clone());
            Some(ConnectionAddr::TcpTls { host, port, insecure, tls_params })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> ConnectionAddr {
        ConnectionAddr::Tcp(host.to_owned(), port)
    }

    #[test]
    fn an_address_is_reached_as_the_one_that_told_it() {
        let tls = |host: &str, port| ConnectionAddr::TcpTls {
            host: host.to_owned(),
            port,
            insecure: false,
            tls_params: None,
        };
        for (from, to, reached) in [
            (tcp("a", 1), "10.0.0.1:7001", Some(tcp("10.0.0.1", 7001))),
            (tcp("a", 1), "::1:7001", Some(tcp("::1", 7001))),
            (tcp("a", 1), ":7001", Some(tcp("a", 7001))),
            (tls("a", 1), "b:7001", Some(tls("b", 7001))),
            (ConnectionAddr::Unix("/a".into()), "b:7001", Some(tcp("b", 7001))),
            (ConnectionAddr::Unix("/a".into()), ":7001", None),
            (tcp("a", 1), "?:7001", None),
            (tcp("a", 1), "b:x", None),
            (tcp("a", 1), "b", None),
        ] {
            assert_eq!(address(&from, to), reached, "{to}");
        }
    }
}
