//! A real Synapse with the bridge, a second appservice, an agent and a person.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::json;
use switchboard::identity::Namespace;
use tempfile::TempDir;

use super::{BenchError, crowd::idle, person::Person};
use crate::{
    bridge::{Bridge, BridgeConfig},
    customer::{Http, random_key},
    ports,
    synapse::{Synapse, SynapseOptions},
};

/// The site's id in the bridge's configuration.
pub(super) const SITE: &str = "shop";

/// How long the bridge is wary after its start, and somewhat more.
pub(super) const WARY: Duration = Duration::from_secs(65);

const PASSWORD: &str = "a password of the benchmark";

/// Everything that runs.
#[derive(Debug)]
pub(super) struct Scene {
    bridge: Bridge,
    synapse: Synapse,
    /// The agent.
    pub(super) anna: Person,
    /// Somebody with a Matrix client instead of a web page.
    pub(super) clara: Person,
    /// An appservice that does the same calls as the bridge, without the bridge.
    pub(super) bare: Bare,
    begun: Instant,
    _directory: TempDir,
}

/// The second appservice: nothing is pushed to it.
#[derive(Debug)]
pub(super) struct Bare {
    pub(super) names: Namespace,
    pub(super) token: String,
}

impl Scene {
    /// Starts everything.
    pub(super) async fn begins() -> Result<Self, BenchError> {
        println!("Starting Synapse and the bridge …");
        let directory = TempDir::with_prefix("switchboard-bench-")
            .map_err(BenchError::io("cannot make a temporary directory"))?;
        let [port] = ports::several().map_err(BenchError::io("there is no free port"))?;
        let token = || format!("{}{}", random_key(), random_key());
        let homeserver = format!("http://127.0.0.1:{port}");
        let mut config = BridgeConfig::new(&homeserver, Synapse::SERVER_NAME, &token(), &token())
            .agents(&["anna"])
            .capacity(100);
        config.queue.request_timeout_seconds = 3600;
        config.queue.max_wait_seconds = 0;
        config.abandon_after_seconds = 86_400;
        "warn".clone_into(&mut config.log_level);

        let bare = Bare { names: names("bench")?, token: token() };
        let url = config.appservice_url();
        let registrations = [
            (config.id.as_str(), Some(url.as_str()), &config.as_token, config.hs_token.clone()),
            ("bench", None, &bare.token, token()),
        ];
        let mut options = SynapseOptions::new(directory.path().join("synapse"));
        options.port = Some(port);
        for (id, url, as_token, hs_token) in registrations {
            let file = directory.path().join(format!("{id}.json"));
            register(&file, id, url, as_token, &hs_token)?;
            options = options.registration(file);
        }
        let synapse = Synapse::start(options).await?;
        for name in ["anna", "clara"] {
            synapse.register(name, PASSWORD, false).await?;
        }
        let bridge = Bridge::start(config).await;
        let anna = Person::login(synapse.url(), "anna", PASSWORD).await?;
        let clara = Person::login(synapse.url(), "clara", PASSWORD).await?;
        anna.logs_on().await?;
        Ok(Self {
            bridge,
            synapse,
            anna,
            clara,
            bare,
            begun: Instant::now(),
            _directory: directory,
        })
    }

    /// Where the homeserver is.
    pub(super) fn homeserver(&self) -> &str {
        self.synapse.url()
    }

    /// The customers' calls.
    pub(super) fn http(&self) -> Http {
        Http::new(&self.bridge.gateway_url())
    }

    /// Whether the bridge trusts pushes: for a minute after its start it reads a room before it
    /// takes what is pushed of it.
    pub(super) fn is_settled_in(&self) -> bool {
        self.begun.elapsed() > WARY
    }

    /// Waits until the bridge has nothing to do.
    pub(super) async fn settles(&self) -> Result<(), BenchError> {
        idle(&self.bridge).await
    }

    /// Stops everything.
    pub(super) async fn ends(mut self) -> Result<(), BenchError> {
        let status = self.bridge.stop().await;
        self.synapse.stop().await?;
        if status.success() {
            return Ok(());
        }
        Err(BenchError::Broken(format!("the bridge ended with {status}")))
    }
}

fn names(prefix: &str) -> Result<Namespace, BenchError> {
    let names = Namespace::new(Synapse::SERVER_NAME, prefix);
    names.map_err(|error| BenchError::Broken(error.to_string()))
}

/// Writes a registration: the same as the bridge writes, but for `url`.
fn register(
    file: &Path,
    id: &str,
    url: Option<&str>,
    as_token: &str,
    hs_token: &str,
) -> Result<(), BenchError> {
    let names = names(id)?;
    let registration = json!({
        "id": id, "url": url, "as_token": as_token, "hs_token": hs_token,
        "sender_localpart": names.sender_localpart(),
        "rate_limited": false, "receive_ephemeral": true, "io.element.msc4190": true,
        "namespaces": {
            "users": [{ "exclusive": true, "regex": names.user_regex() }],
            "aliases": [{ "exclusive": true, "regex": names.alias_regex() }],
            "rooms": [],
        },
    });
    std::fs::write(file, registration.to_string())
        .map_err(BenchError::io("cannot write a registration"))
}
