//! What is looked up often, derived from the records and from nothing else, so that loading the
//! records gives the same index.

use std::collections::{BTreeMap, BTreeSet};

use super::routing::is_eligible;
use crate::{
    agent::Agent,
    chat::{Chat, ChatState},
    ids::{AgentId, ChatId, QueueId},
    time::Time,
};

/// A place in the order of waiting.
pub(super) type Place = (Time, ChatId);

/// What a chat's deadline is about. If several fall on one moment, they are met in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The request counts as missed.
    Missed,
    /// The pause between two rounds is over.
    Ask,
    /// Nobody came back.
    Requeue,
    /// The agents are shown out of the ended chat.
    Close,
    /// The customer has waited long enough.
    GiveUp,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// Waiting and ringing chats.
    pub(super) queued: BTreeMap<QueueId, BTreeSet<Place>>,
    /// Chats that may ask any eligible agent now.
    fresh: BTreeMap<QueueId, BTreeSet<Place>>,
    /// Chats that exclude agents, under each agent they may still ask. Without this, an agent whom
    /// a thousand chats exclude would cost a walk past them all.
    choosy: BTreeMap<AgentId, BTreeSet<Place>>,
    /// Every deadline.
    pub(super) deadlines: BTreeSet<(Time, ChatId, Due)>,
    /// How many active chats an agent is in; no entry for none. Removed agents may have chats too.
    talking: BTreeMap<AgentId, u32>,
    /// Agents who can take one more request, the longest idle first.
    available: BTreeSet<(Time, AgentId)>,
}

impl Index {
    pub(super) fn build(agents: &BTreeMap<AgentId, Agent>, chats: &BTreeMap<ChatId, Chat>) -> Self {
        let mut index = Self::default();
        for chat in chats.values() {
            index.add(chat, agents);
        }
        for agent in agents.values() {
            index.refresh_available(agent);
        }
        index
    }

    pub(super) fn add(&mut self, chat: &Chat, agents: &BTreeMap<AgentId, Agent>) {
        if chat.is_queued() {
            self.queued.entry(chat.queue.clone()).or_default().insert(place(chat));
        }
        if may_ask(chat) && chat.excluded.is_empty() {
            self.fresh.entry(chat.queue.clone()).or_default().insert(place(chat));
        } else if may_ask(chat) {
            for agent in agents.values() {
                if is_eligible(agent, chat) && !chat.excluded.contains(&agent.id) {
                    self.choosy.entry(agent.id.clone()).or_default().insert(place(chat));
                }
            }
        }
        self.deadlines.extend(deadlines(chat).map(|(at, due)| (at, chat.id, due)));
        for id in talkers(chat) {
            *self.talking.entry(id.clone()).or_default() += 1;
            if let Some(agent) = agents.get(id) {
                self.refresh_available(agent);
            }
        }
    }

    pub(super) fn remove(&mut self, chat: &Chat, agents: &BTreeMap<AgentId, Agent>) {
        remove_place(&mut self.queued, &chat.queue, chat);
        if may_ask(chat) && chat.excluded.is_empty() {
            remove_place(&mut self.fresh, &chat.queue, chat);
        } else if may_ask(chat) {
            self.choosy.retain(|_, places| {
                places.remove(&place(chat));
                !places.is_empty()
            });
        }
        for (at, due) in deadlines(chat) {
            self.deadlines.remove(&(at, chat.id, due));
        }
        for id in talkers(chat) {
            if let Some(count) = self.talking.get_mut(id) {
                *count -= 1;
                if *count == 0 {
                    self.talking.remove(id);
                }
            }
            if let Some(agent) = agents.get(id) {
                self.refresh_available(agent);
            }
        }
    }

    /// How many active chats an agent is in.
    pub(super) fn talking(&self, agent: &AgentId) -> u32 {
        self.talking.get(agent).copied().unwrap_or(0)
    }

    /// How many chats wait or ring in a queue.
    pub(super) fn length(&self, queue: &QueueId) -> usize {
        self.queued.get(queue).map_or(0, BTreeSet::len)
    }

    /// Whether an agent can take one more request.
    pub(super) fn is_available(&self, agent: &Agent) -> bool {
        agent.request.is_none()
            && agent.withdrawing.is_empty()
            && self.talking(&agent.id) < agent.capacity
    }

    pub(super) fn forget_available(&mut self, agent: &Agent) {
        self.available.remove(&(agent.idle_since, agent.id.clone()));
    }

    pub(super) fn refresh_available(&mut self, agent: &Agent) {
        let key = (agent.idle_since, agent.id.clone());
        if self.is_available(agent) {
            self.available.insert(key);
        } else {
            self.available.remove(&key);
        }
    }

    /// The longest waiting chat that has an available agent whom it may ask, and of these agents
    /// the longest idle one.
    pub(super) fn next_request(
        &self,
        agents: &BTreeMap<AgentId, Agent>,
        chats: &BTreeMap<ChatId, Chat>,
    ) -> Option<(ChatId, AgentId)> {
        let mut best: Option<(Place, &AgentId)> = None;
        for (_, id) in &self.available {
            let Some(agent) = agents.get(id) else { continue };
            // Eligible for one fresh chat of a queue is eligible for all of them.
            let fresh =
                self.fresh.values().filter_map(BTreeSet::first).filter(|(_, chat)| {
                    chats.get(chat).is_some_and(|chat| is_eligible(agent, chat))
                });
            let choosy = self.choosy.get(id).and_then(BTreeSet::first);
            let Some(&place) = fresh.chain(choosy).min() else { continue };
            if best.is_none_or(|(longest, _)| place < longest) {
                best = Some((place, id));
            }
        }
        best.map(|((_, chat), agent)| (chat, agent.clone()))
    }
}

pub(super) fn place(chat: &Chat) -> Place {
    (chat.since, chat.id)
}

/// Whether an agent can be asked to take the chat now.
fn may_ask(chat: &Chat) -> bool {
    chat.state == ChatState::Waiting && chat.ask_after.is_none()
}

fn talkers(chat: &Chat) -> impl Iterator<Item = &AgentId> {
    let agents = match &chat.state {
        ChatState::Active { agents, .. } => Some(agents),
        ChatState::Waiting | ChatState::Ringing { .. } | ChatState::Ended { .. } => None,
    };
    agents.into_iter().flatten()
}

fn deadlines(chat: &Chat) -> impl Iterator<Item = (Time, Due)> {
    let (of_state, give_up) = match &chat.state {
        ChatState::Waiting => (chat.ask_after.map(|at| (at, Due::Ask)), chat.give_up_at),
        ChatState::Ringing { deadline, .. } => {
            (deadline.map(|at| (at, Due::Missed)), chat.give_up_at)
        }
        ChatState::Active { return_at, .. } => (return_at.map(|at| (at, Due::Requeue)), None),
        ChatState::Ended { close_at, .. } => (close_at.map(|at| (at, Due::Close)), None),
    };
    of_state.into_iter().chain(give_up.map(|at| (at, Due::GiveUp)))
}

fn remove_place(places: &mut BTreeMap<QueueId, BTreeSet<Place>>, queue: &QueueId, chat: &Chat) {
    if let Some(set) = places.get_mut(queue) {
        set.remove(&place(chat));
        if set.is_empty() {
            places.remove(queue);
        }
    }
}
