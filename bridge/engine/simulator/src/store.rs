//! What is on disk: an inbox with keys, records, streams, and effects that are not done.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Error;
use switchboard_engine::{Agent, AgentId, Chat, ChatId, Engine, Setup};

use crate::system::{Changes, FeedEntry, Item, LogEntry, OutboxEffect};

/// What makes an inbox item the same as an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The start of a chat.
    Start(ChatId),
    /// A customer's message.
    Send(ChatId, u32),
    /// The end, by a customer.
    End(ChatId),
    /// A customer's absence.
    Away(ChatId, u32),
    /// The place of an event in its room.
    Event(ChatId, usize),
    /// A thing done at a desk.
    Control(u32),
}

/// What survives a crash.
#[derive(Clone, Debug, Default)]
pub struct Store {
    next_item: u64,
    keys: BTreeSet<Key>,
    inbox: VecDeque<(u64, Item)>,
    /// The engine's chats.
    pub chats: BTreeMap<ChatId, Chat>,
    /// The engine's agents.
    pub agents: BTreeMap<AgentId, Agent>,
    /// Each chat's log.
    pub logs: BTreeMap<ChatId, Vec<LogEntry>>,
    /// Each customer's feed.
    pub feeds: BTreeMap<ChatId, Vec<FeedEntry>>,
    /// Effects that are not done.
    pub effects: BTreeMap<u64, OutboxEffect>,
    /// Numbers of effects never repeat.
    pub last_effect: u64,
}

impl Store {
    /// Writes an item down, unless there was one with this key before; says whether it did.
    pub fn append(&mut self, key: Key, item: Item) -> bool {
        let new = self.keys.insert(key);
        if new {
            self.push(item);
        }
        new
    }

    /// Writes an item down, whatever was before.
    pub(crate) fn push(&mut self, item: Item) {
        self.next_item += 1;
        self.inbox.push_back((self.next_item, item));
    }

    /// The engine as it is stored.
    #[must_use]
    pub fn engine(&self, setup: &Setup) -> Engine {
        Engine::load(setup, self.agents.values().cloned(), self.chats.values().cloned())
    }

    /// The place in the inbox that the next item gets.
    #[must_use]
    pub fn next_place(&self) -> u64 {
        self.next_item + 1
    }

    /// Whether an item with this key ever came.
    #[must_use]
    pub fn knows(&self, key: Key) -> bool {
        self.keys.contains(&key)
    }

    /// The oldest items that are not handled.
    #[must_use]
    pub fn oldest(&self, limit: usize) -> Vec<(u64, Item)> {
        self.inbox.iter().take(limit).cloned().collect()
    }

    /// The items that are not handled.
    pub fn inbox(&self) -> impl Iterator<Item = &Item> {
        self.inbox.iter().map(|(_, item)| item)
    }

    /// Writes all of it, at once. Gives the items that are handled with it.
    pub fn commit(&mut self, changes: &Changes) -> Vec<Item> {
        let mut handled = Vec::with_capacity(changes.done.len());
        for seq in &changes.done {
            // Almost always the oldest.
            if let Some(at) = self.inbox.iter().position(|(of, _)| of == seq) {
                handled.extend(self.inbox.remove(at).map(|(_, item)| item));
            }
        }
        for chat in &changes.chats {
            self.chats.insert(chat.id, chat.clone());
        }
        for (id, agent) in &changes.agents {
            match agent {
                Some(agent) => self.agents.insert(id.clone(), agent.clone()),
                None => self.agents.remove(id),
            };
        }
        for (chat, entry) in &changes.log {
            self.logs.entry(*chat).or_default().push(*entry);
        }
        for (chat, entry) in &changes.feed {
            self.feeds.entry(*chat).or_default().push(*entry);
        }
        for effect in &changes.effects {
            self.last_effect = self.last_effect.max(effect.seq);
            self.effects.insert(effect.seq, effect.clone());
        }
        for seq in &changes.effects_done {
            self.effects.remove(seq);
        }
        handled
    }

    /// Sends the records through the form in which the bridge stores them.
    pub(crate) fn through_json(&mut self) -> Result<(), Error> {
        for chat in self.chats.values_mut() {
            *chat = serde_json::from_slice(&serde_json::to_vec(chat)?)?;
        }
        for agent in self.agents.values_mut() {
            *agent = serde_json::from_slice(&serde_json::to_vec(agent)?)?;
        }
        Ok(())
    }
}
