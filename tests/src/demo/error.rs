//! What can go wrong, and what to do about it.

use std::{io, path::PathBuf, process::ExitStatus};

use crate::{agent::AgentError, synapse::SynapseError};

/// Why the demo stopped.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The homeserver.
    #[error(transparent)]
    Synapse(#[from] SynapseError),
    /// A scripted agent.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// A file or a process.
    #[error("{what}: {source}")]
    Io {
        /// What failed.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// The bridge has not been built.
    #[error("there is no {0}; run `cargo build --workspace` first")]
    NotBuilt(PathBuf),
    /// Another demo uses the same data.
    #[error("another demo is running on {0}; stop it, or give this one another --data directory")]
    Running(PathBuf),
    /// A remembered port is in use.
    #[error(
        "port {port}, remembered in {file}, is used by another program; stop that, or begin anew \
         with --fresh"
    )]
    PortTaken {
        /// Which.
        port: u16,
        /// Where it is remembered.
        file: PathBuf,
    },
    /// A command of the bridge failed.
    #[error("`switchboard {command}` failed ({status}):\n{output}")]
    Command {
        /// Which.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it printed.
        output: String,
    },
    /// A child ended by itself.
    #[error("{who} ended by itself ({status}); the end of its log:\n{log}")]
    Died {
        /// Which one.
        who: &'static str,
        /// How.
        status: String,
        /// The tail of its log.
        log: String,
    },
    /// The bridge runs but does not answer.
    #[error("the bridge did not answer at {url}; the end of its log:\n{log}")]
    Silent {
        /// Where it was asked.
        url: String,
        /// The tail of its log.
        log: String,
    },
    /// A step of the conversation was not seen.
    #[error("the conversation stopped: {0}")]
    Conversation(String),
    /// The conversation took too long.
    #[error("the conversation took longer than {0:?}")]
    TooLong(std::time::Duration),
    /// Somebody pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl DemoError {
    /// For `map_err`.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
