//! The demo: a homeserver, the bridge and a shop, all on this machine.
//!
//! `cargo xtask demo` shows it to people, `--smoke` plays a conversation in it, `--json` lends it
//! to the browser tests, and the system tests use its [`stack`] directly.

mod bridge;
mod config;
mod control;
mod error;
mod present;
mod shop;
mod smoke;
pub mod stack;
mod state;

use std::{fs::File, path::PathBuf};

use tokio::signal::unix::{SignalKind, signal};

pub use bridge::Bridge;
pub use config::QueueTimes;
pub use error::DemoError;
pub use state::{AGENTS, Login, Ports, State};

use crate::process::target_directory;
use stack::{Stack, StackOptions};

/// What the demo is asked to do.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    /// Play one whole conversation, print it, and exit with 0 if every step was seen
    #[arg(long)]
    pub smoke: bool,
    /// Forget the data of earlier runs
    #[arg(long)]
    pub fresh: bool,
    /// Print one line of JSON with the addresses and logins, and obey control requests
    #[arg(long)]
    pub json: bool,
    /// Where the data is kept
    #[arg(long)]
    pub data: Option<PathBuf>,
}

/// Runs the demo until it is told to stop, or until the conversation has been played.
pub async fn run(options: Options) -> Result<(), DemoError> {
    // A smoke run shall not touch the data of the demo that somebody shows to others.
    let temporary = (options.smoke && options.data.is_none())
        .then(|| tempfile::Builder::new().prefix("switchboard-smoke-").tempdir())
        .transpose()
        .map_err(DemoError::io("cannot make a temporary directory"))?;
    let data = match (&temporary, &options.data) {
        (Some(temporary), _) => temporary.path().to_path_buf(),
        (None, Some(data)) => data.clone(),
        (None, None) => target_directory().join("demo"),
    };
    let _lock = lock(&data)?;
    if options.fresh {
        state::forget(&data)?;
    }

    let say = |text: String| {
        if !options.json {
            println!("{text}");
        }
    };
    let mut stack_options = StackOptions::new(&data);
    stack_options.detached = true;
    if options.json {
        stack_options.times = QueueTimes::BRISK;
    }
    let mut stack = tokio::select! {
        stack = Stack::start(stack_options, &say) => stack?,
        () = told_to_stop() => return Ok(()),
    };

    let addresses = stack.addresses();
    let result = if options.smoke {
        tokio::select! {
            played = smoke::play(&addresses) => played,
            died = stack.watch() => Err(died),
            () = told_to_stop() => Err(DemoError::Interrupted),
        }
    } else if options.json {
        control::serve(&mut stack, told_to_stop()).await
    } else {
        println!("{}", present::text(&addresses, &data));
        tokio::select! {
            died = stack.watch() => Err(died),
            () = told_to_stop() => Ok(()),
        }
    };
    if !options.smoke && !options.json {
        println!("\nStopping …");
    }
    if result.is_err() && options.smoke {
        eprintln!("--- the end of the bridge's log ---\n{}\n---", stack.bridge_log_tail());
    }
    stack.stop().await?;
    result
}

/// Two demos on the same data would disturb each other.
fn lock(data: &std::path::Path) -> Result<File, DemoError> {
    std::fs::create_dir_all(data)
        .map_err(DemoError::io(format!("cannot make {}", data.display())))?;
    let path = data.join("lock");
    let file =
        File::create(&path).map_err(DemoError::io(format!("cannot open {}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => Err(DemoError::Running(data.to_path_buf())),
    }
}

/// Ctrl-C, or a polite request to stop.
async fn told_to_stop() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
