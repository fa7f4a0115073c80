//! Entries become lines: what changes an earlier message is shown there.

use std::collections::HashMap;

use super::{Facts, words};
use crate::gateway::wire::{Attachment, FeedBody, FeedEntry, RichText};

/// A line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// When, in milliseconds since the Unix epoch.
    pub(super) at: u64,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Message(Message),
    /// Something that happened.
    Note(String),
}

/// A message of one of the two sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The agent's public name; none for the customer.
    pub(super) by: Option<String>,
    /// What it says now; none if it was removed.
    pub(super) content: Option<Vec<RichText>>,
    /// Its files; none if it was removed.
    pub(super) files: Vec<Attachment>,
    pub(super) edited: bool,
    /// The place of the line that it answers.
    pub(super) reply_to: Option<usize>,
    /// It did not reach the agents.
    pub(super) lost: bool,
    pub(super) reactions: Vec<Reaction>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reaction {
    pub(super) emoji: String,
    /// The agent's public name; none for the customer.
    pub(super) by: Option<String>,
}

impl Message {
    fn new(by: Option<String>, content: Vec<RichText>, reply_to: Option<usize>) -> Self {
        let (edited, lost) = (false, false);
        let (files, reactions) = (Vec::new(), Vec::new());
        Self { by, content: Some(content), files, edited, reply_to, lost, reactions }
    }

    fn with(self, files: Vec<Attachment>) -> Self {
        Self { files, ..self }
    }
}

pub(super) fn lines(entries: impl IntoIterator<Item = FeedEntry>, facts: &Facts) -> Vec<Line> {
    let mut fold = Fold::default();
    for entry in entries {
        fold.take(entry, facts);
    }
    fold.lines
}

#[derive(Default)]
struct Fold {
    lines: Vec<Line>,
    /// Messages' places by their numbers in the feed, and by their keys.
    by_seq: HashMap<u64, usize>,
    by_key: HashMap<String, usize>,
}

impl Fold {
    /// Takes the next entry. A new kind of entry gets an arm here, and nothing else.
    fn take(&mut self, entry: FeedEntry, facts: &Facts) {
        let FeedEntry { seq, at, body } = entry;
        match body {
            FeedBody::Own { key, text, reply_to, files } => {
                self.by_key.insert(key, self.lines.len());
                let content =
                    if text.is_empty() { Vec::new() } else { vec![RichText::Text { text }] };
                let message = Message::new(None, content, self.place(reply_to));
                self.message((seq, at), message.with(files));
            }
            FeedBody::Agent { name, content, reply_to, files } => {
                let message = Message::new(Some(name), content, self.place(reply_to));
                self.message((seq, at), message.with(files));
            }
            FeedBody::Queued {} => self.note(at, words::queued(facts)),
            FeedBody::Joined { name } => self.note(at, words::joined(facts, &name)),
            FeedBody::Left { name } => self.note(at, words::left(facts, &name)),
            FeedBody::Requeued {} => self.note(at, words::requeued(facts)),
            FeedBody::Form { why, text } => {
                self.note(at, words::form(facts, why));
                if !text.trim().is_empty() {
                    self.note(at, text);
                }
            }
            FeedBody::MessageLeft {} => self.note(at, words::message_left(facts)),
            FeedBody::Undelivered { key, reason: _ } => {
                let found = self.by_key.get(&key).copied();
                self.change(found, |message| message.lost = true);
            }
            FeedBody::Ended { by } => self.note(at, words::ended(facts, by)),
            FeedBody::Edited { target, content, key: _ } => {
                self.change(self.place(Some(target)), |message| {
                    if message.content.is_some() {
                        message.content = Some(content);
                        message.edited = true;
                    }
                });
            }
            FeedBody::Removed { target, key: _ } => {
                self.change(self.place(Some(target)), |message| {
                    message.content = None;
                    message.files.clear();
                    message.reactions.clear();
                });
            }
            FeedBody::Reaction { target, emoji, by, on, key: _ } => {
                self.change(self.place(Some(target)), |message| {
                    let reaction = Reaction { emoji, by };
                    message.reactions.retain(|there| *there != reaction);
                    if on && message.content.is_some() {
                        message.reactions.push(reaction);
                    }
                });
            }
        }
    }

    fn message(&mut self, (seq, at): (u64, u64), message: Message) {
        self.by_seq.insert(seq, self.lines.len());
        self.lines.push(Line { at, what: What::Message(message) });
    }

    fn note(&mut self, at: u64, text: String) {
        self.lines.push(Line { at, what: What::Note(text) });
    }

    /// Where a message stands, by its number in the feed.
    fn place(&self, seq: Option<u64>) -> Option<usize> {
        self.by_seq.get(&seq?).copied()
    }

    fn change(&mut self, place: Option<usize>, change: impl FnOnce(&mut Message)) {
        let line = place.and_then(|place| self.lines.get_mut(place));
        if let Some(Line { what: What::Message(message), .. }) = line {
            change(message);
        }
    }
}
