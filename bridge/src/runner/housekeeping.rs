//! What is long over is put away or deleted, a little at a time.

use std::time::Duration;

use tokio::time::Instant;

use super::Runner;

/// How long the keys of handled inbox items are kept, in milliseconds: homeservers repeat old events.
pub(crate) const KEEP_KEYS_MS: u64 = 90 * 24 * 60 * 60 * 1000;
/// How soon the next of what is to be deleted follows, so that people need not wait meanwhile.
const NEXT_DELETION: Duration = Duration::from_millis(500);

impl Runner {
    /// Puts away what is long over. Failing does no harm: the next time will do.
    pub(super) async fn keep_house(&mut self) {
        if let Err(error) = self.state.archive_old_chats().await {
            tracing::warn!(%error, "chats that are long over cannot be put away");
        }
        if let Err(error) = self.state.tidy().await {
            tracing::warn!(%error, "what is too old cannot be deleted");
        }
        if let Err(error) = self.state.forget_tokens().await {
            tracing::warn!(%error, "tokens that are long over cannot be forgotten");
        }
        if let Err(error) = self.state.forget_unused_files().await {
            tracing::warn!(%error, "files that were never sent cannot be deleted");
        }
        let before = self.state.now().0.saturating_sub(KEEP_KEYS_MS);
        match self.store.forget_keys(before).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::debug!(forgotten, "old inbox keys are forgotten"),
            Err(error) => tracing::warn!(%error, "old inbox keys cannot be forgotten"),
        }
    }

    /// Deletes some of the chats whose retention is over. Says when to go on, if there may be more.
    pub(super) async fn delete_expired(&mut self) -> Option<Instant> {
        match self.state.forget_expired().await {
            Ok(more) => more.then(|| Instant::now() + NEXT_DELETION),
            Err(error) => {
                tracing::warn!(%error, "chats whose retention is over cannot be deleted");
                None
            }
        }
    }
}
