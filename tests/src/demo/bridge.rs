//! The bridge, as a child process.

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use tokio::process::{Child, Command};

use super::{DemoError, stack::StackOptions, state::State};
use crate::synapse::tail;

const START_DEADLINE: Duration = Duration::from_mins(1);
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// A running bridge. Dropping it kills it.
#[derive(Debug)]
pub struct Bridge {
    program: PathBuf,
    directory: PathBuf,
    operations: String,
    detached: bool,
    child: Option<Child>,
}

impl Bridge {
    /// Writes the configuration; nothing runs yet.
    pub fn prepare(
        state: &State,
        directory: &Path,
        options: &StackOptions,
    ) -> Result<Self, DemoError> {
        let program = program()?;
        std::fs::create_dir_all(directory)
            .map_err(DemoError::io(format!("cannot make {}", directory.display())))?;
        let bridge = Self {
            program,
            directory: directory.to_path_buf(),
            operations: format!("http://127.0.0.1:{}", state.ports.operations),
            detached: options.detached,
            child: None,
        };
        let file = bridge.config();
        std::fs::write(&file, super::config::render(state, directory, options))
            .map_err(DemoError::io(format!("cannot write {}", file.display())))?;
        Ok(bridge)
    }

    /// Lets the bridge write the file that the homeserver reads.
    pub async fn registration(&self) -> Result<PathBuf, DemoError> {
        let file = self.directory.join("registration.yaml");
        let path = file.to_string_lossy().into_owned();
        self.command(&["registration", "--output", &path]).await?;
        Ok(file)
    }

    /// Lets the bridge check its configuration and its homeserver.
    pub async fn check(&self) -> Result<String, DemoError> {
        self.command(&["check"]).await
    }

    /// Starts it and waits until it is healthy.
    pub async fn start(&mut self) -> Result<(), DemoError> {
        let path = self.log_file();
        let opening = || DemoError::io(format!("cannot open {}", path.display()));
        let log = OpenOptions::new().create(true).append(true).open(&path).map_err(opening())?;
        let mut command = Command::new(&self.program);
        command
            .arg("--config")
            .arg(self.config())
            .arg("run")
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(opening())?)
            .stderr(log)
            .kill_on_drop(true);
        if self.detached {
            command.process_group(0);
        }
        let child = command
            .spawn()
            .map_err(DemoError::io(format!("cannot start {}", self.program.display())))?;
        self.child = Some(child);
        self.until_healthy().await
    }

    /// Kills it at once, as a power cut would.
    pub async fn kill9(&mut self) -> Result<(), DemoError> {
        match self.child.take() {
            Some(mut child) => child.kill().await.map_err(DemoError::io("cannot kill the bridge")),
            None => Ok(()),
        }
    }

    /// Stops it politely, and kills it if that takes too long.
    pub async fn stop(&mut self) -> Result<(), DemoError> {
        match self.child.take() {
            Some(mut child) => crate::process::stop(&mut child, STOP_DEADLINE)
                .await
                .map_err(DemoError::io("cannot stop the bridge")),
            None => Ok(()),
        }
    }

    /// Waits until the process ends by itself.
    pub async fn died(&mut self) -> Option<ExitStatus> {
        match &mut self.child {
            Some(child) => child.wait().await.ok(),
            None => std::future::pending().await,
        }
    }

    /// Where its log is.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.directory.join("bridge.log")
    }

    /// The end of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        tail(&self.log_file(), 40)
    }

    fn config(&self) -> PathBuf {
        self.directory.join("switchboard.toml")
    }

    async fn command(&self, args: &[&str]) -> Result<String, DemoError> {
        let output = Command::new(&self.program)
            .arg("--config")
            .arg(self.config())
            .args(args)
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(DemoError::io(format!("cannot start {}", self.program.display())))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(DemoError::Command {
            command: args.join(" "),
            status: output.status,
            output: format!("{text}{errors}"),
        })
    }

    async fn until_healthy(&mut self) -> Result<(), DemoError> {
        let url = format!("{}/health", self.operations);
        let http = reqwest::Client::new();
        let begun = Instant::now();
        while begun.elapsed() < START_DEADLINE {
            let status = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            if let Some(status) = status {
                let log = self.log_tail();
                return Err(DemoError::Died { who: "the bridge", status: status.to_string(), log });
            }
            let answer = http.get(&url).timeout(Duration::from_secs(2)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        Err(DemoError::Silent { url, log: self.log_tail() })
    }
}

/// The bridge's program: beside this one, or a folder up when this is a test.
fn program() -> Result<PathBuf, DemoError> {
    let this = std::env::current_exe().map_err(DemoError::io("cannot find this program"))?;
    let beside = this.with_file_name("switchboard");
    let above = this.parent().and_then(Path::parent).map(|folder| folder.join("switchboard"));
    match above.filter(|path| !beside.exists() && path.exists()) {
        Some(above) => Ok(above),
        None if beside.exists() => Ok(beside),
        None => Err(DemoError::NotBuilt(beside)),
    }
}
