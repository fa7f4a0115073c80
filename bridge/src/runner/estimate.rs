//! How long a waiting customer will probably wait.
//!
//! The pace at which agents have lately taken chats out of a queue tells how long the place in it
//! will last. It is kept in memory only: after a restart nothing is promised until there is enough
//! to judge by.

use std::collections::{BTreeMap, VecDeque};

use switchboard_engine::{QueueId, Time};

use crate::gateway::wire::Estimate;

/// What is older says nothing about now, in milliseconds.
const WINDOW_MS: u64 = 30 * 60 * 1000;
/// Fewer taken chats are no pace.
const ENOUGH: usize = 5;
/// More are not needed to know the pace.
const MOST: usize = 50;
/// The bounds of what is said, in minutes: a rounded range promises no more than is known.
const BOUNDS: [u32; 8] = [1, 2, 5, 10, 15, 30, 45, 60];

/// The pace of each queue.
#[derive(Debug, Default)]
pub(super) struct Estimator {
    taken: BTreeMap<QueueId, VecDeque<Time>>,
}

impl Estimator {
    /// An agent has taken a chat out of the queue.
    pub(super) fn taken(&mut self, queue: &QueueId, now: Time) {
        let taken = self.taken.entry(queue.clone()).or_default();
        taken.push_back(now);
        if taken.len() > MOST {
            taken.pop_front();
        }
    }

    /// What can be said about the wait at a place, from 1.
    pub(super) fn estimate(&self, queue: &QueueId, position: u32, now: Time) -> Option<Estimate> {
        let recent = self.taken.get(queue)?.iter().filter(|at| (now - **at).0 <= WINDOW_MS);
        let (first, count) =
            recent.fold((None, 0_u64), |(first, count), at| (first.or(Some(*at)), count + 1));
        if count < ENOUGH as u64 {
            return None;
        }
        // Up to now, not to the last one: a queue that has come to a standstill is slow.
        let span = (now - first?).0.max(1);
        Some(range(u64::from(position) * span / (count - 1) / 60_000))
    }
}

/// The range that a number of minutes is in.
fn range(minutes: u64) -> Estimate {
    let at_most = BOUNDS.iter().copied().find(|bound| minutes < u64::from(*bound));
    let at_least = BOUNDS.iter().rev().copied().find(|bound| u64::from(*bound) <= minutes);
    Estimate { at_least: at_least.unwrap_or(0), at_most }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    fn sales() -> QueueId {
        QueueId("sales".to_owned())
    }

    /// A queue out of which a chat was taken at each of these minutes.
    fn after(minutes: &[u64]) -> Estimator {
        let mut estimator = Estimator::default();
        for minute in minutes {
            estimator.taken(&sales(), Time(minute * MINUTE));
        }
        estimator
    }

    #[test]
    fn nothing_is_said_without_enough_samples() {
        assert_eq!(Estimator::default().estimate(&sales(), 1, Time(0)), None);
        assert_eq!(after(&[0, 1, 2, 3]).estimate(&sales(), 1, Time(4 * MINUTE)), None);
        let old = after(&[0, 1, 2, 3, 4, 5]);
        assert_eq!(old.estimate(&sales(), 1, Time(40 * MINUTE)), None, "that was long ago");
    }

    #[test]
    fn the_pace_and_the_place_make_a_range() {
        let estimator = after(&[0, 2, 4, 6, 8, 10]);
        for (position, at_least, at_most) in
            [(1, 2, Some(5)), (3, 5, Some(10)), (5, 10, Some(15)), (40, 60, None)]
        {
            let said = estimator.estimate(&sales(), position, Time(10 * MINUTE));
            assert_eq!(said, Some(Estimate { at_least, at_most }), "at place {position}");
        }
    }

    #[test]
    fn a_fast_queue_takes_less_than_a_minute() {
        let mut estimator = Estimator::default();
        for second in 0..10 {
            estimator.taken(&sales(), Time(second * 1000));
        }
        let said = estimator.estimate(&sales(), 3, Time(10_000));
        assert_eq!(said, Some(Estimate { at_least: 0, at_most: Some(1) }));
    }

    #[test]
    fn a_standstill_slows_the_pace() {
        let estimator = after(&[0, 1, 2, 3, 4]);
        let busy = estimator.estimate(&sales(), 1, Time(4 * MINUTE));
        let still = estimator.estimate(&sales(), 1, Time(25 * MINUTE));
        assert_eq!(busy, Some(Estimate { at_least: 1, at_most: Some(2) }));
        assert_eq!(still, Some(Estimate { at_least: 5, at_most: Some(10) }));
    }
}
