//! Free ports on this machine.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
};

use rand::Rng as _;

/// Below what systems give to outgoing connections: one of those could take a port between the
/// moment it is chosen here and the moment a child listens on it.
const RANGE: std::ops::Range<u16> = 15_000..32_000;
const TRIES: u32 = 1000;

/// A port of 127.0.0.1 that nobody listens on.
pub fn free() -> io::Result<u16> {
    several().map(|[port]| port)
}

/// Several different ones.
pub fn several<const N: usize>() -> io::Result<[u16; N]> {
    let mut listeners = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = listen_somewhere()?;
        *port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(ports)
}

/// Whether somebody listens on this port of 127.0.0.1.
#[must_use]
pub fn taken(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err()
}

fn listen_somewhere() -> io::Result<TcpListener> {
    let mut rng = rand::rng();
    let mut listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, rng.random_range(RANGE)));
    let mut listener = listen();
    for _ in 1..TRIES {
        if listener.is_ok() {
            break;
        }
        listener = listen();
    }
    listener
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_different_free_and_below_those_of_outgoing_connections() {
        let ports: [u16; 6] = several().unwrap();
        for (n, port) in ports.iter().enumerate() {
            assert!(!ports[..n].contains(port) && RANGE.contains(port) && !taken(*port));
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(taken(listener.local_addr().unwrap().port()));
    }
}
