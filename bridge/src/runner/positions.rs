//! When places in the queues are told: at once, but not more often than bearable.

use std::time::Duration;

use tokio::time::Instant;

use super::Runner;

/// How often places in the queues are told, at most.
pub(super) const POSITIONS_EVERY: Duration = Duration::from_secs(1);

/// What is known about telling places.
#[derive(Debug)]
pub(super) struct Positions {
    /// They may have changed since.
    pub(super) stale: bool,
    pub(super) told: Instant,
}

impl Default for Positions {
    fn default() -> Self {
        let long_ago = Instant::now().checked_sub(POSITIONS_EVERY);
        Self { stale: true, told: long_ago.unwrap_or_else(Instant::now) }
    }
}

impl Runner {
    /// Tells the places in the queues when they changed: at once, but not more often than bearable.
    pub(super) fn tell_positions(&mut self) {
        if self.positions.stale && self.positions.told.elapsed() >= POSITIONS_EVERY {
            self.positions = Positions { stale: false, told: Instant::now() };
            self.state.publish_positions();
        }
    }
}
