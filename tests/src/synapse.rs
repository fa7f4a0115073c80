//! A real Synapse, as a child process with a directory of its own.
//!
//! It runs from the virtual environment that `cargo xtask` makes under `target/synapse`, on
//! `SQLite`, reachable from this machine only.

mod config;
mod federation;

use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use hmac::{Hmac, Mac};
use rustix::process::Signal;
use serde::Deserialize;
use serde_json::json;
use sha1::Sha1;
use tokio::process::{Child, Command};

pub use self::federation::{Certificates, Federation};

/// How long a homeserver may take to start: the first time it makes its database.
const START_DEADLINE: Duration = Duration::from_mins(2);
/// How long it may take to stop before it is killed.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// What went wrong with the homeserver, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SynapseError {
    /// The virtual environment is not there.
    #[error(
        "there is no Synapse at {0}; run `cargo xtask setup`, or set SWITCHBOARD_SYNAPSE_PYTHON \
         to a Python that has the matrix-synapse package"
    )]
    NotInstalled(PathBuf),
    /// A file could not be written or the process not be started.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The process ended by itself.
    #[error("Synapse ended by itself ({status}); the end of its log:\n{log}")]
    Died {
        /// How.
        status: ExitStatus,
        /// The tail of its log.
        log: String,
    },
    /// The process runs but does not answer.
    #[error("Synapse did not answer within {0:?}; the end of its log:\n{1}")]
    Silent(Duration, String),
    /// A request failed.
    #[error("a request to Synapse failed: {0}")]
    Http(#[from] reqwest::Error),
    /// A user could not be registered.
    #[error("Synapse refused to register {user}: {answer}")]
    Register {
        /// Who.
        user: String,
        /// What it said.
        answer: String,
    },
}

/// How to run a homeserver.
#[derive(Clone, Debug)]
pub struct SynapseOptions {
    /// Where its database, keys, media and log are kept.
    pub directory: PathBuf,
    /// Its port on 127.0.0.1; a free one if not given.
    pub port: Option<u16>,
    /// The registration files of its appservices.
    pub registrations: Vec<PathBuf>,
    /// A configuration that is there already, instead of one made from these options. It must
    /// fit the port.
    pub config: Option<PathBuf>,
    /// Whether a Ctrl-C in the terminal must not reach it (the caller stops it).
    pub detached: bool,
    /// How it reaches other homeservers; without it, it knows of none.
    pub federation: Option<Federation>,
}

impl SynapseOptions {
    /// A homeserver without appservices on a free port.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            port: None,
            registrations: Vec::new(),
            config: None,
            detached: false,
            federation: None,
        }
    }

    /// With this appservice.
    #[must_use]
    pub fn registration(mut self, file: impl Into<PathBuf>) -> Self {
        self.registrations.push(file.into());
        self
    }

    /// With other homeservers.
    #[must_use]
    pub fn federation(mut self, federation: Federation) -> Self {
        self.federation = Some(federation);
        self
    }

    /// The name after the colon in its users' ids.
    #[must_use]
    pub fn server_name(&self) -> String {
        let name = Synapse::SERVER_NAME;
        match &self.federation {
            Some(federation) => format!("{name}:{}", federation.port),
            None => name.to_owned(),
        }
    }
}

/// A running homeserver. Dropping it kills it.
#[derive(Debug)]
pub struct Synapse {
    options: SynapseOptions,
    secret: String,
    url: String,
    child: Child,
    http: reqwest::Client,
}

impl Synapse {
    /// The name after the colon in its users' ids, of one that does not federate.
    pub const SERVER_NAME: &str = "localhost";

    /// Starts a homeserver and waits until it answers.
    pub async fn start(mut options: SynapseOptions) -> Result<Self, SynapseError> {
        std::fs::create_dir_all(&options.directory)
            .map_err(io_error(|| format!("cannot make {}", options.directory.display())))?;
        let port = match options.port {
            Some(port) => port,
            None => crate::ports::free().map_err(io_error(|| "no free port".to_owned()))?,
        };
        options.port = Some(port);
        let secret = hex(&rand::random::<[u8; 32]>());
        if options.config.is_none() {
            config::write(&options, port, &secret)
                .map_err(io_error(|| format!("cannot write to {}", options.directory.display())))?;
        }
        let child = spawn(&options)?;
        let http = reqwest::Client::new();
        let mut synapse =
            Self { options, secret, url: format!("http://127.0.0.1:{port}"), child, http };
        synapse.until_healthy().await?;
        Ok(synapse)
    }

    /// The address of its client API.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.options.port.unwrap_or_default()
    }

    /// Where its log is.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        log_file(&self.options.directory)
    }

    /// The end of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        tail(&self.log_file(), 40)
    }

    /// Whether and how the process has ended by itself.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits until the process ends by itself.
    pub async fn died(&mut self) -> Option<ExitStatus> {
        self.child.wait().await.ok()
    }

    /// Kills the process at once, as a power cut would.
    pub async fn kill9(&mut self) -> Result<(), SynapseError> {
        self.child.kill().await.map_err(io_error(|| "cannot kill Synapse".to_owned()))
    }

    /// Lets the process stand still: whoever connects to it waits.
    pub fn freezes(&self) -> Result<(), SynapseError> {
        crate::process::signal(&self.child, Signal::STOP)
            .map_err(io_error(|| "cannot stop Synapse for a while".to_owned()))
    }

    /// Starts the process again, on the same data and port, and waits until it answers.
    pub async fn restart(&mut self) -> Result<(), SynapseError> {
        if self.exited().is_none() {
            self.kill9().await?;
        }
        self.child = spawn(&self.options)?;
        self.until_healthy().await
    }

    /// Stops the process politely, and kills it if that takes too long.
    pub async fn stop(&mut self) -> Result<(), SynapseError> {
        crate::process::stop(&mut self.child, STOP_DEADLINE)
            .await
            .map_err(io_error(|| "cannot stop Synapse".to_owned()))
    }

    /// Registers a user through the admin API; one that is already there stays as it is.
    pub async fn register(
        &self,
        user: &str,
        password: &str,
        admin: bool,
    ) -> Result<(), SynapseError> {
        #[derive(Deserialize)]
        struct Nonce {
            nonce: String,
        }
        let url = format!("{}/_synapse/admin/v1/register", self.url);
        let Nonce { nonce } =
            self.http.get(&url).send().await?.error_for_status()?.json::<Nonce>().await?;
        let role = if admin { "admin" } else { "notadmin" };
        let body = json!({
            "nonce": nonce,
            "username": user,
            "displayname": capitalised(user),
            "password": password,
            "admin": admin,
            "mac": mac(&self.secret, &[&nonce, user, password, role]),
        });
        let answer = self.http.post(&url).json(&body).send().await?;
        if answer.status().is_success() {
            return Ok(());
        }
        let answer = answer.text().await?;
        if answer.contains("M_USER_IN_USE") {
            return Ok(());
        }
        Err(SynapseError::Register { user: user.to_owned(), answer })
    }

    async fn until_healthy(&mut self) -> Result<(), SynapseError> {
        let health = format!("{}/health", self.url);
        let begun = Instant::now();
        while begun.elapsed() < START_DEADLINE {
            if let Some(status) = self.exited() {
                return Err(SynapseError::Died { status, log: self.log_tail() });
            }
            let answer = self.http.get(&health).timeout(Duration::from_secs(2)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(SynapseError::Silent(START_DEADLINE, self.log_tail()))
    }
}

impl Drop for Synapse {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the end of Synapse's log ---\n{}\n---", self.log_tail());
        }
    }
}

/// The Python that has Synapse.
pub fn python() -> Result<PathBuf, SynapseError> {
    let python = match std::env::var_os("SWITCHBOARD_SYNAPSE_PYTHON") {
        Some(python) => PathBuf::from(python),
        None => crate::process::target_directory().join("synapse/venv/bin/python"),
    };
    if python.exists() { Ok(python) } else { Err(SynapseError::NotInstalled(python)) }
}

fn spawn(options: &SynapseOptions) -> Result<Child, SynapseError> {
    let python = python()?;
    let path = log_file(&options.directory);
    let open = || -> io::Result<(File, File)> {
        let log = OpenOptions::new().create(true).append(true).open(&path)?;
        Ok((log.try_clone()?, log))
    };
    let (out, err) = open().map_err(io_error(|| format!("cannot open {}", path.display())))?;
    let made = || options.directory.join(config::HOMESERVER);
    let config = options.config.clone().unwrap_or_else(made);
    let mut command = Command::new(&python);
    command
        .args(["-m", "synapse.app.homeserver", "-c"])
        .arg(config)
        .current_dir(&options.directory)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .kill_on_drop(true);
    if options.detached {
        command.process_group(0);
    }
    command.spawn().map_err(io_error(|| format!("cannot start {}", python.display())))
}

fn log_file(directory: &Path) -> PathBuf {
    directory.join("synapse.log")
}

/// The last lines of a file; an empty text if there is none.
#[must_use]
pub fn tail(file: &Path, lines: usize) -> String {
    let text = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn io_error(what: impl FnOnce() -> String) -> impl FnOnce(io::Error) -> SynapseError {
    move |source| SynapseError::Io { what: what(), source }
}

fn mac(secret: &str, parts: &[&str]) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(parts.join("\0").as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// With a capital first letter.
pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mac_is_the_one_that_synapse_expects() {
        // Computed with Python's hmac module.
        assert_eq!(
            mac("secret", &["nonce", "anna", "pass", "notadmin"]),
            "0954d94ce05601dce1322e4fa249aea32ed8a1c6"
        );
    }

    #[test]
    fn the_tail_of_a_file_is_its_last_lines() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("log");
        std::fs::write(&file, "one\ntwo\nthree\n").unwrap();
        assert_eq!(tail(&file, 2), "two\nthree");
        assert_eq!(tail(&directory.path().join("none"), 2), "");
    }
}
