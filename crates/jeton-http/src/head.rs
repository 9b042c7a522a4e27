//! The head of a request, as a gate reads it.

use std::net::IpAddr;

/// The head of a request, whichever version of the `http` crate its framework is on.
pub trait Head {
    /// The method.
    fn method(&self) -> &str;
    /// The query, as it was sent.
    fn query(&self) -> Option<&str>;
    /// The values of all headers of that lower-case name, in their order.
    fn header(&self, name: &'static str) -> impl Iterator<Item = &[u8]>;
    /// The address of the other end of the connection.
    fn peer(&self) -> Option<IpAddr>;
}

/// The address of the other end of the connection, for frameworks that put it into the extensions of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);
