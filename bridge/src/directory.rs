//! Which room belongs to which chat, for everybody who must know it quickly.
//!
//! A view of the conversation records, kept by the runner. It is never the truth: it is filled
//! again at every start.

use std::{collections::BTreeMap, sync::Arc};

use dashmap::DashMap;
use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId};
use switchboard_engine::{AgentId, ChatId};

/// The directory. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Directory(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    rooms: DashMap<OwnedRoomId, ChatId>,
    chats: DashMap<ChatId, Entry>,
    agents: BTreeMap<AgentId, String>,
}

/// What is known of a chat.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The customer's ghost.
    pub ghost: OwnedUserId,
    /// The room, once it is made.
    pub room: Option<OwnedRoomId>,
    /// The newest message of an agent: its entry in the customer's feed, and its event.
    pub last_agent_message: Option<(u64, OwnedEventId)>,
}

impl Directory {
    /// An empty directory that knows the agents' public names.
    #[must_use]
    pub fn new(agents: BTreeMap<AgentId, String>) -> Self {
        Self(Arc::new(Inner { agents, ..Inner::default() }))
    }

    /// An agent's public name, if the user is an agent.
    #[must_use]
    pub fn agent_name(&self, user: &str) -> Option<&str> {
        self.0.agents.get(&AgentId(user.to_owned())).map(String::as_str)
    }

    /// The chat of a room.
    #[must_use]
    pub fn chat_of(&self, room: &str) -> Option<ChatId> {
        let room = <&ruma::RoomId>::try_from(room).ok()?;
        self.0.rooms.get(room).map(|entry| *entry)
    }

    /// What is known of a chat.
    #[must_use]
    pub fn get(&self, chat: ChatId) -> Option<Entry> {
        self.0.chats.get(&chat).map(|entry| entry.clone())
    }

    /// Files a chat, or files it anew. A room that is known stays known: it may have been made a
    /// moment ago, and the record behind `entry` does not say so yet.
    pub fn put(&self, chat: ChatId, mut entry: Entry) {
        if let Some(room) = &entry.room {
            self.0.rooms.insert(room.clone(), chat);
        }
        match self.0.chats.entry(chat) {
            dashmap::Entry::Occupied(mut known) => {
                entry.room = entry.room.or_else(|| known.get().room.clone());
                known.insert(entry);
            }
            dashmap::Entry::Vacant(place) => {
                place.insert(entry);
            }
        }
    }

    /// Files a chat's room as soon as it is there, before the outcome is committed: the effects
    /// that waited for it may start at once.
    pub fn put_room(&self, chat: ChatId, room: &OwnedRoomId) {
        self.0.rooms.insert(room.clone(), chat);
        if let Some(mut entry) = self.0.chats.get_mut(&chat) {
            entry.room = Some(room.clone());
        }
    }

    /// All rooms of chats that are known.
    #[must_use]
    pub fn rooms(&self) -> Vec<(OwnedRoomId, ChatId)> {
        self.0.rooms.iter().map(|entry| (entry.key().clone(), *entry.value())).collect()
    }

    /// Drops a chat.
    pub fn forget(&self, chat: ChatId) {
        if let Some((_, Entry { room: Some(room), .. })) = self.0.chats.remove(&chat) {
            self.0.rooms.remove(&room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_that_was_just_made_is_not_forgotten_by_an_older_record() {
        let directory = Directory::default();
        let chat = ChatId(1);
        let room = ruma::room_id!("!room:localhost").to_owned();
        let ghost = ruma::user_id!("@ghost:localhost").to_owned();
        let entry = |room| Entry { ghost: ghost.clone(), room, last_agent_message: None };
        directory.put(chat, entry(None));
        directory.put_room(chat, &room);
        // Something else of the chat was committed meanwhile.
        directory.put(chat, entry(None));
        assert_eq!(directory.get(chat).and_then(|known| known.room), Some(room.clone()));
        directory.forget(chat);
        assert_eq!(directory.chat_of(room.as_str()), None);
    }
}
