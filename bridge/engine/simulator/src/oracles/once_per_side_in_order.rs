//! Each message reaches each side at most once, in the order in which it was accepted; and who is
//! told that it did not is told the truth.

use std::collections::BTreeMap;

use switchboard_engine::ChatId;

use crate::{
    homeserver::Room,
    system::{Changes, Event, FeedEntry},
};

/// What has reached both sides of a chat.
#[derive(Debug, Default)]
pub(super) struct Stream {
    looked_at: usize,
    last_log: u64,
    /// The customer's messages in their own feed, by key.
    pub(super) own: Vec<u32>,
    /// The customer's messages in the room, by key.
    pub(super) said: Vec<u32>,
    /// The customer's messages that they know are not, by key.
    pub(super) told: Vec<u32>,
    /// Agents' messages in the feed, by their place in the room.
    pub(super) shown: Vec<usize>,
    /// Agents' messages that they know are not.
    pub(super) not_shown: Vec<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Streams {
    chats: BTreeMap<ChatId, Stream>,
}

impl Streams {
    pub(super) fn of(&mut self, chat: ChatId) -> &mut Stream {
        self.chats.entry(chat).or_default()
    }

    pub(super) fn sent(&mut self, chat: ChatId, room: &Room) -> Result<(), String> {
        let stream = self.of(chat);
        let new = room.timeline.get(stream.looked_at..).unwrap_or_default();
        stream.looked_at = room.timeline.len();
        for event in new {
            let Event::Said { key, log, .. } = event else { continue };
            if stream.said.contains(key) {
                return Err(format!("message {key} is in the room of chat {} twice", chat.0));
            }
            if stream.told.contains(key) {
                return Err(format!("message {key} of chat {} came after a refusal", chat.0));
            }
            if *log <= stream.last_log {
                return Err(format!("message {key} of chat {} is out of order", chat.0));
            }
            stream.said.push(*key);
            stream.last_log = *log;
        }
        Ok(())
    }

    pub(super) fn committed(&mut self, changes: &Changes) -> Result<(), String> {
        for (chat, entry) in &changes.feed {
            let stream = self.of(*chat);
            match entry {
                FeedEntry::Own(key) => {
                    if stream.own.contains(key) {
                        return Err(format!("message {key} of chat {} was taken twice", chat.0));
                    }
                    stream.own.push(*key);
                }
                FeedEntry::Undelivered(key) => {
                    if stream.told.contains(key) || stream.said.contains(key) {
                        return Err(format!("message {key} of chat {} is refused, too", chat.0));
                    }
                    stream.told.push(*key);
                }
                FeedEntry::Shown(index) => {
                    if stream.shown.last().is_some_and(|last| last >= index) {
                        return Err(format!("event {index} of chat {} is out of order", chat.0));
                    }
                    if stream.not_shown.contains(index) {
                        return Err(format!("event {index} of chat {} is shown, too", chat.0));
                    }
                    stream.shown.push(*index);
                }
            }
        }
        for (chat, index) in &changes.not_shown {
            let stream = self.of(*chat);
            if stream.shown.contains(index) || stream.not_shown.contains(index) {
                return Err(format!("event {index} of chat {} is refused, too", chat.0));
            }
            stream.not_shown.push(*index);
        }
        Ok(())
    }
}
