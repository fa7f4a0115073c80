//! The in-memory lane: state of which only the newest value matters.
//!
//! Typing, receipts, places in the queue and presence do not travel through the store. Here each
//! chat has one [`LiveState`] that the bridge's inside writes and the gateway shows, and one
//! [`CustomerLive`] the other way round. Values replace each other, so nothing can pile up behind a
//! slow reader; all of it is gone after a restart.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use dashmap::DashMap;
use switchboard_engine::ChatId;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use crate::gateway::wire::{LiveState, Phase};

/// How long agents count as typing if nothing more is heard: word of their stopping can be lost.
const TYPING_FOR: Duration = Duration::from_secs(30);

/// The live state of all chats. A clone is another handle to the same state.
#[derive(Clone, Debug, Default)]
pub struct Live {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Nobody's presence is known from before.
    began: Instant,
    chats: DashMap<ChatId, Chat>,
    customers: Mutex<Customers>,
    /// Rung whenever [`Customers`] gets something.
    changed: Notify,
}

#[derive(Debug)]
struct Chat {
    state: watch::Sender<LiveState>,
    /// Whether the bridge's inside has said anything about this chat since the start.
    known: bool,
    /// How many sockets and polls the customer has open.
    connections: usize,
    /// Since when there is none, while there is none.
    absent: Option<Absence>,
    /// When agents were last said to type.
    typing_since: Instant,
    /// The newest feed entry that the customer is known to have looked at.
    seen_by_customer: u64,
}

/// The same moment on the clock that does not jump and on the one that people read.
#[derive(Clone, Copy, Debug)]
struct Absence {
    since: Instant,
    since_ms: u64,
}

#[derive(Debug, Default)]
struct Customers {
    changes: HashMap<ChatId, CustomerLive>,
    /// The keys of `changes`, oldest first.
    order: VecDeque<ChatId>,
    /// What was looked at since it was stored last.
    seen: BTreeMap<ChatId, u64>,
}

/// What the customer does that needs no record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CustomerLive {
    /// They have begun to type, or have stopped.
    pub typing: Option<bool>,
    /// They have looked at all feed entries up to this one.
    pub seen: Option<u64>,
}

/// The customer is there while this exists: one per socket or poll.
#[derive(Debug)]
pub struct Presence {
    inner: Arc<Inner>,
    chat: ChatId,
}

impl Live {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes what the customer's pages show. Nobody wakes if it comes out the same. From now on
    /// the chat is known, until it is forgotten. `change` must not use this again.
    pub fn update(&self, chat: ChatId, change: impl FnOnce(&mut LiveState)) {
        let mut entry = self.inner.chats.entry(chat).or_default();
        entry.known = true;
        entry.change(change);
    }

    /// Like [`update`](Self::update), if the chat is known: for those who hear of chats but do not
    /// know whether they still matter.
    pub fn amend(&self, chat: ChatId, change: impl FnOnce(&mut LiveState)) {
        if let Some(entry) = self.inner.chats.get(&chat)
            && entry.known
        {
            entry.change(change);
        }
    }

    /// What the customer's pages show.
    #[must_use]
    pub fn state(&self, chat: ChatId) -> LiveState {
        self.inner.chats.get(&chat).map(|entry| entry.state.borrow().clone()).unwrap_or_default()
    }

    /// Follows what the customer's pages show. Hold a [`Presence`] as long, so that the chat is not
    /// put away meanwhile.
    #[must_use]
    pub fn subscribe(&self, chat: ChatId) -> watch::Receiver<LiveState> {
        self.inner.chats.entry(chat).or_default().state.subscribe()
    }

    /// Whether the bridge's inside speaks of this chat: it has, and has not forgotten it since.
    #[must_use]
    pub fn knows(&self, chat: ChatId) -> bool {
        self.inner.chats.get(&chat).is_some_and(|entry| entry.known)
    }

    /// These agents type, by their public names, and no others; not to a customer whose chat is over.
    pub fn agents_type(&self, chat: ChatId, names: Vec<String>) {
        if let Some(mut entry) = self.inner.chats.get_mut(&chat)
            && entry.known
        {
            entry.typing_since = Instant::now();
            entry.change(|state| {
                if state.phase != Phase::Ended {
                    state.typing = names;
                }
            });
        }
    }

    /// An agent has sent what they typed, or has gone.
    pub fn agent_stops_typing(&self, chat: ChatId, name: &str) {
        self.amend(chat, |state| state.typing.retain(|other| other != name));
    }

    /// Drops what has been said about typing agents for too long.
    pub fn tidy_typing(&self) {
        for entry in &self.inner.chats {
            if entry.typing_since.elapsed() >= TYPING_FOR {
                entry.change(|state| state.typing.clear());
            }
        }
    }

    /// Says that the chat is of no interest any more. Its state goes as soon as no page shows it.
    pub fn forget(&self, chat: ChatId) {
        if let Some(mut entry) = self.inner.chats.get_mut(&chat) {
            entry.known = false;
        }
        self.inner.tidy(chat);
        self.inner.customers().remove(chat);
    }

    /// Says that a page of the customer is connected, for as long as the result exists.
    #[must_use]
    pub fn connect(&self, chat: ChatId) -> Presence {
        let mut entry = self.inner.chats.entry(chat).or_default();
        entry.connections += 1;
        entry.absent = None;
        Presence { inner: Arc::clone(&self.inner), chat }
    }

    /// Whether any page of the customer is connected.
    #[must_use]
    pub fn connected(&self, chat: ChatId) -> bool {
        self.inner.chats.get(&chat).is_some_and(|entry| entry.connections > 0)
    }

    /// Whether any page of the customer is connected, or was so not longer ago than this. What was
    /// before the start is not known: then everybody counts as having been there.
    #[must_use]
    pub fn here_lately(&self, chat: ChatId, within: Duration) -> bool {
        match self.inner.chats.get(&chat) {
            Some(entry) => {
                let gone = entry.absent.map(|absence| absence.since.elapsed());
                gone.is_none_or(|gone| gone < within)
            }
            None => self.inner.began.elapsed() < within,
        }
    }

    /// Whether the customer is known to have looked at this feed entry.
    #[must_use]
    pub fn has_customer_seen(&self, chat: ChatId, seq: u64) -> bool {
        self.inner.chats.get(&chat).is_some_and(|entry| entry.seen_by_customer >= seq)
    }

    /// What customers have looked at since this was asked last: the newest feed entry of each chat.
    #[must_use]
    pub fn take_seen(&self) -> BTreeMap<ChatId, u64> {
        std::mem::take(&mut self.inner.customers().seen)
    }

    /// The chats that are not over and have had no page for at least this long, and since when (in
    /// milliseconds since the Unix epoch). A chat that was never connected counts from its first
    /// [`update`](Self::update).
    #[must_use]
    pub fn absent(&self, longer_than: Duration) -> Vec<(ChatId, u64)> {
        let now = Instant::now();
        self.inner
            .chats
            .iter()
            .filter(|entry| entry.known && entry.state.borrow().phase != Phase::Ended)
            .filter_map(|entry| {
                let absence = entry.absent?;
                (now.duration_since(absence.since) >= longer_than)
                    .then_some((*entry.key(), absence.since_ms))
            })
            .collect()
    }

    /// The customer types, or has stopped.
    pub fn customer_typing(&self, chat: ChatId, typing: bool) {
        self.customer_changed(chat, |change| change.typing = Some(typing));
    }

    /// The customer has looked at all feed entries up to `seq`.
    pub fn customer_seen(&self, chat: ChatId, seq: u64) {
        if let Some(mut entry) = self.inner.chats.get_mut(&chat) {
            entry.seen_by_customer = entry.seen_by_customer.max(seq);
        }
        self.inner.customers().has_seen(chat, seq);
        self.customer_changed(chat, |change| change.seen = change.seen.max(Some(seq)));
    }

    fn customer_changed(&self, chat: ChatId, change: impl FnOnce(&mut CustomerLive)) {
        change(self.inner.customers().entry(chat));
        self.inner.changed.notify_one();
    }

    /// Waits for the next chat whose customer did something, oldest first. Several changes of one
    /// chat that were not fetched are one, with the newest values.
    pub async fn next_customer_change(&self) -> (ChatId, CustomerLive) {
        loop {
            let next = self.inner.customers().pop();
            if let Some((change, more)) = next {
                if more {
                    self.inner.changed.notify_one();
                }
                return change;
            }
            self.inner.changed.notified().await;
        }
    }
}

impl Inner {
    fn customers(&self) -> MutexGuard<'_, Customers> {
        // Each change under the lock is complete in itself, so a panic elsewhere spoils nothing.
        self.customers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a chat away that nobody speaks of and nobody shows.
    fn tidy(&self, chat: ChatId) {
        self.chats.remove_if(&chat, |_, entry| !entry.known && entry.connections == 0);
    }
}

impl Customers {
    fn entry(&mut self, chat: ChatId) -> &mut CustomerLive {
        let order = &mut self.order;
        self.changes.entry(chat).or_insert_with(|| {
            order.push_back(chat);
            CustomerLive::default()
        })
    }

    fn has_seen(&mut self, chat: ChatId, seq: u64) {
        let seen = self.seen.entry(chat).or_default();
        *seen = (*seen).max(seq);
    }

    /// The oldest change, and whether there are more.
    fn pop(&mut self) -> Option<((ChatId, CustomerLive), bool)> {
        let chat = self.order.pop_front()?;
        let change = self.changes.remove(&chat).unwrap_or_default();
        Some(((chat, change), !self.order.is_empty()))
    }

    fn remove(&mut self, chat: ChatId) {
        self.seen.remove(&chat);
        if self.changes.remove(&chat).is_some() {
            self.order.retain(|other| *other != chat);
        }
    }
}

impl Chat {
    fn change(&self, change: impl FnOnce(&mut LiveState)) {
        self.state.send_if_modified(|state| {
            let before = state.clone();
            change(state);
            *state != before
        });
    }
}

impl Default for Chat {
    fn default() -> Self {
        Self {
            state: watch::Sender::default(),
            known: false,
            connections: 0,
            absent: Some(Absence::now()),
            typing_since: Instant::now(),
            seen_by_customer: 0,
        }
    }
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            chats: DashMap::default(),
            customers: Mutex::default(),
            changed: Notify::default(),
        }
    }
}

impl Absence {
    fn now() -> Self {
        Self { since: Instant::now(), since_ms: unix_ms() }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some(mut entry) = self.inner.chats.get_mut(&self.chat) {
            entry.connections = entry.connections.saturating_sub(1);
            if entry.connections == 0 {
                entry.absent = Some(Absence::now());
            }
        }
        self.inner.tidy(self.chat);
    }
}

/// Now, in milliseconds since the Unix epoch.
#[must_use]
pub fn unix_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}
