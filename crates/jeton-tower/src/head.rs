//! The head of an `http` 1.x request, as a gate reads it.

use std::net::IpAddr;

use http::{Extensions, HeaderValue, Request, header};
use jeton_http::{Head, PeerAddress};

/// How the address of the other end of the connection is found in the extensions of a request.
pub type PeerOf = fn(&Extensions) -> Option<IpAddr>;

pub(crate) fn peer_address(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<PeerAddress>().map(|peer| peer.0)
}

pub(crate) struct RequestHead<'a, B> {
    pub(crate) request: &'a Request<B>,
    pub(crate) peer_of: PeerOf,
}

impl<B> Head for RequestHead<'_, B> {
    fn method(&self) -> &str {
        self.request.method().as_str()
    }

    fn query(&self) -> Option<&str> {
        self.request.uri().query()
    }

    fn header(&self, name: &'static str) -> impl Iterator<Item = &[u8]> {
        let headers = self.request.headers();
        let values = match name {
            // Those that every request is asked for, without a look-up of the name.
            "authorization" => headers.get_all(header::AUTHORIZATION),
            "user-agent" => headers.get_all(header::USER_AGENT),
            name => headers.get_all(name),
        };
        values.iter().map(HeaderValue::as_bytes)
    }

    fn peer(&self) -> Option<IpAddr> {
        (self.peer_of)(self.request.extensions())
    }
}
