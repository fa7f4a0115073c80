//! The gateway's part of the configuration.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;
use url::Url;

/// How customers reach the bridge.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// Where browsers find it: `https://chat.example.org`. Without a path.
    pub public_url: Url,
    /// The reverse proxies whose `X-Forwarded-For` is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<IpAddr>,
    /// How much one address, session or site may do.
    #[serde(default)]
    pub limits: RateLimits,
    /// How long a customer who waits may be away before their chat is abandoned, in seconds.
    #[serde(default = "default_abandon_after_seconds")]
    pub abandon_after_seconds: u64,
}

fn default_abandon_after_seconds() -> u64 {
    120
}

/// How much one address, session or site may do. An address is an IPv4 address or an IPv6 /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimits {
    /// New chats from one address, per hour. Offices behind one address need more.
    pub chats_per_hour_per_address: u32,
    /// How many of them at once.
    pub chats_burst_per_address: u32,
    /// New chats of one site, per minute, from all addresses together.
    pub chats_per_minute_per_site: u32,
    /// Messages of one session, per minute.
    pub messages_per_minute_per_session: u32,
    /// How many of them at once.
    pub messages_burst_per_session: u32,
    /// Frames other than messages on one socket, per second. More are not answered.
    pub frames_per_second: u32,
    /// How many of them at once.
    pub frames_burst: u32,
    /// Frames of all kinds on one socket, per second, above which it is closed; twice as many may
    /// come at once.
    pub flood_frames_per_second: u32,
    /// Open sockets from one address.
    pub sockets_per_address: u32,
    /// Open sockets of one session; the oldest gives way to a new one.
    pub sockets_per_session: u32,
    /// New sockets from one address, per minute.
    pub handshakes_per_minute_per_address: u32,
    /// HTTP requests from one address, per second.
    pub requests_per_second_per_address: u32,
    /// How many of them at once.
    pub requests_burst_per_address: u32,
    /// Open connections of all clients together.
    pub connections: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            chats_per_hour_per_address: 20,
            chats_burst_per_address: 5,
            chats_per_minute_per_site: 60,
            messages_per_minute_per_session: 60,
            messages_burst_per_session: 10,
            frames_per_second: 20,
            frames_burst: 40,
            flood_frames_per_second: 200,
            sockets_per_address: 20,
            sockets_per_session: 5,
            handshakes_per_minute_per_address: 60,
            requests_per_second_per_address: 20,
            requests_burst_per_address: 200,
            connections: 25_000,
        }
    }
}

/// Something wrong in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, relative to the part that was checked: `limits.frames_burst`.
    pub path: String,
    /// What, and what would be right.
    pub message: String,
}

impl Problem {
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl GatewayConfig {
    /// Finds everything that is wrong.
    pub fn validate(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        let url = &self.public_url;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            problems.push(Problem::new("public_url", "must begin with https:// and name a host"));
        } else if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            problems.push(Problem::new("public_url", "must end after the host and port"));
        } else if !url.username().is_empty() || url.password().is_some() {
            problems.push(Problem::new("public_url", "must not contain a user name or password"));
        }
        if self.abandon_after_seconds < 10 {
            problems.push(Problem::new("abandon_after_seconds", "must be at least 10"));
        }
        problems.extend(self.limits.problems());
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// The origin of the public address, as browsers write it.
    #[must_use]
    pub fn public_origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }
}

impl RateLimits {
    fn problems(&self) -> impl Iterator<Item = Problem> {
        [
            ("chats_per_hour_per_address", self.chats_per_hour_per_address),
            ("chats_burst_per_address", self.chats_burst_per_address),
            ("chats_per_minute_per_site", self.chats_per_minute_per_site),
            ("messages_per_minute_per_session", self.messages_per_minute_per_session),
            ("messages_burst_per_session", self.messages_burst_per_session),
            ("frames_per_second", self.frames_per_second),
            ("frames_burst", self.frames_burst),
            ("flood_frames_per_second", self.flood_frames_per_second),
            ("sockets_per_address", self.sockets_per_address),
            ("sockets_per_session", self.sockets_per_session),
            ("handshakes_per_minute_per_address", self.handshakes_per_minute_per_address),
            ("requests_per_second_per_address", self.requests_per_second_per_address),
            ("requests_burst_per_address", self.requests_burst_per_address),
            ("connections", self.connections),
        ]
        .into_iter()
        .filter(|(_, value)| *value == 0)
        .map(|(name, _)| Problem::new(format!("limits.{name}"), "must be at least 1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(public_url: &str) -> GatewayConfig {
        let json = serde_json::json!({ "listen": "127.0.0.1:8080", "public_url": public_url });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn public_urls() {
        for good in ["https://chat.example", "http://localhost:8080", "https://chat.example/"] {
            assert_eq!(gateway(good).validate(), Ok(()), "{good}");
        }
        for bad in ["ftp://x", "https://x/chat", "https://u:p@x", "https://x/?a", "data:x"] {
            let problems = gateway(bad).validate().unwrap_err();
            assert_eq!(problems[0].path, "public_url", "{bad}");
        }
        assert_eq!(gateway("https://Chat.example:443/").public_origin(), "https://chat.example");
    }

    #[test]
    fn limits_of_nothing_are_refused() {
        let mut config = gateway("https://chat.example");
        config.limits.frames_burst = 0;
        config.abandon_after_seconds = 0;
        let paths: Vec<String> =
            config.validate().unwrap_err().into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["abandon_after_seconds", "limits.frames_burst"]);
    }
}
