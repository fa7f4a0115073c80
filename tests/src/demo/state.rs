//! What a demo remembers from run to run: its ports, so that addresses stay, and its secrets.

use std::{fs, path::Path};

use rand::{Rng, distr::Alphanumeric};
use serde::{Deserialize, Serialize};

use super::DemoError;
use crate::ports;
use crate::signing::Signer;

/// The agents' user names.
pub const AGENTS: [&str; 2] = ["anna", "ben"];

const FILE: &str = "state.json";

/// The ports on 127.0.0.1.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Ports {
    /// The homeserver.
    pub homeserver: u16,
    /// The bridge, as the homeserver sees it.
    pub appservice: u16,
    /// The bridge, as browsers see it.
    pub gateway: u16,
    /// The bridge's health and metrics.
    pub operations: u16,
    /// The shop.
    pub shop: u16,
    /// A page that must not embed the widget.
    pub foreign: u16,
}

/// Who can log in at the homeserver.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Login {
    /// The name before the colon.
    pub user: String,
    /// The password.
    pub password: String,
}

/// Everything that is remembered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// Where everything listens.
    pub ports: Ports,
    /// The bridge's token at the homeserver.
    pub as_token: String,
    /// The homeserver's token at the bridge.
    pub hs_token: String,
    /// The agents.
    pub agents: Vec<Login>,
    /// The administrator.
    pub administrator: Login,
    /// What the shop signs who its customers are with.
    #[serde(default = "signer")]
    pub signer: Signer,
}

/// One that is made at every start will do, for shop and bridge start together.
fn signer() -> Signer {
    Signer::new("demo", rand::random())
}

impl State {
    /// Reads what is remembered in a directory, or makes it up and remembers it.
    pub fn load_or_make(data: &Path) -> Result<Self, DemoError> {
        let file = data.join(FILE);
        let unusable = || DemoError::io(format!("cannot use {}", file.display()));
        if let Ok(text) = fs::read(&file) {
            let state: Self =
                serde_json::from_slice(&text).map_err(Into::into).map_err(unusable())?;
            let taken = state.ports.all().into_iter().find(|port| ports::taken(*port));
            return match taken {
                Some(port) => Err(DemoError::PortTaken { port, file }),
                None => Ok(state),
            };
        }
        let state = Self::make()?;
        let text = serde_json::to_vec_pretty(&state).map_err(Into::into).map_err(unusable())?;
        fs::write(&file, text).map_err(unusable())?;
        Ok(state)
    }

    fn make() -> Result<Self, DemoError> {
        let [homeserver, appservice, gateway, operations, shop, foreign] =
            ports::several().map_err(DemoError::io("cannot find free ports"))?;
        let login = |user: &str| Login { user: user.to_owned(), password: random(12) };
        Ok(Self {
            ports: Ports { homeserver, appservice, gateway, operations, shop, foreign },
            as_token: random(64),
            hs_token: random(64),
            agents: AGENTS.map(login).to_vec(),
            administrator: login("admin"),
            signer: signer(),
        })
    }
}

impl Ports {
    fn all(&self) -> [u16; 6] {
        let Self { homeserver, appservice, gateway, operations, shop, foreign } = *self;
        [homeserver, appservice, gateway, operations, shop, foreign]
    }
}

/// Deletes what earlier runs left.
pub(super) fn forget(data: &Path) -> Result<(), DemoError> {
    let forgetting = || DemoError::io(format!("cannot empty {}", data.display()));
    // Only what a demo makes: somebody may have given a directory with other things in it.
    for name in ["synapse", "bridge"] {
        let directory = data.join(name);
        if directory.exists() {
            fs::remove_dir_all(&directory).map_err(forgetting())?;
        }
    }
    let state = data.join(FILE);
    if state.exists() {
        fs::remove_file(state).map_err(forgetting())?;
    }
    Ok(())
}

fn random(length: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_passwords_stay_until_they_are_forgotten() {
        let data = tempfile::tempdir().unwrap();
        let first = State::load_or_make(data.path()).unwrap();
        let second = State::load_or_make(data.path()).unwrap();
        assert_eq!(first.ports.shop, second.ports.shop);
        assert_eq!(first.agents[0].password, second.agents[0].password);

        forget(data.path()).unwrap();
        let third = State::load_or_make(data.path()).unwrap();
        assert_ne!(first.as_token, third.as_token);
    }

    #[test]
    fn a_taken_port_is_told() {
        let data = tempfile::tempdir().unwrap();
        let state = State::load_or_make(data.path()).unwrap();
        let _listener = std::net::TcpListener::bind(("127.0.0.1", state.ports.gateway)).unwrap();
        let error = State::load_or_make(data.path()).unwrap_err();
        assert!(matches!(error, DemoError::PortTaken { port, .. } if port == state.ports.gateway));
    }
}
