//! Whether the homeserver answers.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::matrix::client::{CallError, Homeserver};

/// How often a silent homeserver is asked whether it is back.
const PROBE_EVERY: Duration = Duration::from_millis(500);
/// How often one that answers is looked at: more often than one can restart.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// After how many failures in a row a homeserver whose address somebody answers counts as silent.
const ABSENT_AFTER: u32 = 2;

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

    /// Waits until it is back. A change since the last call counts too.
    pub async fn came_back(&self, changes: &mut watch::Receiver<bool>) {
        // The sender lives as long as `self`.
        while changes.changed().await.is_ok() {
            if *changes.borrow_and_update() {
                return;
            }
        }
    }

    /// Asks the homeserver whether it is there: often while it is silent, and now and then while it
    /// answers, since it can go and come back without anybody having needed it. Runs until it is
    /// told to stop.
    pub async fn probe(self, homeserver: Homeserver, stop: CancellationToken) {
        let mut changes = self.0.subscribe();
        let mut failures = 0;
        loop {
            let pause = if self.is_up() { LOOK_EVERY } else { PROBE_EVERY };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                _ = changes.changed() => continue,
            }
            match homeserver.versions().await {
                Ok(_) => {
                    failures = 0;
                    if !self.is_up() {
                        tracing::info!("the homeserver answers again");
                        self.0.send_replace(true);
                    }
                }
                // Nobody is there to be asked again.
                Err(CallError::Unreachable(_)) => self.report_down(),
                // Behind a proxy, or while it hangs. Once may be a slow moment.
                Err(error) if error.is_absence() => {
                    failures += 1;
                    if failures >= ABSENT_AFTER {
                        self.report_down();
                    }
                }
                Err(_) => failures = 0,
            }
        }
    }
}
