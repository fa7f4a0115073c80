//! Opening hours: a week, and dates that differ from it.
//!
//! Hours are wall-clock times in a time zone. Where the clock jumps forward, a time that does not
//! exist counts as the moment of the jump; where it is set back, hours that begin or end at a time
//! that comes twice begin at its first and end at its second coming.

mod calendar;
mod opening;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::{
    calendar::{is_open, next_change, zone},
    opening::{DayHours, Exception, IsoDate, Opening, Range},
};

/// When a queue is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The IANA time zone; the centre's, unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// The hours of the days of the week. Days that are not named are closed; without any entry
    /// every day is open around the clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub week: Vec<Opening>,
    /// Dates with hours of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
}
