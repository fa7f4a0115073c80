//! Who changed what, when and by which way.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    difference::{Difference, Field, What},
    hours,
    model::Centre,
    reply::Reply,
};

/// How many things of one entry are shown; a file can change hundreds at once.
const THINGS: usize = 20;
/// How much of a value is shown, in characters.
const VALUE: usize = 120;
/// How much of a thing is shown, in characters.
const THING: usize = 1000;
/// How much is shown altogether, in bytes: in both forms and with all marks around it, it must go
/// into one event of 64 KiB.
const ALTOGETHER: usize = 7_000;

/// Something that was changed. It has no secrets, since [`Difference`]s have none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The Matrix id of who did it; nobody, if it came with the configuration file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// By which way.
    pub way: Way,
    /// What changed from what to what.
    pub differences: Vec<Difference>,
    /// The chats of the first queue went to the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<(String, String)>,
}

/// The ways by which things change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A command to the bot.
    Command,
    /// A file that was given to the bot.
    Import,
    /// The configuration file, read at a start.
    File,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Command => "command",
            Self::Import => "import",
            Self::File => "configuration file",
        })
    }
}

impl Centre {
    /// Shows what was changed, in the order in which it is given: the newest first.
    #[must_use]
    pub fn audit_reply(&self, entries: &[Entry]) -> Reply {
        if entries.is_empty() {
            return Reply::say("Nothing was changed yet.");
        }
        let zone = hours::zone(&self.time_zone).unwrap_or(TimeZone::UTC);
        let (mut rows, mut size, mut shown) = (Vec::new(), 0, 0);
        for entry in entries {
            let new = entry.rows(&zone);
            size += new.iter().flatten().map(String::len).sum::<usize>();
            if shown > 0 && size > ALTOGETHER {
                break;
            }
            rows.extend(new);
            shown += 1;
        }
        let reply = Reply::new()
            .heading(format!("Changes, the newest first ({} time)", self.time_zone))
            .table(&["When", "Who", "By", "What"], rows);
        if shown < entries.len() {
            reply.paragraph(format!("The other {} are too long for here.", entries.len() - shown))
        } else {
            reply
        }
    }
}

impl Entry {
    /// One row for each thing; only the first says when, who and how.
    fn rows(&self, zone: &TimeZone) -> Vec<Vec<String>> {
        let (mut things, mut size) = (Vec::new(), 0);
        for difference in self.differences.iter().take(THINGS) {
            let thing = shortened(&in_a_line(difference), THING);
            size += thing.len();
            if !things.is_empty() && size > ALTOGETHER {
                break;
            }
            things.push(thing);
        }
        let left = self.differences.len() - things.len();
        if left > 0 {
            things.push(format!("and {left} more"));
        }
        if let Some((from, to)) = &self.moved {
            things.push(format!("the chats of queue `{from}` went to queue `{to}`"));
        }
        if things.is_empty() {
            things.push("only the order of things".to_owned());
        }
        let mut first = Some([
            self.when(zone),
            self.who.clone().unwrap_or_else(|| "–".to_owned()),
            self.way.to_string(),
        ]);
        things
            .into_iter()
            .map(|thing| {
                let mut row = first.take().unwrap_or_default().to_vec();
                row.push(thing);
                row
            })
            .collect()
    }

    fn when(&self, zone: &TimeZone) -> String {
        let at = i64::try_from(self.at).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        let at = zone.to_datetime(at.unwrap_or(Timestamp::MAX));
        at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

fn in_a_line(difference: &Difference) -> String {
    let what = match difference.what {
        What::Added => "added",
        What::Changed => "changed",
        What::Removed => "removed",
    };
    let fields: Vec<_> = difference
        .fields
        .iter()
        .map(|field| {
            let cut =
                |value: &Option<String>| value.as_deref().map(|value| shortened(value, VALUE));
            let field =
                Field { name: field.name.clone(), from: cut(&field.from), to: cut(&field.to) };
            match (&field.from, difference.what) {
                (Some(was), What::Removed) => format!("{}: {was}", field.name),
                _ => field.to_string(),
            }
        })
        .collect();
    let colon = if fields.is_empty() { "" } else { ": " };
    format!("{} {what}{colon}{}", difference.item, fields.join("; "))
}

fn shortened(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
