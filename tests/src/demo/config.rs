//! The bridge's configuration for the demo.

use std::path::Path;

use super::{State, stack::StackOptions};
use crate::synapse::Synapse;

/// How patient the queue is.
#[derive(Clone, Copy, Debug)]
pub struct QueueTimes {
    /// How long a request rings.
    pub request_timeout_seconds: u32,
    /// How long until those who declined are asked once more.
    pub second_round_after_seconds: u32,
    /// How long a page may be away.
    pub abandon_after_seconds: u32,
    /// How long the last agent may be away.
    pub return_grace_seconds: u32,
    /// How long agents stay in the room of an ended chat.
    pub close_after_seconds: u32,
    /// Whether one address may start as many chats as a test needs.
    pub generous: bool,
}

impl QueueTimes {
    /// For people.
    pub const HUMAN: Self = Self {
        request_timeout_seconds: 45,
        second_round_after_seconds: 20,
        abandon_after_seconds: 120,
        return_grace_seconds: 30,
        close_after_seconds: 600,
        generous: false,
    };
    /// For scripts.
    pub const BRISK: Self = Self {
        request_timeout_seconds: 45,
        second_round_after_seconds: 2,
        abandon_after_seconds: 30,
        return_grace_seconds: 2,
        close_after_seconds: 600,
        generous: true,
    };
}

/// All scripted customers share one address.
const GENEROUS: &str = "
[gateway.limits]
chats_per_hour_per_address = 100000
chats_burst_per_address = 10000
chats_per_minute_per_site = 10000
messages_per_minute_per_session = 100000
messages_burst_per_session = 10000
sockets_per_address = 1000
handshakes_per_minute_per_address = 10000
requests_per_second_per_address = 1000
requests_burst_per_address = 10000
";

/// The whole file.
pub(super) fn render(state: &State, directory: &Path, options: &StackOptions) -> String {
    let times = &options.times;
    let ports = &state.ports;
    let server = Synapse::SERVER_NAME;
    let agents: Vec<String> = state
        .agents
        .iter()
        .map(|agent| {
            let user = &agent.user;
            let name = crate::synapse::capitalised(user);
            format!("\n[[agents]]\nid = \"@{user}:{server}\"\nname = \"{name}\"\ncapacity = 3\n")
        })
        .collect();
    format!(
        r##"# Written by the demo at every start.

[homeserver]
url = "http://127.0.0.1:{homeserver}"
server_name = "{server}"

[appservice]
listen = "127.0.0.1:{appservice}"
url = "http://127.0.0.1:{appservice}"
as_token = "{as_token}"
hs_token = "{hs_token}"
id = "switchboard"
prefix = "switchboard"

[gateway]
listen = "127.0.0.1:{gateway}"
public_url = "http://127.0.0.1:{gateway}"
trusted_proxies = []
abandon_after_seconds = {abandon}
{limits}
[operations]
listen = "127.0.0.1:{operations}"

[store]
kind = "sled"
path = "{store}"

[spaces]
enabled = {spaces}

[log]
format = "human"
level = "info"

[[queues]]
id = "support"
name = "Support"
request_timeout_seconds = {request}
second_round_after_seconds = {second}
max_wait_seconds = 1800
max_length = 500
return_grace_seconds = {grace}
close_after_seconds = {close}
{agents}
[[administrators]]
id = "@{administrator}:{server}"

[[sites]]
id = "{site}"
title = "Chat with us"
greeting = "Hello! Ask us anything about your plants, we are happy to help."
colour = "#0b6e4f"
ask_name = true
origins = ["http://127.0.0.1:{shop}", "http://localhost:{shop}"]
queue = "support"
variables = {{ order = "Last order" }}

{key}"##,
        homeserver = ports.homeserver,
        appservice = ports.appservice,
        as_token = state.as_token,
        hs_token = state.hs_token,
        gateway = ports.gateway,
        operations = ports.operations,
        store = directory.join("store").display(),
        limits = if times.generous { GENEROUS } else { "" },
        spaces = options.spaces,
        abandon = times.abandon_after_seconds,
        request = times.request_timeout_seconds,
        second = times.second_round_after_seconds,
        grace = times.return_grace_seconds,
        close = times.close_after_seconds,
        agents = agents.concat(),
        administrator = state.administrator.user,
        site = super::stack::SITE,
        key = state.signer.table(),
        shop = ports.shop,
    )
}
