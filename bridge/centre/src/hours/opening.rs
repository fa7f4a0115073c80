//! How hours are written: `mon-fri 09:00-17:00`, `closed`, `2026-12-24`.

use std::{fmt, str::FromStr};

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// Hours of some days of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Opening {
    /// For each day from Monday whether it is meant.
    days: [bool; 7],
    /// From when to when.
    pub ranges: Vec<Range>,
}

/// A time of one day, in minutes since midnight; the end is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// 0 to 1439.
    pub from: u16,
    /// Later than `from`, up to 1440 (24:00).
    pub to: u16,
}

impl Range {
    /// From midnight to midnight.
    pub const DAY: Self = Self { from: 0, to: 1440 };
}

/// The hours of one date: `closed`, or ranges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DayHours(pub Vec<Range>);

/// A date with hours of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Which date.
    pub date: IsoDate,
    /// Its hours.
    pub hours: DayHours,
}

/// A date written as `2026-12-24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IsoDate(pub Date);

impl IsoDate {
    /// The date so many days before this one.
    #[must_use]
    pub fn days_before(self, days: u32) -> Self {
        Self(self.0.saturating_sub(jiff::Span::new().days(days)))
    }

    /// With the day of the week: `Thu 2026-12-24`.
    #[must_use]
    pub fn with_weekday(self) -> String {
        self.0.strftime("%a %Y-%m-%d").to_string()
    }
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Opening {
    /// Whether it is about this day of the week.
    #[must_use]
    pub fn includes(&self, day: Weekday) -> bool {
        usize::try_from(day.to_monday_zero_offset()).is_ok_and(|n| self.days[n])
    }

    /// The days that both are about.
    #[must_use]
    pub fn shared_day(&self, other: &Self) -> Option<&'static str> {
        (0..7).find(|&n| self.days[n] && other.days[n]).map(|n| DAYS[n])
    }
}

impl FromStr for Opening {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = normal(text);
        let (days, hours) = text
            .split_once(' ')
            .ok_or_else(|| format!("“{text}” is not like mon-fri 09:00-17:00"))?;
        Ok(Self { days: parse_days(days)?, ranges: parse_ranges(hours)? })
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        let mut day = 0;
        while day < 7 {
            let run = self.days[day..].iter().take_while(|meant| **meant).count();
            if run > 0 {
                if !first {
                    f.write_str(",")?;
                }
                first = false;
                f.write_str(DAYS[day])?;
                match run {
                    1 => {}
                    2 => write!(f, ",{}", DAYS[day + 1])?,
                    _ => write!(f, "-{}", DAYS[day + run - 1])?,
                }
            }
            day += run.max(1);
        }
        write!(f, " {}", written(&self.ranges))
    }
}

impl FromStr for DayHours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = normal(text);
        if text == "closed" { Ok(Self(Vec::new())) } else { parse_ranges(&text).map(Self) }
    }
}

impl fmt::Display for DayHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("closed") } else { f.write_str(&written(&self.0)) }
    }
}

impl FromStr for IsoDate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("“{text}” is no date such as 2026-12-24");
        let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if !plain {
            return Err(form());
        }
        text.parse().map(Self).map_err(|_| form())
    }
}

impl fmt::Display for IsoDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Lower case, single spaces, and no dashes but the plain one.
fn normal(text: &str) -> String {
    let text = text.to_lowercase().replace(['–', '—'], "-");
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace(", ", ",").replace(" - ", "-")
}

fn parse_days(text: &str) -> Result<[bool; 7], String> {
    let number = |name: &str| {
        DAYS.iter()
            .position(|day| {
                name == *day || (name.len() > 3 && name.starts_with(day) && name.ends_with("day"))
            })
            .ok_or_else(|| format!("“{name}” is no day: write {}", DAYS.join(", ")))
    };
    let mut days = [false; 7];
    for part in text.split(',') {
        let (from, to) = match part.split_once('-') {
            Some((from, to)) => (number(from)?, number(to)?),
            None => (number(part)?, number(part)?),
        };
        // Over the end of the week, too: sat-mon.
        let mut day = from;
        loop {
            days[day] = true;
            if day == to {
                break;
            }
            day = (day + 1) % 7;
        }
    }
    Ok(days)
}

fn parse_ranges(text: &str) -> Result<Vec<Range>, String> {
    let mut ranges = Vec::new();
    for part in text.split([',', ' ']).filter(|part| !part.is_empty()) {
        let (from, to) =
            part.split_once('-').ok_or_else(|| format!("“{part}” is not like 09:00-17:00"))?;
        let range = Range { from: parse_minute(from)?, to: parse_minute(to)? };
        if range.from >= range.to {
            return Err(format!(
                "{part} ends before it begins; hours past midnight are two, as in fri 22:00-24:00 \
                 and sat 00:00-02:00"
            ));
        }
        ranges.push(range);
    }
    if ranges.is_empty() {
        return Err("hours such as 09:00-17:00 are missing".to_owned());
    }
    ranges.sort_unstable();
    if let Some(pair) = ranges.windows(2).find(|pair| pair[0].to > pair[1].from) {
        return Err(format!("{} and {} overlap", written(&pair[..1]), written(&pair[1..])));
    }
    Ok(ranges)
}

fn parse_minute(text: &str) -> Result<u16, String> {
    let wrong = || format!("“{text}” is no time of day such as 09:00");
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let digits = |t: &str| (1..=2).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) || minute.len() != 2 {
        return Err(wrong());
    }
    let hour: u16 = hour.parse().map_err(|_| wrong())?;
    let minute: u16 = minute.parse().map_err(|_| wrong())?;
    let total = hour * 60 + minute;
    if minute < 60 && total <= 1440 { Ok(total) } else { Err(wrong()) }
}

fn written(ranges: &[Range]) -> String {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    ranges.iter().map(|r| format!("{}-{}", time(r.from), time(r.to))).collect::<Vec<_>>().join(",")
}

macro_rules! as_text {
    ($($name:ty),*) => {$(
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    )*};
}

as_text!(Opening, DayHours, IsoDate);
