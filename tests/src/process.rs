//! Child processes.

use std::{io, path::PathBuf, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

/// Asks a child to stop (SIGTERM) and kills it when it takes longer than `grace`.
pub async fn stop(child: &mut Child, grace: Duration) -> io::Result<()> {
    signal(child, Signal::TERM)?;
    match tokio::time::timeout(grace, child.wait()).await {
        Ok(status) => status.map(|_| ()),
        Err(_) => child.kill().await,
    }
}

/// Sends a child a signal, if it still runs.
pub fn signal(child: &Child, signal: Signal) -> io::Result<()> {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    match pid {
        Some(pid) => Ok(kill_process(pid, signal)?),
        None => Ok(()),
    }
}

/// The repository.
#[must_use]
pub fn repository() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.parent().map(PathBuf::from).unwrap_or(tests)
}

/// Where Cargo and the tasks put what they make.
#[must_use]
pub fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from)
}
