//! The bridge's configuration, typed, written as the file that it reads.

use std::{fmt::Write as _, path::Path};

use crate::{fake::Homeserver, ports};

/// What the bridge is started with. The defaults suit most tests.
#[derive(Clone, Debug)]
pub struct BridgeConfig {
    /// Where the homeserver's client API is.
    pub homeserver_url: String,
    /// The part after the colon.
    pub server_name: String,
    /// The appservice's token.
    pub as_token: String,
    /// The homeserver's token.
    pub hs_token: String,
    /// The appservice's id.
    pub id: String,
    /// The bot's name.
    pub prefix: String,
    /// Where the bridge listens for the homeserver.
    pub appservice_port: u16,
    /// Where the bridge listens for customers.
    pub gateway_port: u16,
    /// Where health and metrics are.
    pub operations_port: u16,
    /// `sled` or `memory`.
    pub store: &'static str,
    /// Names of the agents; `anna` is `@anna:server`, "Anna" to customers. One of another homeserver
    /// is `ben:elsewhere`.
    pub agents: Vec<String>,
    /// Whether a scene begins with all of them logged on.
    pub ready: bool,
    /// How many chats an agent can have.
    pub capacity: u32,
    /// Who is told when something needs a person.
    pub administrators: Vec<String>,
    /// The pages that may embed the widget.
    pub origins: Vec<String>,
    /// When a waiting customer who is away has given up.
    pub abandon_after_seconds: u32,
    /// The queue's times.
    pub queue: QueueConfig,
    /// Lines of `[gateway.limits]`: generous, so that tests do not meet them by accident.
    pub limits: Vec<(String, u64)>,
    /// What is logged.
    pub log_level: String,
    /// Environment variables.
    pub environment: Vec<(String, String)>,
    /// Further lines of the queue's table.
    pub queue_more: String,
    /// Further lines of the site's table.
    pub site_more: String,
    /// Anything else, at the end of the file.
    pub more: String,
}

/// The queue's times.
#[derive(Clone, Copy, Debug)]
pub struct QueueConfig {
    /// How long a request rings.
    pub request_timeout_seconds: u32,
    /// When everybody is asked once more.
    pub second_round_after_seconds: u32,
    /// When waiting ends with "no agent is free"; 0: never.
    pub max_wait_seconds: u32,
    /// More waiting chats are refused.
    pub max_length: u32,
    /// How long the last agent's return is waited for.
    pub return_grace_seconds: u32,
    /// How long agents stay in the room of an ended chat.
    pub close_after_seconds: u32,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            request_timeout_seconds: 45,
            second_round_after_seconds: 1,
            max_wait_seconds: 1800,
            max_length: 500,
            return_grace_seconds: 1,
            close_after_seconds: 600,
        }
    }
}

impl BridgeConfig {
    /// For a homeserver anywhere, with the agents Anna and Ben.
    ///
    /// # Panics
    /// If no port is free.
    #[must_use]
    pub fn new(homeserver_url: &str, server_name: &str, as_token: &str, hs_token: &str) -> Self {
        let [appservice_port, gateway_port, operations_port] =
            ports::several().expect("three ports are free");
        let generous = [
            "chats_per_hour_per_address",
            "chats_burst_per_address",
            "chats_per_minute_per_site",
            "messages_per_minute_per_session",
            "messages_burst_per_session",
            "frames_per_second",
            "frames_burst",
            "flood_frames_per_second",
            "sockets_per_address",
            "handshakes_per_minute_per_address",
            "requests_per_second_per_address",
            "requests_burst_per_address",
        ];
        Self {
            homeserver_url: homeserver_url.into(),
            server_name: server_name.into(),
            as_token: as_token.into(),
            hs_token: hs_token.into(),
            id: "switchboard".into(),
            prefix: "switchboard".into(),
            appservice_port,
            gateway_port,
            operations_port,
            store: "sled",
            agents: vec!["anna".into(), "ben".into()],
            ready: true,
            capacity: 3,
            administrators: vec!["admin".into()],
            origins: vec!["http://127.0.0.1:9020".into()],
            abandon_after_seconds: 120,
            queue: QueueConfig::default(),
            limits: generous.map(|name| (name.into(), 100_000)).into(),
            log_level: "info,switchboard=debug".into(),
            environment: Vec::new(),
            queue_more: String::new(),
            site_more: String::new(),
            more: String::new(),
        }
    }

    /// For a fake homeserver, which learns where the bridge will listen.
    #[must_use]
    pub fn for_fake(hs: &Homeserver) -> Self {
        let settings = hs.settings();
        let mut config =
            Self::new(&hs.url(), &settings.server_name, &settings.as_token, &settings.hs_token);
        config.id.clone_from(&settings.appservice_id);
        config.prefix.clone_from(&settings.prefix);
        hs.appservice_at(&config.appservice_url());
        config
    }

    /// With these agents instead.
    #[must_use]
    pub fn agents(mut self, names: &[&str]) -> Self {
        self.agents = names.iter().map(ToString::to_string).collect();
        self
    }

    /// With agents who have not logged on yet when a scene begins.
    #[must_use]
    pub fn nobody_is_ready(mut self) -> Self {
        self.ready = false;
        self
    }

    /// With agents who can have so many chats.
    #[must_use]
    pub fn capacity(mut self, chats: u32) -> Self {
        self.capacity = chats;
        self
    }

    /// With requests that ring so long.
    #[must_use]
    pub fn rings_for(mut self, seconds: u32) -> Self {
        self.queue.request_timeout_seconds = seconds;
        self
    }

    /// With further settings of the queue, as lines of its table.
    #[must_use]
    pub fn queue_settings(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.queue_more);
        self
    }

    /// With further settings of the site, as lines of its table.
    #[must_use]
    pub fn site_settings(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.site_more);
        self
    }

    /// With further tables.
    #[must_use]
    pub fn tables(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.more);
        self
    }

    /// With a limit of the gateway set.
    #[must_use]
    pub fn limit(mut self, name: &str, value: u64) -> Self {
        self.limits.retain(|(known, _)| known != name);
        self.limits.push((name.into(), value));
        self
    }

    /// With the bridge's own limits, as in production.
    #[must_use]
    pub fn usual_limits(mut self) -> Self {
        self.limits.clear();
        self
    }

    /// With an environment variable.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Where the homeserver finds the bridge.
    #[must_use]
    pub fn appservice_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.appservice_port)
    }

    /// Where customers find it.
    #[must_use]
    pub fn gateway_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.gateway_port)
    }

    /// Where operators find it.
    #[must_use]
    pub fn operations_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.operations_port)
    }

    /// The file.
    #[must_use]
    pub fn to_toml(&self, data: &Path) -> String {
        let mut out = String::new();
        let mut line = |text: String| {
            out.push_str(&text);
            out.push('\n');
        };
        line("[homeserver]".into());
        line(format!("url = {}", quoted(&self.homeserver_url)));
        line(format!("server_name = {}", quoted(&self.server_name)));
        line("[appservice]".into());
        line(format!("listen = \"127.0.0.1:{}\"", self.appservice_port));
        line(format!("url = {}", quoted(&self.appservice_url())));
        line(format!("as_token = {}", quoted(&self.as_token)));
        line(format!("hs_token = {}", quoted(&self.hs_token)));
        line(format!("id = {}", quoted(&self.id)));
        line(format!("prefix = {}", quoted(&self.prefix)));
        line("[gateway]".into());
        line(format!("listen = \"127.0.0.1:{}\"", self.gateway_port));
        line(format!("public_url = {}", quoted(&self.gateway_url())));
        line(format!("abandon_after_seconds = {}", self.abandon_after_seconds));
        line("[gateway.limits]".into());
        for (name, value) in &self.limits {
            line(format!("{name} = {value}"));
        }
        line("[operations]".into());
        line(format!("listen = \"127.0.0.1:{}\"", self.operations_port));
        line("[store]".into());
        line(format!("kind = {}", quoted(self.store)));
        line(format!("path = {}", quoted(&data.to_string_lossy())));
        line("[log]".into());
        line(format!("level = {}", quoted(&self.log_level)));
        let queue = &self.queue;
        line("[[queues]]\nid = \"support\"\nname = \"Support\"".into());
        line(format!("request_timeout_seconds = {}", queue.request_timeout_seconds));
        line(format!("second_round_after_seconds = {}", queue.second_round_after_seconds));
        line(format!("max_wait_seconds = {}", queue.max_wait_seconds));
        line(format!("max_length = {}", queue.max_length));
        line(format!("return_grace_seconds = {}", queue.return_grace_seconds));
        line(format!("close_after_seconds = {}", queue.close_after_seconds));
        line(self.queue_more.clone());
        for name in &self.agents {
            let (local, server) = name.split_once(':').unwrap_or((name, &self.server_name));
            line(format!("[[agents]]\nid = {}", quoted(&format!("@{local}:{server}"))));
            line(format!("name = {}\ncapacity = {}", quoted(&public_name(local)), self.capacity));
        }
        for name in &self.administrators {
            let id = format!("@{name}:{}", self.server_name);
            line(format!("[[administrators]]\nid = {}", quoted(&id)));
        }
        line("[[sites]]\nid = \"shop\"\ntitle = \"Chat with us\"\ngreeting = \"Hello!\"".into());
        line("ask_name = true".into());
        let offers_more = self.site_more.contains("queues = ");
        line(if offers_more { String::new() } else { "queue = \"support\"".into() });
        line(self.site_more.clone());
        let origins: Vec<_> = self.origins.iter().map(|o| quoted(o)).collect();
        line(format!("origins = [{}]", origins.join(", ")));
        let _ = writeln!(out, "{}", self.more);
        out
    }
}

/// A name as customers see it.
#[must_use]
pub fn public_name(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A basic string of TOML, which for plain text is one of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
