//! Lengths of time as people write them: `45s`, `2m`, `1h`, `1h30m`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use switchboard_engine::Span;

/// A number of seconds, written with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub u64);

impl Seconds {
    /// A span without what nobody asks about: seconds after an hour, minutes after a day.
    #[must_use]
    pub fn about(span: Span) -> Self {
        let seconds = span.0 / 1000;
        let unit = match seconds {
            0..3600 => 1,
            3600..86_400 => 60,
            _ => 3600,
        };
        Self(seconds / unit * unit)
    }
}

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

impl FromStr for Seconds {
    type Err = String;

    /// Reads `45s`, `2m`, `1h30m`, `90` (seconds), and `0`, `never` or `none`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("“{text}” is no length of time: write 45s, 2m, 1h or 1h30m");
        let text = text.trim().to_lowercase();
        if matches!(text.as_str(), "never" | "none") {
            return Ok(Self(0));
        }
        let (mut total, mut number, mut least) = (0_u64, String::new(), u64::MAX);
        for character in text.chars() {
            if character.is_ascii_digit() {
                number.push(character);
                continue;
            }
            let (_, unit) =
                UNITS.into_iter().find(|(name, _)| *name == character).ok_or_else(wrong)?;
            let count: u64 = number.parse().map_err(|_| wrong())?;
            if unit >= least {
                return Err(wrong());
            }
            least = unit;
            total = count.checked_mul(unit).and_then(|n| n.checked_add(total)).ok_or_else(wrong)?;
            number.clear();
        }
        if number.is_empty() && least < u64::MAX {
            return Ok(Self(total));
        }
        if least < u64::MAX {
            return Err(wrong());
        }
        number.parse().map(Self).map_err(|_| wrong())
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (name, unit) in UNITS {
            if rest >= unit {
                write!(f, "{}{name}", rest / unit)?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, expected) in [
            ("45s", Some(45)),
            ("2m", Some(120)),
            ("1h", Some(3600)),
            ("1h30m", Some(5400)),
            ("1H", Some(3600)),
            ("2d", Some(172_800)),
            ("90", Some(90)),
            ("0", Some(0)),
            ("never", Some(0)),
            ("", None),
            ("s", None),
            ("-5s", None),
            ("1m1h", None),
            ("1m2", None),
            ("2 weeks", None),
            ("1.5h", None),
            ("99999999999999999999s", None),
            ("999999999999999999d", None),
        ] {
            assert_eq!(text.parse::<Seconds>().ok(), expected.map(Seconds), "{text}");
        }
        assert_eq!(Seconds(5425).to_string(), "1h30m25s");
        assert_eq!(Seconds(0).to_string(), "0s");
    }

    #[test]
    fn long_spans_are_said_roughly() {
        for (ms, expected) in [
            (999, "0s"),
            (61_999, "1m1s"),
            (3_599_000, "59m59s"),
            (3_725_000, "1h2m"),
            (86_399_000, "23h59m"),
            (90_061_000, "1d1h"),
        ] {
            assert_eq!(Seconds::about(Span(ms)).to_string(), expected);
        }
    }
}
