//! Moments as they are told to people: by the clock of the contact centre.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use switchboard_engine::{Span, Time};

use crate::{
    duration::Seconds,
    hours::{self, IsoDate},
    model::Centre,
};

/// The time in a time zone.
#[derive(Clone, Debug)]
pub struct WallClock {
    zone: TimeZone,
    now: Time,
}

impl WallClock {
    /// The time in the zone with this IANA name. One that does not exist, which
    /// [`Centre::validate`] refuses, counts as UTC.
    #[must_use]
    pub fn new(zone: &str, now: Time) -> Self {
        Self { zone: hours::zone(zone).unwrap_or(TimeZone::UTC), now }
    }

    /// Today's date.
    #[must_use]
    pub fn date(&self) -> IsoDate {
        IsoDate(self.local(self.now).date())
    }

    /// A moment: `14:05`, and on another day `Mon 2026-11-23 14:05`.
    #[must_use]
    pub fn tell(&self, moment: Time) -> String {
        let moment = self.local(moment);
        let form =
            if IsoDate(moment.date()) == self.date() { "%H:%M" } else { "%a %Y-%m-%d %H:%M" };
        moment.strftime(form).to_string()
    }

    /// The day of a moment in full: `Wednesday, 25 November 2026`.
    #[must_use]
    pub fn day(&self, moment: Time) -> String {
        self.local(moment).strftime("%A, %-d %B %Y").to_string()
    }

    /// The time of day of a moment: `14:05`.
    #[must_use]
    pub fn time(&self, moment: Time) -> String {
        self.local(moment).strftime("%H:%M").to_string()
    }

    /// The zone, and how far it was from UTC at a moment: `Europe/Berlin (UTC+01:00)`.
    #[must_use]
    pub fn zone_at(&self, moment: Time) -> String {
        let name = self.zone.iana_name().unwrap_or("UTC");
        if name == "UTC" {
            return name.to_owned();
        }
        let offset = self.zone.to_offset(timestamp(moment)).seconds();
        let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
        format!("{name} (UTC{sign}{:02}:{:02})", minutes / 60, minutes % 60)
    }

    /// A moment as RFC 3339 in UTC, with milliseconds.
    #[must_use]
    pub fn rfc_3339(moment: Time) -> String {
        format!("{:.3}", timestamp(moment))
    }

    /// How long ago a moment was.
    #[must_use]
    pub fn ago(&self, moment: Time) -> Seconds {
        let Span(ms) = self.now - moment;
        Seconds::about(Span(ms))
    }

    /// Since when, and for how long: `14:05 (1h5m)`.
    #[must_use]
    pub fn since(&self, moment: Time) -> String {
        format!("{} ({})", self.tell(moment), self.ago(moment))
    }

    /// A time beyond what a calendar holds counts as its end.
    fn local(&self, moment: Time) -> DateTime {
        self.zone.to_datetime(timestamp(moment))
    }
}

fn timestamp(moment: Time) -> Timestamp {
    let ms = i64::try_from(moment.0).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

impl Centre {
    /// The clock of the contact centre.
    #[must_use]
    pub fn wall_clock(&self, now: Time) -> WallClock {
        WallClock::new(&self.time_zone, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wednesday 2026-11-25 00:10 in Berlin, still Tuesday in UTC.
    const NOW: Time = Time(1_795_561_800_000);

    #[test]
    fn moments_are_told_by_the_clock_of_the_zone() {
        let minutes_ago = |minutes: u64| Time(NOW.0 - minutes * 60_000);
        for (zone, date, since) in [
            ("Europe/Berlin", "Wed 2026-11-25", "Tue 2026-11-24 23:50 (20m)"),
            ("UTC", "Tue 2026-11-24", "22:50 (20m)"),
            ("Not/AZone", "Tue 2026-11-24", "22:50 (20m)"),
        ] {
            let clock = WallClock::new(zone, NOW);
            assert_eq!(clock.date().with_weekday(), date, "{zone}");
            assert_eq!(clock.since(minutes_ago(20)), since, "{zone}");
        }
        let clock = WallClock::new("Europe/Berlin", NOW);
        assert_eq!(clock.tell(minutes_ago(5)), "00:05");
        assert_eq!(clock.date().days_before(25).with_weekday(), "Sat 2026-10-31");
        assert_eq!(clock.day(NOW), "Wednesday, 25 November 2026");
        assert_eq!(clock.time(NOW), "00:10");
        assert_eq!(clock.zone_at(NOW), "Europe/Berlin (UTC+01:00)");
        assert_eq!(WallClock::new("UTC", NOW).zone_at(NOW), "UTC");
        assert_eq!(WallClock::rfc_3339(NOW), "2026-11-24T23:10:00.000Z");
        // Nothing that a broken clock says brings the bridge down.
        assert!(!clock.tell(Time(u64::MAX)).is_empty());
    }
}
