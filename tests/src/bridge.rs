//! The real bridge as a child process.

mod config;

use std::{
    fs::{File, OpenOptions},
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::Mutex,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::timeout,
};

pub use self::config::{BridgeConfig, QueueConfig, public_name};
use crate::{
    fake::Homeserver,
    wait::{DEADLINE, eventually},
};

/// How long the bridge may take to stop when it is asked to.
pub const STOP_GRACE: Duration = Duration::from_secs(10);

/// How much of the log a failing test shows.
const SHOWN_LOG_LINES: usize = 150;

/// A running bridge. It is killed when this is dropped; its data stays as long as this.
#[derive(Debug)]
pub struct Bridge {
    /// What it was started with. Changes count from the next start.
    pub config: BridgeConfig,
    child: Option<Child>,
    http: reqwest::Client,
    directory: TempDir,
}

impl Bridge {
    /// Starts it and waits until it is healthy.
    pub async fn start(config: BridgeConfig) -> Self {
        let mut bridge = Self::prepared(config);
        bridge.starts().await;
        bridge
    }

    /// Starts it for a fake homeserver, with the defaults.
    pub async fn for_fake(hs: &Homeserver) -> Self {
        Self::start(BridgeConfig::for_fake(hs)).await
    }

    /// A bridge that does not run yet.
    ///
    /// # Panics
    /// If there is no place for its data.
    #[must_use]
    pub fn prepared(config: BridgeConfig) -> Self {
        let directory = TempDir::with_prefix("switchboard-test-").expect("a temporary directory");
        let http = reqwest::Client::builder().no_proxy().build().expect("a plain client");
        Self { config, child: None, http, directory }
    }

    /// Starts the process again and waits until it is healthy.
    pub async fn starts(&mut self) {
        self.launches();
        self.is_healthy().await;
    }

    /// Writes the file that a homeserver reads. Gives where it is.
    ///
    /// # Panics
    /// If that fails.
    pub async fn registration(&self) -> PathBuf {
        let file = self.directory.path().join("registration.yaml");
        let mut command = self.command();
        command.arg("registration").arg("--output").arg(&file);
        let status = command.status().await.expect("the bridge's binary can be started");
        assert!(status.success(), "no registration: {status}");
        file
    }

    /// The program with its configuration, which is written anew.
    fn command(&self) -> Command {
        let file = self.directory.path().join("switchboard.toml");
        std::fs::write(&file, self.config.to_toml(&self.directory.path().join("data")))
            .expect("the configuration can be written");
        let mut command = Command::new(binary());
        command
            .arg("--config")
            .arg(&file)
            .envs(self.config.environment.iter().map(|(k, v)| (k, v)))
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        command
    }

    /// Starts the process and does not wait.
    ///
    /// # Panics
    /// If it runs already, or there is no binary.
    pub fn launches(&mut self) {
        assert!(self.child.is_none(), "the bridge runs already");
        let log = self.log_file();
        let child = self
            .command()
            .arg("run")
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("the bridge's binary can be started");
        self.child = Some(child);
    }

    fn log_file(&self) -> File {
        let path = self.directory.path().join("log");
        OpenOptions::new().create(true).append(true).open(path).expect("a log file")
    }

    /// Everything that it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.directory.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Where its data is.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Waits until it says that it is well.
    ///
    /// # Panics
    /// If it exits instead.
    pub async fn is_healthy(&mut self) {
        let url = format!("{}/health", self.config.operations_url());
        let http = self.http.clone();
        let log = self.directory.path().join("log");
        let child = Mutex::new(self.child.as_mut().expect("the bridge runs"));
        eventually(DEADLINE, || async {
            let ended = child.lock().map(|mut child| child.try_wait());
            if let Ok(Ok(Some(status))) = ended {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                panic!("the bridge exited at start: {status}; its log:\n{log}");
            }
            let reply = http.get(&url).send().await.ok()?;
            reply.status().is_success().then_some(())
        })
        .await;
    }

    /// The process's id.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Whether the process still runs.
    pub fn runs(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// SIGKILL.
    ///
    /// # Panics
    /// If it does not run, or has already died by itself.
    pub async fn kill9(&mut self) {
        let mut child = self.child.take().expect("the bridge runs");
        assert!(matches!(child.try_wait(), Ok(None)), "the bridge died by itself");
        child.kill().await.expect("own children can be killed");
    }

    /// SIGTERM. Gives how it ended.
    ///
    /// # Panics
    /// If it takes longer than [`STOP_GRACE`].
    pub async fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("the bridge runs");
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(pid.expect("a running process has an id"), Signal::TERM)
            .expect("own children can be asked to stop");
        let ended = timeout(STOP_GRACE, child.wait()).await;
        ended.expect("the bridge stops in time").expect("own children can be waited for")
    }

    /// Stops and starts it.
    ///
    /// # Panics
    /// If it does not stop cleanly.
    pub async fn restart(&mut self) {
        let status = self.stop().await;
        assert!(status.success(), "a clean stop, not {status}");
        self.starts().await;
    }

    /// Where customers find it.
    #[must_use]
    pub fn gateway_url(&self) -> String {
        self.config.gateway_url()
    }

    /// How many inbox items and how many effects are not done, as `/health` tells; `None`: it did not
    /// answer.
    pub async fn waiting(&self) -> Option<(u64, u64)> {
        let health = self.health().await;
        Some((health["inbox"].as_u64()?, health["outbox"].as_u64()?))
    }

    /// What it says of its health; null if it does not answer.
    pub async fn health(&self) -> serde_json::Value {
        let url = format!("{}/health", self.config.operations_url());
        match self.http.get(&url).send().await {
            Ok(reply) => reply.json().await.unwrap_or_default(),
            Err(_) => serde_json::Value::Null,
        }
    }

    /// The metrics page.
    pub async fn metrics(&self) -> String {
        let url = format!("{}/metrics", self.config.operations_url());
        match self.http.get(&url).send().await {
            Ok(reply) => reply.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let from = lines.len().saturating_sub(SHOWN_LOG_LINES);
            eprintln!("--- the bridge's log, last lines ---\n{}", lines[from..].join("\n"));
        }
    }
}

/// The program: `SWITCHBOARD_BIN`, or what Cargo built beside this one.
///
/// # Panics
/// If it is missing, telling how to build it.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("SWITCHBOARD_BIN") {
        return path.into();
    }
    let this = std::env::current_exe().expect("a program knows its own file");
    // target/<profile>/<program>, or target/<profile>/deps/<test>
    let folders = this.ancestors().skip(1).take(2).map(|folder| folder.join("switchboard"));
    let places: Vec<PathBuf> = folders.collect();
    let found = places.iter().find(|path| path.is_file()).or(places.last());
    let path = found.cloned().unwrap_or_default();
    assert!(
        path.exists(),
        "{} is missing: build it with `cargo build -p switchboard`, or name another by SWITCHBOARD_BIN",
        path.display()
    );
    path
}
