//! Moments as files and people write them.

use jiff::Timestamp;
use switchboard_engine::Time;

/// A moment as RFC 3339, to the second.
#[must_use]
pub fn rfc3339(time: Time) -> String {
    let seconds = i64::try_from(time.0 / 1000).unwrap_or(i64::MAX);
    // What no calendar reaches is shown as the last moment that one does.
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_the_second() {
        for (ms, expected) in
            [(0, "1970-01-01T00:00:00Z"), (1_764_036_000_999, "2025-11-25T02:00:00Z")]
        {
            assert_eq!(rfc3339(Time(ms)), expected);
        }
    }
}
