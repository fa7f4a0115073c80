//! Which room belongs to which chat, for everybody who must know it quickly.
//!
//! A view of the conversation records, kept by the runner. It is never the truth: it is filled
//! again at every start.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

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
    agents: RwLock<BTreeMap<AgentId, Arc<str>>>,
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
    /// Files the agents with their public names, in the place of those before.
    pub fn set_agents<'a>(&self, agents: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let agents = agents.into_iter().map(|(id, name)| (AgentId(id.to_owned()), name.into()));
        *self.0.agents.write().unwrap_or_else(PoisonError::into_inner) = agents.collect();
    }

    /// An agent's public name, if the user is an agent.
    #[must_use]
    pub fn agent_name(&self, user: &str) -> Option<Arc<str>> {
        let agents = self.0.agents.read().unwrap_or_else(PoisonError::into_inner);
        agents.get(&AgentId(user.to_owned())).cloned()
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

    /// Files a chat, or files it anew.
    pub fn put(&self, chat: ChatId, entry: Entry) {
        if let Some(room) = &entry.room {
            self.0.rooms.insert(room.clone(), chat);
        }
        self.0.chats.insert(chat, entry);
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
