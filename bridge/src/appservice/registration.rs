//! The file that makes the homeserver push (spec: application service API, registration).

use serde_json::json;

use crate::{config::Config, identity::Namespace};

/// The registration as YAML. JSON is YAML too (YAML 1.2), so no value can be misread; one setting
/// per line keeps it readable.
#[must_use]
pub fn registration(config: &Config, names: &Namespace) -> String {
    let appservice = &config.appservice;
    let text = |value: &str| json!(value).to_string();
    let url = appservice.url.as_str().trim_end_matches('/');
    format!(
        "# Written by `switchboard registration`. Give this file to the homeserver; in Synapse:
#   app_service_config_files: [/path/to/this/file]
# It holds secrets: only the homeserver may read it.
id: {id}
url: {url}
as_token: {as_token}
hs_token: {hs_token}
sender_localpart: {sender}
rate_limited: false
receive_ephemeral: true
# Devices for the bot and the customers, so that the homeserver remembers what was sent (MSC4190).
io.element.msc4190: true
namespaces:
  users:
    - exclusive: true
      regex: {users}
  aliases:
    - exclusive: true
      regex: {aliases}
  rooms: []
",
        id = text(&appservice.id),
        url = text(url),
        as_token = text(appservice.as_token.reveal()),
        hs_token = text(appservice.hs_token.reveal()),
        sender = text(&names.sender_localpart()),
        users = text(&names.user_regex()),
        aliases = text(&names.alias_regex()),
    )
}
