//! Which room is for what, for everybody who must know it quickly.
//!
//! A view of the records, kept by the runner. It is never the truth: it is filled again at every
//! start.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use dashmap::DashMap;
use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId};
use switchboard_engine::{AgentId, ChatId};

use crate::place::Place;

/// The directory. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Directory(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    rooms: DashMap<OwnedRoomId, Place>,
    chats: DashMap<ChatId, Entry>,
    /// The rooms of places that are no chats.
    others: DashMap<Place, OwnedRoomId>,
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

    /// What a room is for.
    #[must_use]
    pub fn place_of(&self, room: &str) -> Option<Place> {
        let room = <&ruma::RoomId>::try_from(room).ok()?;
        self.0.rooms.get(room).map(|entry| entry.clone())
    }

    /// The chat of a room.
    #[must_use]
    pub fn chat_of(&self, room: &str) -> Option<ChatId> {
        self.place_of(room)?.chat()
    }

    /// The room of a place, once it is made.
    #[must_use]
    pub fn room_of(&self, place: &Place) -> Option<OwnedRoomId> {
        match place {
            Place::Chat(chat) => self.0.chats.get(chat)?.room.clone(),
            Place::Visited(room) => Some(room.clone()),
            other => self.0.others.get(other).map(|room| room.clone()),
        }
    }

    /// What is known of a chat.
    #[must_use]
    pub fn get(&self, chat: ChatId) -> Option<Entry> {
        self.0.chats.get(&chat).map(|entry| entry.clone())
    }

    /// Files a chat, or files it anew.
    pub fn put(&self, chat: ChatId, entry: Entry) {
        if let Some(room) = &entry.room {
            self.0.rooms.insert(room.clone(), Place::Chat(chat));
        }
        self.0.chats.insert(chat, entry);
    }

    /// Files the room of a place that is no chat.
    pub fn put_room(&self, place: &Place, room: &OwnedRoomId) {
        self.0.rooms.insert(room.clone(), place.clone());
        if let Some(old) = self.0.others.insert(place.clone(), room.clone())
            && old != *room
        {
            self.0.rooms.remove(&old);
        }
    }

    /// All rooms that are known, with what they are for.
    #[must_use]
    pub fn rooms(&self) -> Vec<(OwnedRoomId, Place)> {
        self.0.rooms.iter().map(|entry| (entry.key().clone(), entry.value().clone())).collect()
    }

    /// Drops a chat.
    pub fn forget(&self, chat: ChatId) {
        if let Some((_, Entry { room: Some(room), .. })) = self.0.chats.remove(&chat) {
            self.0.rooms.remove(&room);
        }
    }

    /// Drops a place that is no chat.
    pub fn forget_place(&self, place: &Place) {
        if let Some((_, room)) = self.0.others.remove(place) {
            self.0.rooms.remove(&room);
        }
    }
}
