//! What can go wrong, and what to do about it.

use std::{fmt, io};

/// Why a task stopped.
#[derive(Debug)]
pub(crate) enum Error {
    /// Something is not installed.
    Missing {
        /// One line each: what is missing and how to get it.
        hints: Vec<String>,
    },
    /// A command ended with a failure.
    Failed {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
    },
    /// Something could not be done.
    Io {
        /// What.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// Some checks or tests failed; they have been told already.
    Tests {
        /// Which steps.
        steps: Vec<String>,
    },
}

impl Error {
    /// For `map_err`: "cannot <what>".
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { hints } => {
                write!(f, "something is not installed:")?;
                hints.iter().try_for_each(|hint| write!(f, "\n  {hint}"))
            }
            Self::Failed { command, status } => write!(f, "`{command}` failed ({status})"),
            Self::Io { what, source } => write!(f, "cannot {what}: {source}"),
            Self::Tests { steps } => write!(f, "failed: {}", steps.join(", ")),
        }
    }
}

impl std::error::Error for Error {}
