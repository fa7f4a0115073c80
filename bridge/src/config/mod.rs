//! The configuration: one TOML file, overridden by the environment.
//!
//! `config/switchboard.example.toml` describes every setting. Problems are collected and told all
//! at once, each with the path of what is wrong.

mod demands;
#[cfg(test)]
mod tests;
mod validate;

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment,
    error::Kind,
    providers::{Env, Format as _, Toml},
};
use serde::Deserialize;
use switchboard_centre::{
    Centre,
    model::{Administrator, Agent, PredefinedMessage, Profile, Queue, Site, Supervisor},
};
use url::Url;

pub use self::demands::demands;
use crate::{gateway::config::GatewayConfig, identity::Namespace, media::config::FilesConfig};

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The Matrix homeserver.
    pub homeserver: HomeserverConfig,
    /// What the homeserver pushes.
    pub appservice: AppserviceConfig,
    /// What customers' browsers talk to.
    pub gateway: GatewayConfig,
    /// Health and metrics.
    pub operations: OperationsConfig,
    /// Where everything is kept.
    pub store: StoreConfig,
    /// What is logged.
    #[serde(default)]
    pub log: LogConfig,
    /// Files of customers and agents.
    #[serde(default)]
    pub files: FilesConfig,
    /// Spaces for agents.
    #[serde(default)]
    pub spaces: SpacesConfig,
    /// The time zone of opening hours that name none.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// After this many missed requests in a row an agent counts as not responding; 0 for never.
    #[serde(default)]
    pub misses: Option<u32>,
    /// Where chats wait.
    pub queues: Vec<Queue>,
    /// What agents log on with.
    #[serde(default)]
    pub profiles: Vec<Profile>,
    /// Who answers.
    pub agents: Vec<Agent>,
    /// Who manages all this, and is told when something needs a person.
    #[serde(default)]
    pub administrators: Vec<Administrator>,
    /// Who watches queues.
    #[serde(default)]
    pub supervisors: Vec<Supervisor>,
    /// Embeddings of the widget.
    pub sites: Vec<Site>,
    /// Texts that agents pick.
    #[serde(default)]
    pub messages: Vec<PredefinedMessage>,
}

/// The Matrix homeserver.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HomeserverConfig {
    /// Where its client API is reached.
    pub url: Url,
    /// The part after the colon in its users' ids.
    pub server_name: String,
}

/// What the homeserver pushes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppserviceConfig {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The same as the homeserver sees it.
    pub url: Url,
    /// The token that the bridge shows the homeserver.
    #[serde(default)]
    pub as_token: Secret,
    /// A file with it.
    #[serde(default)]
    pub as_token_file: Option<PathBuf>,
    /// The token that the homeserver shows the bridge.
    #[serde(default)]
    pub hs_token: Secret,
    /// A file with it.
    #[serde(default)]
    pub hs_token_file: Option<PathBuf>,
    /// The appservice's name at the homeserver.
    #[serde(default = "switchboard")]
    pub id: String,
    /// What the bridge's users and aliases begin with.
    #[serde(default = "switchboard")]
    pub prefix: String,
}

fn switchboard() -> String {
    "switchboard".to_owned()
}

/// A text that is never shown.
#[derive(Clone, Default)]
pub struct Secret(String);

impl<'de> Deserialize<'de> for Secret {
    /// By hand, because serde's own message about something that is no text shows it.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("must be a text in quotation marks"))
    }
}

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Health and metrics.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationsConfig {
    /// The address to listen on.
    pub listen: SocketAddr,
}

/// Where everything is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// Which kind.
    #[serde(default)]
    pub kind: StoreKind,
    /// The directory.
    pub path: PathBuf,
}

impl StoreConfig {
    /// The folder for files on their way: beside the store.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        if self.kind == StoreKind::Memory {
            return std::env::temp_dir().join(format!("switchboard-files-{}", std::process::id()));
        }
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".files");
        self.path.with_file_name(name)
    }
}

/// The kinds of stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    /// An embedded database.
    #[default]
    Sled,
    /// Nothing is kept.
    Memory,
}

/// Spaces for agents.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpacesConfig {
    /// Whether there are any.
    pub enabled: bool,
    /// What the one for everybody is called.
    pub name: String,
}

impl Default for SpacesConfig {
    fn default() -> Self {
        Self { enabled: false, name: "Switchboard".to_owned() }
    }
}

impl SpacesConfig {
    /// The name, if there are spaces.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.enabled.then_some(self.name.as_str())
    }
}

/// What is logged.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// In which form.
    pub format: LogFormat,
    /// How much: a level, or levels by module.
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Human, level: "info".to_owned() }
    }
}

/// The forms of logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read the configuration {path}: {reason}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Values are wrong.
    #[error("the configuration {path} has mistakes:\n{}", list(.problems))]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// Where and what, one each.
        problems: Vec<Problem>,
    },
}

/// Something wrong in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `queues[0].name`.
    pub path: String,
    /// What, and what would be right.
    pub message: String,
}

fn list(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("  {}: {}", problem.path, problem.message))
        .collect::<Vec<_>>()
        .join("\n")
}

impl Config {
    /// Reads and checks the file and the environment (`SWITCHBOARD_HOMESERVER__URL` and so on).
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|e| ConfigError::Unreadable {
            path: path.to_owned(),
            reason: e.to_string(),
        })?;
        let mut figment = Figment::from(Toml::string(&text)).merge(environment());
        for (path, variable) in SECRETS {
            if let Ok(secret) = std::env::var(variable) {
                figment = figment.merge((path, secret));
            }
        }
        let mut config: Self = figment.extract().map_err(|errors| ConfigError::Invalid {
            path: path.to_owned(),
            problems: errors
                .into_iter()
                .map(|e| Problem { path: path_of(&e), message: e.kind.to_string() })
                .collect(),
        })?;
        let mut problems = config.read_secrets();
        // A token whose file cannot be read has one mistake, not three.
        let unread: Vec<String> = problems.iter().map(|problem| problem.path.clone()).collect();
        problems.extend(
            config.problems().into_iter().filter(|p| !unread.contains(&format!("{}_file", p.path))),
        );
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::Invalid { path: path.to_owned(), problems })
        }
    }

    fn read_secrets(&mut self) -> Vec<Problem> {
        let appservice = &mut self.appservice;
        let mut problems = Vec::new();
        for (name, secret, file) in [
            ("appservice.as_token", &mut appservice.as_token, &appservice.as_token_file),
            ("appservice.hs_token", &mut appservice.hs_token, &appservice.hs_token_file),
        ] {
            if let Some(file) = file {
                match std::fs::read_to_string(file) {
                    Ok(text) => *secret = Secret(text.trim().to_owned()),
                    Err(error) => problems.push(Problem {
                        path: format!("{name}_file"),
                        message: format!("cannot read {}: {error}", file.display()),
                    }),
                }
            }
        }
        problems
    }

    /// Our names on the homeserver.
    pub fn namespace(&self) -> Result<Namespace, crate::identity::InvalidNamespace> {
        Namespace::new(&self.homeserver.server_name, &self.appservice.prefix)
    }

    /// What administrators manage, as the file has it.
    #[must_use]
    pub fn centre(&self) -> Centre {
        let usual = Centre::default();
        Centre {
            time_zone: self.time_zone.clone().unwrap_or(usual.time_zone),
            misses: self.misses.unwrap_or(usual.misses),
            queues: self.queues.clone(),
            profiles: self.profiles.clone(),
            agents: self.agents.clone(),
            administrators: self.administrators.clone(),
            supervisors: self.supervisors.clone(),
            sites: self.sites.clone(),
            messages: self.messages.clone(),
        }
    }
}

/// Secrets and their variables. They are texts, also if they look like numbers.
const SECRETS: [(&str, &str); 2] = [
    ("appservice.as_token", "SWITCHBOARD_APPSERVICE__AS_TOKEN"),
    ("appservice.hs_token", "SWITCHBOARD_APPSERVICE__HS_TOKEN"),
];

/// `SWITCHBOARD_GATEWAY__LISTEN` is `gateway.listen`.
fn environment() -> Env {
    Env::prefixed("SWITCHBOARD_").filter(|key| key.as_str().contains("__")).split("__")
}

/// Where a value is that cannot be read, also if it is missing or its name is unknown.
fn path_of(error: &figment::Error) -> String {
    let mut path = error.path.clone();
    match &error.kind {
        Kind::MissingField(name) => path.push(name.to_string()),
        Kind::UnknownField(name, _) if path.last() != Some(name) => path.push(name.clone()),
        _ => {}
    }
    dotted(&path)
}

/// `["queues", "0", "name"]` as `queues[0].name`.
fn dotted(path: &[String]) -> String {
    let mut out = String::new();
    for part in path {
        if part.bytes().all(|b| b.is_ascii_digit()) {
            out.push('[');
            out.push_str(part);
            out.push(']');
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(part);
        }
    }
    if out.is_empty() { "(top level)".to_owned() } else { out }
}
