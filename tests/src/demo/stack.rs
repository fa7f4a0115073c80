//! A homeserver with users, the bridge and the shop, started and stopped together.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{
    bridge::Bridge,
    config::QueueTimes,
    error::DemoError,
    shop::Shop,
    state::{Login, State},
};
use crate::{
    agent::Agent,
    synapse::{Synapse, SynapseOptions},
};

/// The site's id in the bridge's configuration.
pub const SITE: &str = "shop";

/// How to start everything.
#[derive(Clone, Debug)]
pub struct StackOptions {
    /// Where everything is kept.
    pub data: PathBuf,
    /// How patient the queue is.
    pub times: QueueTimes,
    /// Whether there are spaces.
    pub spaces: bool,
    /// Whether a Ctrl-C in the terminal must not reach the children (the caller stops them).
    pub detached: bool,
}

impl StackOptions {
    /// With the times that people need.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), times: QueueTimes::HUMAN, spaces: false, detached: false }
    }

    /// With the times that scripts need.
    #[must_use]
    pub fn brisk(data: impl Into<PathBuf>) -> Self {
        Self { times: QueueTimes::BRISK, ..Self::new(data) }
    }
}

/// Where everything is, and who can log in.
#[derive(Clone, Debug, Serialize)]
pub struct Addresses {
    /// The homeserver's client API.
    pub homeserver: String,
    /// The name in its users' ids.
    pub server_name: String,
    /// The bridge, as browsers see it.
    pub gateway: String,
    /// The bridge's health and metrics.
    pub operations: String,
    /// The site's id.
    pub site: String,
    /// The shop, which may embed the widget.
    pub shop: String,
    /// The same page at an origin that may not.
    pub foreign: String,
    /// The agents.
    pub agents: Vec<Login>,
    /// The administrator.
    pub administrator: Login,
}

/// Everything, running. Dropping it kills it.
#[derive(Debug)]
pub struct Stack {
    /// The homeserver.
    pub synapse: Synapse,
    /// The bridge.
    pub bridge: Bridge,
    shop: Shop,
    state: State,
}

impl Stack {
    /// Starts everything; `say` is told what happens.
    pub async fn start(options: StackOptions, say: &dyn Fn(String)) -> Result<Self, DemoError> {
        let state = State::load_or_make(&options.data)?;
        let bridge_data = options.data.join("bridge");
        let mut bridge = Bridge::prepare(&state, &bridge_data, &options)?;
        let registration = bridge.registration().await?;
        let begun = std::time::Instant::now();
        let seconds = || format!("{:.1} s", begun.elapsed().as_secs_f32());

        let mut homeserver =
            SynapseOptions::new(options.data.join("synapse")).registration(registration);
        homeserver.port = Some(state.ports.homeserver);
        homeserver.detached = options.detached;
        let synapse = Synapse::start(homeserver).await?;
        say(format!("    homeserver  ready after {}", seconds()));
        for Login { user, password } in &state.agents {
            synapse.register(user, password, false).await?;
        }
        let Login { user, password } = &state.administrator;
        synapse.register(user, password, true).await?;
        say(format!("    users       ready after {}", seconds()));
        bridge.start().await?;
        say(format!("    bridge      ready after {}", seconds()));
        let shop = Shop::open(&state).await?;
        Ok(Self { synapse, bridge, shop, state })
    }

    /// Where everything is.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        let ports = &self.state.ports;
        let local = |port: u16| format!("http://127.0.0.1:{port}");
        Addresses {
            homeserver: self.synapse.url().to_owned(),
            server_name: Synapse::SERVER_NAME.to_owned(),
            gateway: local(ports.gateway),
            operations: local(ports.operations),
            site: SITE.to_owned(),
            shop: local(ports.shop),
            foreign: local(ports.foreign),
            agents: self.state.agents.clone(),
            administrator: self.state.administrator.clone(),
        }
    }

    /// Logs the nth agent in.
    pub async fn agent(&self, nth: usize) -> Result<Agent, DemoError> {
        let Login { user, password } = &self.state.agents[nth];
        Ok(Agent::login(self.synapse.url(), user, password).await?)
    }

    /// Waits until a child ends by itself, which is an error.
    pub async fn watch(&mut self) -> DemoError {
        let (who, status) = tokio::select! {
            status = self.synapse.died() => ("the homeserver", status),
            status = self.bridge.died() => ("the bridge", status),
        };
        let status = status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
        let log =
            if who == "the bridge" { self.bridge.log_tail() } else { self.synapse.log_tail() };
        DemoError::Died { who, status, log }
    }

    /// The end of the bridge's log.
    #[must_use]
    pub fn bridge_log_tail(&self) -> String {
        self.bridge.log_tail()
    }

    /// Stops everything politely.
    pub async fn stop(mut self) -> Result<(), DemoError> {
        self.shop.close();
        let bridge = self.bridge.stop().await;
        self.synapse.stop().await?;
        bridge
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the end of the bridge's log ---\n{}\n---", self.bridge_log_tail());
        }
    }
}

/// Where the logs are, for people.
#[must_use]
pub fn logs(data: &Path) -> [PathBuf; 2] {
    [data.join("bridge/bridge.log"), data.join("synapse/synapse.log")]
}
