//! The one place that reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use switchboard_engine::Time;

/// Tells the time. Cheap to copy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    offset_ms: u64,
    #[cfg(test)]
    stopped: Option<Time>,
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
        Self {
            offset_ms,
            #[cfg(test)]
            stopped: None,
        }
    }

    /// A clock that has stopped, for tests.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn stopped(at: Time) -> Self {
        Self { stopped: Some(at), ..Self::default() }
    }

    /// Now, in milliseconds since the Unix epoch; 0 if the system's clock is before it.
    #[must_use]
    pub fn now(self) -> Time {
        #[cfg(test)]
        if let Some(at) = self.stopped {
            return at;
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        Time(ms.saturating_add(self.offset_ms))
    }
}
