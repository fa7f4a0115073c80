//! Whom a request comes from, for the limits.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::HeaderMap;

/// Who counts as one for the limits: an IPv4 address or an IPv6 /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Address {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// The upper half of an IPv6 address: what one household gets.
    V6(u64),
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip),
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                Self::V6([a, b, c, d].iter().fold(0, |half, part| half << 16 | u64::from(*part)))
            }
        }
    }
}

/// The client behind a connection: the peer itself, or if that is a trusted proxy, the last address
/// in `X-Forwarded-For` that is none. What stands before it could be anybody's invention.
pub(super) fn client(peer: Option<SocketAddr>, headers: &HeaderMap, trusted: &[IpAddr]) -> Address {
    let mut client = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let is_trusted =
        |ip: IpAddr| trusted.iter().any(|proxy| proxy.to_canonical() == ip.to_canonical());
    let values: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    let mut hops = values.iter().flat_map(|value| value.split(',')).rev();
    while is_trusted(client) {
        let Some(hop) = hops.next().and_then(parse_hop) else { break };
        client = hop;
    }
    client.into()
}

/// Some proxies add the port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(peer: &str, forwarded: &[&str]) -> Address {
        let trusted = ["10.0.0.1".parse().unwrap(), "fd00::1".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        client(Some(SocketAddr::new(peer.parse().unwrap(), 1)), &headers, &trusted)
    }

    fn address(ip: &str) -> Address {
        ip.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        for (peer, forwarded, client) in [
            ("192.0.2.1", &[] as &[&str], "192.0.2.1"),
            ("192.0.2.1", &["198.51.100.1"], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1, fd00::1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, nonsense"], "10.0.0.1"),
            ("fd00::1", &["[2001:db8::1]:80"], "2001:db8::1"),
        ] {
            assert_eq!(found(peer, forwarded), address(client), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn an_ipv6_network_is_one() {
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    }
}
