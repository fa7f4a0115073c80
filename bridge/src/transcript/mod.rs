//! What a customer takes along of a chat: the conversation as they have seen it, as text and as a page.
//!
//! It is made of the entries of the customer's feed. Nothing else fits in, so nothing that only the
//! organisation may see can come out, whoever asks for it.
//!
//! | module | what |
//! |---|---|
//! | `fold` | entries → lines: later entries change earlier messages |
//! | `words` | what is said about what happened |
//! | `text`, `html` | the two forms |

mod fold;
pub mod html;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::collections::BTreeMap;

use switchboard_centre::wall_clock::WallClock;
use switchboard_engine::Time;

use self::fold::Line;
use crate::gateway::{sites::Site, wire::FeedEntry};

/// What is told around the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The chat's display number.
    pub number: u64,
    /// The site's heading.
    pub title: String,
    /// The site's accent colour, `#rrggbb`.
    pub colour: String,
    /// The IANA name of the time zone in which times are told.
    pub time_zone: String,
    /// The site's own words, by the widget's keys.
    pub texts: BTreeMap<String, String>,
}

impl Facts {
    /// Those of a chat of a site, which may be gone.
    #[must_use]
    pub fn new(number: u64, site: Option<&Site>) -> Self {
        site.map_or_else(
            || Self {
                number,
                title: "Chat".to_owned(),
                colour: "#0b5cad".to_owned(),
                time_zone: "UTC".to_owned(),
                texts: BTreeMap::new(),
            },
            |site| Self {
                number,
                title: site.title.clone(),
                colour: site.colour.clone(),
                time_zone: site.transcripts.time_zone.clone(),
                texts: site.texts.clone(),
            },
        )
    }

    fn clock(&self) -> WallClock {
        WallClock::new(&self.time_zone, Time(0))
    }
}

/// A chat as its customer has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    facts: Facts,
    lines: Vec<Line>,
}

impl Transcript {
    /// Of the entries of a customer's feed, in order.
    #[must_use]
    pub fn of(entries: impl IntoIterator<Item = FeedEntry>, facts: Facts) -> Self {
        let lines = fold::lines(entries, &facts);
        Self { facts, lines }
    }

    /// The name of a file with it, without what comes after the dot.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("chat-{}", self.facts.number)
    }

    /// What it is called.
    #[must_use]
    pub fn title(&self) -> String {
        let title = self.facts.title.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{title} – chat {}", self.facts.number)
    }

    /// In which time zone its times are; with the offset at the beginning of the chat.
    fn zone(&self) -> String {
        let began = self.lines.first().map_or(0, |line| line.at);
        format!("Times: {}", self.facts.clock().zone_at(Time(began)))
    }

    /// A line's day, if it is not the day of the line before.
    fn new_day(&self, n: usize) -> Option<String> {
        let day = |line: &Line| self.facts.clock().day(Time(line.at));
        let this = day(self.lines.get(n)?);
        let before = n.checked_sub(1).and_then(|n| self.lines.get(n)).map(day);
        (before.as_ref() != Some(&this)).then_some(this)
    }

    fn time(&self, line: &Line) -> String {
        self.facts.clock().time(Time(line.at))
    }
}
