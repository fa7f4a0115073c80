//! Hours on the time line.

use std::{collections::BTreeSet, sync::LazyLock};

use jiff::{
    Timestamp,
    civil::{Date, Time as Clock},
    tz::{TimeZone, TimeZoneDatabase},
};
use switchboard_engine::Time;

use super::{Hours, IsoDate, Range};

/// The time zones that are built in: the same everywhere, whatever is installed.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The time zone with this IANA name.
#[must_use]
pub fn zone(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok()
}

/// Whether a queue with these hours is open. `time_zone` is the centre's. A time zone that does not
/// exist, which [`Centre::validate`](crate::Centre::validate) refuses, counts as UTC.
#[must_use]
pub fn is_open(hours: Option<&Hours>, time_zone: &str, now: Time) -> bool {
    let Some(hours) = hours else { return true };
    let zone = zone_of(hours, time_zone);
    timestamp(now).is_some_and(|now| open_at(hours, &zone, now))
}

/// When that changes next; `None` if it never does.
#[must_use]
pub fn next_change(hours: Option<&Hours>, time_zone: &str, now: Time) -> Option<Time> {
    let hours = hours?;
    let zone = zone_of(hours, time_zone);
    let now = timestamp(now)?;
    let open = open_at(hours, &zone, now);
    // A week repeats itself, so whatever changes does so within a week of now or of an exception;
    // but hours can fall into the gap of a clock that jumps forward, so two more weeks are looked at.
    let today = zone.to_datetime(now).date();
    let mut dates = BTreeSet::new();
    let exceptions = hours.exceptions.iter().map(|e| e.date.0).filter(|date| *date >= today);
    for date in exceptions.chain([today]) {
        let mut day = date.yesterday().ok()?;
        for _ in 0..24 {
            dates.insert(day);
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
    }
    let mut moments: Vec<Timestamp> = dates
        .into_iter()
        .flat_map(|date| intervals(hours, &zone, date))
        .flat_map(|(from, to)| [from, to])
        .filter(|moment| *moment > now)
        .collect();
    moments.sort_unstable();
    moments
        .into_iter()
        .find(|moment| open_at(hours, &zone, *moment) != open)
        .and_then(|moment| u64::try_from(moment.as_millisecond()).ok())
        .map(Time)
}

fn zone_of(hours: &Hours, time_zone: &str) -> TimeZone {
    zone(hours.time_zone.as_deref().unwrap_or(time_zone)).unwrap_or(TimeZone::UTC)
}

fn timestamp(time: Time) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(time.0).ok()?).ok()
}

fn open_at(hours: &Hours, zone: &TimeZone, now: Timestamp) -> bool {
    let today = zone.to_datetime(now).date();
    // Hours reach into a neighbouring date when the clock is set over midnight.
    [today.yesterday().ok(), Some(today), today.tomorrow().ok()]
        .into_iter()
        .flatten()
        .flat_map(|date| intervals(hours, zone, date))
        .any(|(from, to)| from <= now && now < to)
}

/// The hours of a date as moments.
fn intervals(hours: &Hours, zone: &TimeZone, date: Date) -> Vec<(Timestamp, Timestamp)> {
    ranges(hours, date)
        .into_iter()
        .filter_map(|range| {
            let from = moment(zone, date, range.from, Twice::First)?;
            let to = moment(zone, date, range.to, Twice::Second)?;
            (from < to).then_some((from, to))
        })
        .collect()
}

fn ranges(hours: &Hours, date: Date) -> Vec<Range> {
    if let Some(exception) = hours.exceptions.iter().find(|e| e.date == IsoDate(date)) {
        return exception.hours.0.clone();
    }
    if hours.week.is_empty() {
        return vec![Range::DAY];
    }
    let day = date.weekday();
    hours.week.iter().filter(|o| o.includes(day)).flat_map(|o| o.ranges.iter().copied()).collect()
}

/// Which one is meant of a time that comes twice.
#[derive(Clone, Copy)]
enum Twice {
    First,
    Second,
}

fn moment(zone: &TimeZone, date: Date, minute: u16, twice: Twice) -> Option<Timestamp> {
    let (date, minute) = if minute == 1440 { (date.tomorrow().ok()?, 0) } else { (date, minute) };
    let hour = i8::try_from(minute / 60).ok()?;
    let clock = Clock::new(hour, i8::try_from(minute % 60).ok()?, 0, 0).ok()?;
    let ambiguous = zone.to_ambiguous_timestamp(date.to_datetime(clock));
    if let jiff::tz::AmbiguousOffset::Gap { .. } = ambiguous.offset() {
        let before = ambiguous.earlier().ok()?;
        return zone.following(before).next().map(|transition| transition.timestamp());
    }
    match twice {
        Twice::First => ambiguous.earlier().ok(),
        Twice::Second => ambiguous.later().ok(),
    }
}
