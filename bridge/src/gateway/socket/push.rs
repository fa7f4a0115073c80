//! When to push the live state: soon, but not too often.

use std::time::Duration;

use tokio::time::Instant;

use crate::gateway::{state::Times, wire::LiveState};

/// What the page was told last, and when.
#[derive(Debug)]
pub(super) struct Push {
    told: LiveState,
    at: Instant,
    position_at: Instant,
    gap: Duration,
    position_gap: Duration,
}

impl Push {
    /// The page has just been told `told`.
    pub(super) fn new(told: LiveState, times: &Times) -> Self {
        let now = Instant::now();
        Self { told, at: now, position_at: now, gap: times.live, position_gap: times.position }
    }

    /// When the page is to be told `state`; `None` if it knows.
    pub(super) fn due(&self, state: &LiveState) -> Option<Instant> {
        if *state == self.told {
            return None;
        }
        let told = &self.told;
        let only_position =
            LiveState { position: told.position, estimate: told.estimate, ..state.clone() };
        if only_position == self.told {
            Some((self.position_at + self.position_gap).max(self.at + self.gap))
        } else {
            Some(self.at + self.gap)
        }
    }

    /// The page is being told `state`.
    pub(super) fn tell(&mut self, state: LiveState) {
        self.at = Instant::now();
        if (state.position, state.estimate) != (self.told.position, self.told.estimate) {
            self.position_at = self.at;
        }
        self.told = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::wire::Estimate;

    #[tokio::test(start_paused = true)]
    async fn places_in_the_queue_wait_longer_than_the_rest() {
        let times = Times::default();
        let start = Instant::now();
        let mut push = Push::new(LiveState::default(), &times);
        assert_eq!(push.due(&LiveState::default()), None);
        let second = LiveState { position: Some(2), ..LiveState::default() };
        assert_eq!(push.due(&second), Some(start + times.position));
        let estimate = Some(Estimate { at_least: 5, at_most: None });
        let longer = LiveState { estimate, ..LiveState::default() };
        assert_eq!(push.due(&longer), Some(start + times.position));
        let typing = LiveState { typing: vec!["Anna".to_owned()], ..second.clone() };
        assert_eq!(push.due(&typing), Some(start + times.live));
        tokio::time::advance(times.live).await;
        push.tell(typing.clone());
        assert_eq!(push.due(&typing), None);
        let first = LiveState { position: Some(1), ..typing.clone() };
        assert_eq!(push.due(&first), Some(start + times.live + times.position));
        let silent = LiveState { typing: Vec::new(), ..typing };
        assert_eq!(push.due(&silent), Some(start + times.live + times.live));
    }
}
