//! What can go wrong with a measurement.

use std::time::Duration;

use switchboard::matrix::client::CallError;

use crate::{customer::Failure, synapse::SynapseError};

/// Why there is no result. Missing a target is a result.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The homeserver.
    #[error(transparent)]
    Synapse(#[from] SynapseError),
    /// A call of an appservice.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A call of a customer.
    #[error("a customer's request failed: {0}")]
    Customer(#[from] Failure),
    /// A request to the homeserver had no answer.
    #[error("a request to the homeserver failed: {0}")]
    Http(#[from] reqwest::Error),
    /// The homeserver said no.
    #[error("the homeserver refused {what}: {answer}")]
    Refused {
        /// What was asked.
        what: String,
        /// What it said.
        answer: String,
    },
    /// Something did not come.
    #[error("no {what} within {after:?}")]
    Late {
        /// What.
        what: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// A file.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Something was not as it must be.
    #[error("{0}")]
    Broken(String),
}

impl BenchError {
    pub(super) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}

/// How long anything single may take.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// Waits, but not for ever.
pub(super) async fn within<T>(
    what: impl Into<String>,
    after: Duration,
    wait: impl Future<Output = T>,
) -> Result<T, BenchError> {
    let waited = tokio::time::timeout(after, wait).await;
    waited.map_err(|_| BenchError::Late { what: what.into(), after })
}
