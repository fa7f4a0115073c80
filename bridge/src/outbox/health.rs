//! Whether the homeserver answers.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::matrix::client::Homeserver;

/// How often a silent homeserver is asked whether it is back.
const PROBE_EVERY: Duration = Duration::from_millis(500);

/// Whether the homeserver answers: shared by all who talk to it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Health(watch::Sender<bool>);

impl Default for Health {
    fn default() -> Self {
        Self(watch::Sender::new(true))
    }
}

impl Health {
    /// Whether it answered last time.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self.0.borrow()
    }

    /// Says that it did not answer.
    pub fn report_down(&self) {
        let changed = self.0.send_if_modified(|up| std::mem::replace(up, false));
        if changed {
            tracing::warn!("the homeserver does not answer; everything waits for its return");
        }
    }

    /// Follows the changes.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    /// Waits until it answers.
    pub async fn up(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|up| *up).await;
    }

    /// Asks a silent homeserver until it answers again. Runs until it is told to stop.
    pub async fn probe(self, homeserver: Homeserver, stop: CancellationToken) {
        let mut changes = self.0.subscribe();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = changes.wait_for(|up| !*up) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PROBE_EVERY) => {}
            }
            if homeserver.versions().await.is_ok() {
                tracing::info!("the homeserver answers again");
                self.0.send_replace(true);
            }
        }
    }
}
