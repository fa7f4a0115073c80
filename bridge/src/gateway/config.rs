//! The gateway's part of the configuration.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;
use url::Url;

use super::{sites::Site, wire::QueueInfo};

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

/// One embedding of the widget.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteConfig {
    /// Its name in addresses: 1 to 64 of `a–z 0–9 -`.
    pub id: String,
    /// The heading of the widget.
    pub title: String,
    /// Shown before the chat starts.
    #[serde(default)]
    pub greeting: String,
    /// The accent colour, `#rrggbb`.
    #[serde(default = "default_colour")]
    pub colour: String,
    /// Whether the customer is asked for a name first.
    #[serde(default)]
    pub ask_name: bool,
    /// The pages that may show the widget, as exact origins: `https://shop.example`.
    pub origins: Vec<String>,
    /// The queue in which its chats wait.
    pub queue: String,
}

fn default_colour() -> String {
    "#0b5cad".to_owned()
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

impl SiteConfig {
    /// The site, of which `queue_name` tells what customers read for a queue's id.
    #[must_use]
    pub fn site(&self, queue_name: impl Fn(&str) -> Option<String>) -> Site {
        let queue = QueueInfo {
            id: self.queue.clone(),
            name: queue_name(&self.queue).unwrap_or_else(|| self.queue.clone()),
            open: true,
            closed_text: String::new(),
            greeting: String::new(),
        };
        Site {
            id: self.id.clone(),
            title: self.title.clone(),
            greeting: self.greeting.clone(),
            colour: self.colour.clone(),
            ask_name: self.ask_name,
            origins: self.origins.clone(),
            queues: vec![queue],
            texts: std::collections::BTreeMap::new(),
        }
    }

    /// Finds everything that is wrong.
    pub fn validate(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        let id_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=64).contains(&self.id.len()) || !self.id.bytes().all(id_byte) {
            problems.push(Problem::new("id", "must be 1 to 64 of a–z, 0–9 and -"));
        }
        if self.id == "loader.js" || self.id == "assets" {
            problems.push(Problem::new("id", "is taken by the widget's own files"));
        }
        if self.title.trim().is_empty() {
            problems.push(Problem::new("title", "must not be empty"));
        }
        let colour = self.colour.strip_prefix('#').unwrap_or_default();
        if colour.len() != 6 || !colour.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            problems.push(Problem::new("colour", "must look like #0b5cad"));
        }
        if self.queue.is_empty() {
            problems.push(Problem::new("queue", "must name a queue"));
        }
        for (index, origin) in self.origins.iter().enumerate() {
            if let Err(message) = check_origin(origin) {
                problems.push(Problem::new(format!("origins[{index}]"), message));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

/// An origin must be written as browsers write it, so that comparing bytes is enough.
fn check_origin(origin: &str) -> Result<(), String> {
    let form = || "must be an exact origin such as https://shop.example".to_owned();
    let url = Url::parse(origin).map_err(|_| form())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(form());
    }
    let exact = url.origin().ascii_serialization();
    if exact == origin { Ok(()) } else { Err(format!("must be written as {exact}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(public_url: &str) -> GatewayConfig {
        let json = serde_json::json!({ "listen": "127.0.0.1:8080", "public_url": public_url });
        serde_json::from_value(json).unwrap()
    }

    fn site(json: &serde_json::Value) -> Result<(), Vec<Problem>> {
        let mut site = serde_json::json!({
            "id": "shop", "title": "Shop", "origins": ["https://shop.example"], "queue": "sales",
        });
        site.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
        serde_json::from_value::<SiteConfig>(site).unwrap().validate()
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

    #[test]
    fn origins_are_exact() {
        for good in ["https://shop.example", "http://localhost:3000", "https://[::1]:8443"] {
            assert_eq!(site(&serde_json::json!({ "origins": [good] })), Ok(()), "{good}");
        }
        for (bad, right) in [
            ("https://shop.example/", "https://shop.example"),
            ("https://Shop.example", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("https://münchen.example", "https://xn--mnchen-3ya.example"),
            ("https://shop.example; script-src *", "such as"),
            ("*", "such as"),
            ("null", "such as"),
            ("shop.example", "such as"),
        ] {
            let problems = site(&serde_json::json!({ "origins": [bad] })).unwrap_err();
            assert_eq!(problems[0].path, "origins[0]", "{bad}");
            assert!(problems[0].message.contains(right), "{bad}: {}", problems[0].message);
        }
    }

    #[test]
    fn sites() {
        for bad in [
            serde_json::json!({ "id": "Shop" }),
            serde_json::json!({ "id": "" }),
            serde_json::json!({ "id": "assets" }),
            serde_json::json!({ "title": " " }),
            serde_json::json!({ "colour": "red" }),
            serde_json::json!({ "queue": "" }),
        ] {
            assert_eq!(site(&bad).unwrap_err().len(), 1, "{bad}");
        }
        let site: SiteConfig = serde_json::from_value(serde_json::json!({
            "id": "shop", "title": "Shop", "origins": ["https://shop.example"], "queue": "sales",
        }))
        .unwrap();
        let site = site.site(|id| (id == "sales").then(|| "Sales".to_owned()));
        assert_eq!((site.queues[0].id.as_str(), site.queues[0].name.as_str()), ("sales", "Sales"));
        assert!(site.queues[0].open && site.offers("sales") && !site.offers("Sales"));
        let unknown = serde_json::json!({
            "id": "a", "title": "A", "origins": [], "queue": "q", "orgins": [],
        });
        assert!(serde_json::from_value::<SiteConfig>(unknown).is_err());
    }
}
