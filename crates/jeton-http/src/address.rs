//! The address that a request comes from, when proxies stand in between.

use std::net::IpAddr;

use ipnet::IpNet;

/// The right-most hop that is not a trusted proxy. Without trusted proxies that is the peer, whatever the headers
/// say; a hop that cannot be read makes the address unknown, and unknown addresses are outside every network.
pub(crate) fn client_address<'a>(
    peer: Option<IpAddr>,
    forwarded_for: impl Iterator<Item = &'a [u8]>,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let headers: Vec<_> = forwarded_for.collect();
    let mut last = peer;
    for hop in headers.iter().rev().flat_map(|header| header.rsplit(|byte| *byte == b',')) {
        last = parse_hop(hop.trim_ascii())?;
        if !is_trusted(&last) {
            break;
        }
    }
    Some(last)
}

/// An address, with or without a port.
fn parse_hop(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?;
    let address =
        text.parse::<IpAddr>().or_else(|_| text.parse().map(|socket: std::net::SocketAddr| socket.ip()));
    address
        .or_else(|_| text.trim_start_matches('[').trim_end_matches(']').parse())
        .ok()
        .map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[&str], trusted: &[&str]) -> Option<String> {
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        let headers = headers.iter().map(|header| header.as_bytes());
        client_address(peer.parse().ok(), headers, &trusted).map(|address| address.to_string())
    }

    #[test]
    fn nobody_is_believed_unasked() {
        assert_eq!(client("9.9.9.9", &["1.1.1.1"], &[]).unwrap(), "9.9.9.9");
        assert_eq!(client("9.9.9.9", &["1.1.1.1"], &["10.0.0.0/8"]).unwrap(), "9.9.9.9");
        assert_eq!(client("::ffff:9.9.9.9", &[], &[]).unwrap(), "9.9.9.9");
        assert_eq!(client("nothing", &["1.1.1.1"], &[]), None);
    }

    #[test]
    fn the_right_most_untrusted_hop_counts() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 2.2.2.2, 10.0.0.2"], &trusted).unwrap(), "2.2.2.2");
        assert_eq!(client("10.0.0.1", &["1.1.1.1", "2.2.2.2,10.0.0.2"], &trusted).unwrap(), "2.2.2.2");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:443"], &trusted).unwrap(), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &[], &trusted).unwrap(), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["2.2.2.2, unknown"], &trusted), None, "fails closed");
    }
}
