//! The `switchboard` program: arguments, logs, signals.

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use switchboard::{
    app::{self, AppError, StartOptions},
    appservice::registration::registration,
    check,
    config::{Config, LogFormat},
};
use tokio_util::sync::CancellationToken;
use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::filter_fn, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// Turns a Matrix homeserver into a contact centre.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file.
    #[arg(long, env = "SWITCHBOARD_CONFIG", default_value = "switchboard.toml", global = true)]
    config: PathBuf,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run the bridge.
    Run {
        /// Start although the database has lost acknowledged data, and go on without it.
        #[arg(long)]
        accept_rollback: bool,
        /// Take queues, people, sites and predefined messages from the configuration file, in the
        /// place of all that commands have changed.
        #[arg(long)]
        take_file: bool,
    },
    /// Write the registration file that the homeserver needs.
    Registration {
        /// Where to; standard output if it is not given.
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Look for mistakes in the configuration and on the homeserver.
    Check,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match start(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("switchboard: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let config = Config::load(&arguments.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.task {
        Task::Registration { output } => {
            let text = registration(&config, &config.namespace()?);
            match output {
                Some(path) => write_secret(&path, &text)?,
                None => print!("{text}"),
            }
            Ok(ExitCode::SUCCESS)
        }
        Task::Check => {
            let (text, well) = check::report(&runtime.block_on(check::check(&config)));
            print!("{text}");
            Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Task::Run { accept_rollback, take_file } => {
            log(&config)?;
            runtime.block_on(async {
                let stop = CancellationToken::new();
                on_signal(stop.clone())?;
                app::run(config, StartOptions { accept_rollback, take_file }, stop).await
            })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Writes a file that only its owner may read.
fn write_secret(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

fn log(config: &Config) -> Result<(), Box<dyn std::error::Error>> {
    let level = EnvFilter::try_new(&config.log.level)?;
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let lines = match config.log.format {
        LogFormat::Human => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let discreet = filter_fn(|event| may_be_logged(event.target(), *event.level()));
    tracing_subscriber::registry().with(lines).with(level).with(discreet).init();
    Ok(())
}

/// Libraries that tell much log frames, headers and bodies, with texts and tokens in them. Whatever
/// level is asked for, only our own code may be that talkative.
fn may_be_logged(target: &str, level: Level) -> bool {
    let library = target.split("::").next().unwrap_or_default();
    match library {
        "switchboard" | "switchboard_engine" => true,
        "tungstenite" | "tokio_tungstenite" => false,
        _ => level <= Level::INFO,
    }
}

fn on_signal(stop: CancellationToken) -> Result<(), AppError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(AppError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(AppError::Signals)?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stop.cancel();
    });
    Ok(())
}
