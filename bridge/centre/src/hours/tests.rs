//! Hours on paper and on the clock.

use proptest::prelude::*;
use switchboard_engine::Time;

use super::{DayHours, Exception, Hours, IsoDate, Opening, is_open, next_change};

fn at(text: &str) -> Time {
    let moment: jiff::Timestamp = text.parse().expect("a moment");
    Time(u64::try_from(moment.as_millisecond()).expect("after 1970"))
}

fn hours(zone: &str, week: &[&str], exceptions: &[(&str, &str)]) -> Hours {
    Hours {
        time_zone: Some(zone.to_owned()),
        week: week.iter().map(|text| text.parse().expect("hours")).collect(),
        exceptions: exceptions
            .iter()
            .map(|(date, hours)| Exception {
                date: date.parse().expect("a date"),
                hours: hours.parse().expect("hours"),
            })
            .collect(),
    }
}

fn written(time: Option<Time>) -> String {
    time.map_or_else(
        || "never".to_owned(),
        |time| {
            jiff::Timestamp::from_millisecond(i64::try_from(time.0).expect("in range"))
                .expect("in range")
                .to_string()
        },
    )
}

#[test]
fn hours_as_people_write_them() {
    for (text, written) in [
        ("mon-fri 09:00-17:00", "mon-fri 09:00-17:00"),
        ("Mon–Fri  9:00–17:00", "mon-fri 09:00-17:00"),
        ("monday 09:00 - 12:00, 13:00-17:00", "mon 09:00-12:00,13:00-17:00"),
        ("mon,tue,sun 00:00-24:00", "mon,tue,sun 00:00-24:00"),
        ("sat-mon 10:00-11:00", "mon,sat,sun 10:00-11:00"),
        ("mon-sun 13:00-14:00,08:00-09:00", "mon-sun 08:00-09:00,13:00-14:00"),
    ] {
        assert_eq!(text.parse::<Opening>().expect(text).to_string(), written);
    }
    for (text, told) in [
        ("mon-fri", "not like mon-fri 09:00-17:00"),
        ("", "not like"),
        ("mo-fr 09:00-17:00", "“mo” is no day"),
        ("mon 9-17", "no time of day"),
        ("mon 09:00-25:00", "“25:00” is no time of day"),
        ("mon 09:60-10:00", "“09:60” is no time of day"),
        ("mon 17:00-09:00", "fri 22:00-24:00"),
        ("mon 09:00-09:00", "ends before it begins"),
        ("mon 09:00-12:00,11:00-13:00", "overlap"),
        ("mon closed", "not like 09:00-17:00"),
    ] {
        let error = text.parse::<Opening>().expect_err(text);
        assert!(error.contains(told), "{text}: {error}");
    }
    assert_eq!("Closed".parse::<DayHours>(), Ok(DayHours(vec![])));
    for wrong in ["24.12.2026", "2026-02-30", "2026-12-24T10:00", "tomorrow", "2026-1-1"] {
        assert!(wrong.parse::<IsoDate>().is_err(), "{wrong}");
    }
}

#[test]
fn open_or_closed_and_until_when() {
    let office = hours(
        "Europe/Berlin",
        &["mon-fri 09:00-12:00,13:00-17:00", "sat 10:00-14:00"],
        &[("2026-12-24", "10:00-14:00"), ("2026-12-25", "closed")],
    );
    let night = hours("UTC", &["fri 22:00-24:00", "sat 00:00-02:00"], &[]);
    let always = hours("UTC", &["mon-sun 00:00-24:00"], &[]);
    let holiday = hours("UTC", &[], &[("2027-08-01", "closed")]);
    let special = hours("UTC", &["mon 09:00-10:00"], &[("2026-11-30", "closed")]);
    // In 2026 Germany goes to summer time on 29 March (02:00 → 03:00), back on 25 October.
    let spring = hours("Europe/Berlin", &["sun 02:30-10:00"], &[]);
    let inside_gap = hours("Europe/Berlin", &["sun 02:10-02:50"], &[]);
    // Closed one Sunday, and the next one has no such time.
    let gap_after_holiday =
        hours("Europe/Berlin", &["sun 02:10-02:50"], &[("2026-03-22", "closed")]);
    let autumn = hours("Europe/Berlin", &["sun 02:00-02:30"], &[]);
    // Samoa left out 30 December 2011 altogether.
    let samoa = hours("Pacific/Apia", &["fri 09:00-17:00", "sat 09:00-10:00"], &[]);
    // In Beirut midnight itself does not exist on 29 March 2026.
    let midnight = hours("Asia/Beirut", &["sun 00:00-01:30"], &[]);
    for (hours, now, open, change) in [
        (&office, "2026-11-23T07:59:59Z", false, "2026-11-23T08:00:00Z"),
        (&office, "2026-11-23T08:00:00Z", true, "2026-11-23T11:00:00Z"),
        (&office, "2026-11-23T11:00:00Z", false, "2026-11-23T12:00:00Z"),
        (&office, "2026-07-03T15:00:00Z", false, "2026-07-04T08:00:00Z"),
        (&office, "2026-11-28T13:00:00Z", false, "2026-11-30T08:00:00Z"),
        (&office, "2026-12-24T08:30:00Z", false, "2026-12-24T09:00:00Z"),
        (&office, "2026-12-24T13:00:00Z", false, "2026-12-26T09:00:00Z"),
        (&night, "2026-11-27T23:59:59Z", true, "2026-11-28T02:00:00Z"),
        (&always, "2026-11-27T23:59:59Z", true, "never"),
        (&holiday, "2026-11-27T12:00:00Z", true, "2027-08-01T00:00:00Z"),
        (&holiday, "2027-08-01T12:00:00Z", false, "2027-08-02T00:00:00Z"),
        (&holiday, "2027-08-02T00:00:00Z", true, "never"),
        (&special, "2026-11-24T00:00:00Z", false, "2026-12-07T09:00:00Z"),
        (&spring, "2026-03-29T00:59:59Z", false, "2026-03-29T01:00:00Z"),
        (&spring, "2026-03-29T01:00:00Z", true, "2026-03-29T08:00:00Z"),
        (&inside_gap, "2026-03-29T00:59:00Z", false, "2026-04-05T00:10:00Z"),
        (&gap_after_holiday, "2026-03-21T12:00:00Z", false, "2026-04-05T00:10:00Z"),
        (&autumn, "2026-10-25T00:00:00Z", true, "2026-10-25T01:30:00Z"),
        (&autumn, "2026-10-25T00:45:00Z", true, "2026-10-25T01:30:00Z"),
        (&samoa, "2011-12-29T23:00:00Z", false, "2011-12-30T19:00:00Z"),
        (&midnight, "2026-03-28T21:59:59Z", false, "2026-03-28T22:00:00Z"),
        (&midnight, "2026-03-28T22:00:00Z", true, "2026-03-28T22:30:00Z"),
    ] {
        assert_eq!(is_open(Some(hours), "UTC", at(now)), open, "{now} {hours:?}");
        assert_eq!(written(next_change(Some(hours), "UTC", at(now))), change, "{now} {hours:?}");
    }
    assert!(is_open(None, "UTC", Time(0)));
    assert_eq!(next_change(None, "UTC", Time(0)), None);
    // The centre's time zone counts where the queue names none.
    let plain = Hours { time_zone: None, ..office };
    assert!(is_open(Some(&plain), "Europe/Berlin", at("2026-11-23T08:00:00Z")));
    assert!(!is_open(Some(&plain), "UTC", at("2026-11-23T08:00:00Z")));
}

const ZONES: [&str; 5] =
    ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "Africa/Casablanca"];

proptest! {
    /// Between now and the next change nothing changes, and then it does.
    #[test]
    fn the_next_change_is_the_next_change(
        zone in 0..ZONES.len(),
        start in 0_u64..4_000_000_000_000,
        days in 0_usize..7,
        from in 0_u16..1380,
        length in 1_u16..60,
        exceptions in proptest::collection::btree_map(0_i64..20, any::<bool>(), 0..4),
    ) {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let to = from + length;
        let text = format!(
            "{} {:02}:{:02}-{:02}:{:02}", names[days], from / 60, from % 60, to / 60, to % 60,
        );
        let mut hours = hours(ZONES[zone], &[&text], &[]);
        let now = Time(start);
        let today = jiff::Timestamp::from_millisecond(i64::try_from(start).expect("in range"))
            .expect("in range")
            .in_tz("UTC")
            .expect("UTC")
            .date();
        hours.exceptions = exceptions
            .into_iter()
            .map(|(days, closed)| Exception {
                date: IsoDate(today.saturating_add(jiff::Span::new().days(days - 2))),
                hours: if closed { "closed" } else { "08:00-09:30" }.parse().expect("hours"),
            })
            .collect();
        let open = is_open(Some(&hours), "UTC", now);
        let change = next_change(Some(&hours), "UTC", now).expect("a week has a change");
        prop_assert!(change > now);
        prop_assert_ne!(is_open(Some(&hours), "UTC", change), open);
        prop_assert_eq!(is_open(Some(&hours), "UTC", Time(change.0 - 1)), open);
        let step = ((change.0 - now.0) / 50).max(1);
        for n in 0..50 {
            let between = Time((now.0 + n * step).min(change.0 - 1));
            prop_assert_eq!(is_open(Some(&hours), "UTC", between), open);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = text.parse::<Opening>();
        let _ = text.parse::<DayHours>();
        let _ = text.parse::<IsoDate>();
        let _ = crate::template::parse(&text);
        let _ = text.parse::<crate::duration::Seconds>();
    }
}
