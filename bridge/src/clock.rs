//! The one place that reads the wall clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use switchboard_engine::Time;

/// Tells the time. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System { offset_ms: u64 },
    Manual(ManualClock),
}

impl Default for Clock {
    fn default() -> Self {
        Self(Source::System { offset_ms: 0 })
    }
}

impl Clock {
    /// The system's clock. `SWITCHBOARD_TEST_CLOCK_OFFSET_MS` moves it forward, so that tests can
    /// come back "an hour later".
    #[must_use]
    pub fn system() -> Self {
        let offset_ms = std::env::var("SWITCHBOARD_TEST_CLOCK_OFFSET_MS")
            .ok()
            .and_then(|value| value.parse().ok())
            .unwrap_or(0);
        Self(Source::System { offset_ms })
    }

    /// A clock that has stopped, for tests.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn stopped(at: Time) -> Self {
        let hands = ManualClock::default();
        hands.set(at);
        hands.clock()
    }

    /// Now, in milliseconds since the Unix epoch; 0 if the system's clock is before it.
    #[must_use]
    pub fn now(&self) -> Time {
        match &self.0 {
            Source::System { offset_ms } => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
                Time(ms.saturating_add(*offset_ms))
            }
            Source::Manual(hands) => hands.now(),
        }
    }
}

/// A clock that stands still until it is set: for simulations and tests. A clone is another handle
/// to the same clock.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Sets it. Unlike an engine's, its time may go backwards, as a system's can.
    pub fn set(&self, now: Time) {
        self.0.store(now.0, Ordering::Relaxed);
    }

    fn now(&self) -> Time {
        Time(self.0.load(Ordering::Relaxed))
    }

    /// It, for those who only look.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock(Source::Manual(self.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_shows_what_it_was_set_to() {
        let hands = ManualClock::default();
        let clock = hands.clock();
        assert_eq!(clock.now(), Time(0));
        for now in [5, 7, 6].map(Time) {
            hands.set(now);
            assert_eq!(clock.clone().now(), now);
        }
    }
}
