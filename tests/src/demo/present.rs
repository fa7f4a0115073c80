//! What the demo tells the person who started it.

use std::path::Path;

use super::stack::{Addresses, logs};

/// What to open and how to log in.
pub(super) fn text(addresses: &Addresses, data: &Path) -> String {
    let server = &addresses.server_name;
    let logins: Vec<String> = addresses
        .agents
        .iter()
        .map(|login| (login, "agent"))
        .chain([(&addresses.administrator, "administrator")])
        .map(|(login, role)| {
            let id = format!("@{}:{server}", login.user);
            format!("      {id:<20}  {:<14}  {role}\n", login.password)
        })
        .collect();
    let [bridge_log, synapse_log] = logs(data);
    format!(
        "
Switchboard is running.

  As a customer, open the shop and press the chat button:
      {shop}/

  As an agent, log in with any Matrix client. Homeserver:
      {homeserver}
      user                  password        role
{logins}
      Element Web or Desktop: \"Sign in\", then \"Edit\" beside the homeserver, and enter the
      address above. Accept the invite to \"Your desk\" and press 1️⃣ below the welcome to log on.
      From then on a chat request comes as an invite: accept it, or decline it and the
      other agent is asked, if they have logged on. Administrators are invited to a room of their own.

  Logs: {bridge_log}
        {synapse_log}

Ctrl-C stops everything. Addresses, logins and data stay for the next start; --fresh forgets them.",
        logins = logins.concat(),
        shop = addresses.shop,
        homeserver = addresses.homeserver,
        bridge_log = bridge_log.display(),
        synapse_log = synapse_log.display(),
    )
}
