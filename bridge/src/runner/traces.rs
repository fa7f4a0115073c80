//! Which records go with a chat, so that they are found when it is forgotten.
//!
//! Events, sessions and what was put aside are stored under keys of their own, which do not tell the
//! chat. So a trace is written with each ([`RecordKind::Trace`]): a record without a body, whose key
//! begins with the chat's id.

use switchboard_engine::ChatId;

use super::{batch::Batch, state::State};
use crate::{
    matrix::event::Envelope,
    store::{InboxItem, RecordKind},
};

/// The kinds of records that go with a chat under keys of their own, and what traces call them.
const KINDS: [(RecordKind, &str); 7] = [
    (RecordKind::Event, "event"),
    (RecordKind::Session, "session"),
    (RecordKind::Quarantine, "quarantine"),
    (RecordKind::Parked, "parked"),
    (RecordKind::Visitor, "visitor"),
    (RecordKind::Message, "message"),
    (RecordKind::File, "file"),
];

/// Below and above all traces of a chat.
pub(super) fn bounds(chat: ChatId) -> (String, String) {
    // The character that comes after the slash.
    (format!("{chat}/"), format!("{chat}0"))
}

/// The record that a trace leads to; `None` if it is none of ours.
pub(super) fn target(trace: &str) -> Option<(RecordKind, &str)> {
    let (_, rest) = trace.split_once('/')?;
    let (word, key) = rest.split_once('/')?;
    let (kind, _) = KINDS.iter().find(|(_, known)| *known == word)?;
    Some((*kind, key))
}

impl Batch {
    /// Notes that a record goes with a chat.
    pub(super) fn trace(&mut self, chat: ChatId, kind: RecordKind, key: &str) {
        if let Some((_, word)) = KINDS.iter().find(|(known, _)| *known == kind) {
            self.mark(RecordKind::Trace, format!("{chat}/{word}/{key}"));
        }
    }
}

impl State {
    /// The chat that an inbox item is about, if that can be told.
    pub(super) fn chat_of_item(&self, item: &InboxItem) -> Option<ChatId> {
        self.chat_of_aside(&item.key, &item.body)
    }

    /// The same of an item by its key and its body. Events of chats that are put away cannot be told.
    pub(super) fn chat_of_aside(&self, key: &str, body: &[u8]) -> Option<ChatId> {
        let (kind, rest) = key.split_once(':')?;
        if kind == "event" {
            let event: Envelope<'_> = serde_json::from_slice(body).ok()?;
            return self.with.directory.place_of(&event.room_id)?.about();
        }
        rest.split(':').next()?.parse().ok()
    }
}
