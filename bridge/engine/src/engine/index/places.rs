//! The chats that may ask somebody now, in the order of waiting.

use std::collections::{BTreeMap, BTreeSet};

use super::{Agents, Place, insert, is_barred, place, remove};
use crate::{
    chat::Chat,
    engine::roster::Roster,
    ids::{AgentId, ChatId, ProfileId, QueueId},
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// Chats that may ask any agent of their queue.
    fresh: BTreeMap<QueueId, BTreeSet<Place>>,
    /// Chats that may not ask some of them.
    picky: BTreeMap<QueueId, BTreeSet<Place>>,
    /// Picky chats under each ready agent whom they may still ask. Without this, an agent whom a
    /// thousand chats exclude would cost a walk past them all.
    open: BTreeMap<AgentId, BTreeMap<QueueId, BTreeSet<Place>>>,
}

impl Places {
    pub(super) fn add(&mut self, chat: &Chat, agents: &Agents, roster: &Roster) {
        if !is_picky(chat) {
            insert(&mut self.fresh, &chat.queue, place(chat));
            return;
        }
        insert(&mut self.picky, &chat.queue, place(chat));
        for (profile, _) in roster.serving(&chat.queue) {
            for agent in agents.ready(profile).filter(|agent| !is_barred(chat, agent)) {
                let open = match self.open.get_mut(agent) {
                    Some(open) => open,
                    None => self.open.entry(agent.clone()).or_default(),
                };
                insert(open, &chat.queue, place(chat));
            }
        }
    }

    pub(super) fn remove(&mut self, chat: &Chat, agents: &Agents, roster: &Roster) {
        if !is_picky(chat) {
            remove(&mut self.fresh, &chat.queue, place(chat));
            return;
        }
        remove(&mut self.picky, &chat.queue, place(chat));
        for (profile, _) in roster.serving(&chat.queue) {
            for agent in agents.ready(profile) {
                self.bar(chat, agent);
            }
        }
    }

    /// A picky chat may not ask this agent.
    pub(super) fn bar(&mut self, chat: &Chat, agent: &AgentId) {
        let Some(open) = self.open.get_mut(agent) else { return };
        remove(open, &chat.queue, place(chat));
        if open.is_empty() {
            self.open.remove(agent);
        }
    }

    /// An agent has become ready with a profile, or is not ready any more.
    pub(super) fn open_to(
        &mut self,
        agent: &AgentId,
        profile: Option<&ProfileId>,
        roster: &Roster,
        chats: &BTreeMap<ChatId, Chat>,
    ) {
        self.open.remove(agent);
        let serves = profile.map_or(&[][..], |profile| roster.profile(profile));
        let mut open: BTreeMap<QueueId, BTreeSet<Place>> = BTreeMap::new();
        for serves in serves {
            let places = self.picky.get(&serves.queue).into_iter().flatten();
            let free =
                places.filter(|(_, id)| chats.get(id).is_some_and(|chat| !is_barred(chat, agent)));
            let free: BTreeSet<Place> = free.copied().collect();
            if !free.is_empty() {
                open.insert(serves.queue.clone(), free);
            }
        }
        if !open.is_empty() {
            self.open.insert(agent.clone(), open);
        }
    }

    pub(super) fn close_to(&mut self, agent: &AgentId) {
        self.open.remove(agent);
    }

    /// The longest waiting chat of a queue that may ask this agent.
    pub(super) fn first(&self, queue: &QueueId, agent: &AgentId) -> Option<Place> {
        let fresh = self.fresh.get(queue).and_then(BTreeSet::first);
        let open = self.open.get(agent).and_then(|open| open.get(queue)).and_then(BTreeSet::first);
        fresh.into_iter().chain(open).min().copied()
    }

    pub(super) fn picky(&self, queue: &QueueId) -> Vec<ChatId> {
        self.picky.get(queue).into_iter().flatten().map(|(_, chat)| *chat).collect()
    }

    pub(super) fn picky_for(&self, agent: &AgentId) -> Vec<ChatId> {
        let open = self.open.get(agent).into_iter().flat_map(BTreeMap::values);
        open.flatten().map(|(_, chat)| *chat).collect()
    }
}

fn is_picky(chat: &Chat) -> bool {
    !chat.excluded.is_empty() || chat.requests_now().is_some()
}
