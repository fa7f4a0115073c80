//! What is looked up often, derived from the records and from nothing else, so that loading the
//! records gives the same index.
//!
//! | module | what |
//! |---|---|
//! | `places` | the chats that may ask, in the order of waiting |
//! | `agents` | the agents who can be asked, ranked |

mod agents;
mod places;

use std::collections::{BTreeMap, BTreeSet};

use self::{agents::Agents, places::Places};
use super::roster::Roster;
use crate::{
    agent::Agent,
    bugs::{Bug, has},
    chat::{Chat, ChatState},
    ids::{AgentId, ChatId, QueueId},
    queue::Strategy,
    time::{Span, Time},
};

/// A place in the order of waiting.
pub(super) type Place = (Time, ChatId);

/// What a chat's deadline is about. If several fall on one moment, they are met in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// A request counts as missed.
    Missed,
    /// The pause between two rounds is over.
    Ask,
    /// Agents with a delay for this queue may be asked now.
    Delay,
    /// Nobody came back.
    Requeue,
    /// The agents are shown out of the ended chat.
    Close,
    /// Nobody took it here for as long as the queue wants to wait.
    Overflow,
    /// The customer has waited long enough.
    GiveUp,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// Waiting and ringing chats.
    queued: BTreeMap<QueueId, BTreeSet<Place>>,
    /// Those of them whose customers have left a message and do not wait.
    messages: BTreeMap<QueueId, BTreeSet<Place>>,
    /// Chats that may ask somebody now.
    places: Places,
    agents: Agents,
    /// Every deadline.
    pub(super) deadlines: BTreeSet<(Time, ChatId, Due)>,
}

impl Index {
    pub(super) fn build(
        roster: &Roster,
        agents: &BTreeMap<AgentId, Agent>,
        chats: &BTreeMap<ChatId, Chat>,
    ) -> Self {
        let mut index = Self::default();
        for agent in agents.values() {
            index.agents.file(agent, roster);
        }
        for chat in chats.values() {
            index.add(chat, roster, agents);
        }
        index
    }

    pub(super) fn add(&mut self, chat: &Chat, roster: &Roster, agents: &BTreeMap<AgentId, Agent>) {
        if chat.is_queued() {
            insert(&mut self.queued, &chat.queue, place(chat));
            if chat.message {
                insert(&mut self.messages, &chat.queue, place(chat));
            }
        }
        if may_ask(chat, roster) {
            self.places.add(chat, &self.agents, roster);
        }
        self.deadlines
            .extend(deadlines(chat, roster).into_iter().map(|(at, due)| (at, chat.id, due)));
        for id in talkers(chat) {
            self.agents.talks(id, chat.id);
            if let Some(agent) = agents.get(id) {
                self.agents.file(agent, roster);
            }
        }
    }

    pub(super) fn remove(
        &mut self,
        chat: &Chat,
        roster: &Roster,
        agents: &BTreeMap<AgentId, Agent>,
    ) {
        if chat.is_queued() {
            remove(&mut self.queued, &chat.queue, place(chat));
            if chat.message {
                remove(&mut self.messages, &chat.queue, place(chat));
            }
        }
        if may_ask(chat, roster) {
            self.places.remove(chat, &self.agents, roster);
        }
        for (at, due) in deadlines(chat, roster) {
            self.deadlines.remove(&(at, chat.id, due));
        }
        for id in talkers(chat) {
            self.agents.is_silent(id, chat.id);
            if let Some(agent) = agents.get(id) {
                self.agents.file(agent, roster);
            }
        }
    }

    /// Files an agent, or files them anew.
    pub(super) fn file_agent(
        &mut self,
        agent: &Agent,
        roster: &Roster,
        chats: &BTreeMap<ChatId, Chat>,
    ) {
        let was = self.agents.ready_with(&agent.id).cloned();
        self.agents.file(agent, roster);
        let is = self.agents.ready_with(&agent.id).cloned();
        if was != is {
            self.places.open_to(&agent.id, is.as_ref(), roster, chats);
        }
    }

    /// A chat that may ask several may not ask this agent any more.
    pub(super) fn bar(&mut self, chat: &Chat, agent: &AgentId) {
        self.places.bar(chat, agent);
    }

    pub(super) fn forget_agent(&mut self, agent: &AgentId) {
        self.agents.forget(agent);
        self.places.close_to(agent);
    }

    /// The active chats of an agent.
    pub(super) fn chats_of(&self, agent: &AgentId) -> impl Iterator<Item = ChatId> + '_ {
        self.agents.chats_of(agent)
    }

    /// How many active chats an agent is in.
    pub(super) fn talking(&self, agent: &AgentId) -> usize {
        self.agents.talking(agent)
    }

    /// The chats of a queue that wait or ring, in order.
    pub(super) fn queued(&self, queue: &QueueId) -> impl Iterator<Item = Place> + '_ {
        self.queued.get(queue).into_iter().flatten().copied()
    }

    /// How many customers wait in a queue, be agents asked for them or not.
    pub(super) fn length(&self, queue: &QueueId) -> usize {
        let count = |places: &BTreeMap<_, BTreeSet<_>>| places.get(queue).map_or(0, BTreeSet::len);
        count(&self.queued) - count(&self.messages)
    }

    /// How many chats of the queue stand before this place, and it itself.
    pub(super) fn position(&self, queue: &QueueId, place: Place) -> usize {
        self.queued.get(queue).map_or(0, |places| places.range(..=place).count())
    }

    /// Whether an agent can take one more request.
    pub(super) fn is_available(&self, agent: &AgentId) -> bool {
        self.agents.is_available(agent)
    }

    /// Everybody who can take one more request.
    pub(super) fn available(&self) -> impl Iterator<Item = &AgentId> {
        self.agents.available()
    }

    /// Whether any agent of a queue is ready, be they busy or not.
    pub(super) fn anybody_ready(&self, queue: &QueueId, roster: &Roster) -> bool {
        self.ready(queue, roster).next().is_some()
    }

    /// The agents of a queue who are ready, be they busy or not.
    pub(super) fn ready<'a>(
        &'a self,
        queue: &QueueId,
        roster: &'a Roster,
    ) -> impl Iterator<Item = &'a AgentId> + use<'a> {
        roster.serving(queue).iter().flat_map(|(profile, _)| self.agents.ready(profile))
    }

    /// The chats that exclude some agents, but not this one.
    pub(super) fn picky_for(&self, agent: &AgentId) -> Vec<ChatId> {
        self.places.picky_for(agent)
    }

    /// The chats of a queue that exclude some agents, if this is its only ready agent.
    pub(super) fn picky_with_only(
        &self,
        agent: &AgentId,
        queue: &QueueId,
        roster: &Roster,
    ) -> Vec<ChatId> {
        if self.ready(queue, roster).eq([agent]) { self.places.picky(queue) } else { Vec::new() }
    }

    /// The chat that an agent should be asked to take: of the highest priority in their profile,
    /// the longest waiting.
    pub(super) fn best_chat(&self, agent: &Agent, roster: &Roster, now: Time) -> Option<ChatId> {
        let profile = agent.profile.as_ref()?;
        roster
            .profile(profile)
            .iter()
            .filter_map(|serves| {
                let place = self.places.first(&serves.queue, &agent.id)?;
                let delay = if has(Bug::IgnoresDelay) { Span(0) } else { serves.delay };
                let priority = if has(Bug::IgnoresPriority) { 0 } else { serves.priority };
                (place.0 + delay <= now).then_some((priority, place))
            })
            .min()
            .map(|(_, (_, chat))| chat)
    }

    /// The agent whom a chat should ask, by its queue's strategy, leaving out some.
    pub(super) fn best_agent(
        &self,
        chat: &Chat,
        roster: &Roster,
        now: Time,
        skip: &BTreeSet<AgentId>,
    ) -> Option<AgentId> {
        let may = |agent: &AgentId| !is_barred(chat, agent) && !skip.contains(agent);
        self.first_of(&chat.queue, chat.since, roster, now, may)
    }

    /// The first available agent of a queue, by its strategy, whom a chat that began then `may` ask.
    pub(super) fn first_of(
        &self,
        queue: &QueueId,
        since: Time,
        roster: &Roster,
        now: Time,
        may: impl Fn(&AgentId) -> bool,
    ) -> Option<AgentId> {
        let order = super::roster::order_of(roster.queue(queue).strategy);
        roster
            .serving(queue)
            .iter()
            .filter(|(_, delay)| since + *delay <= now || has(Bug::IgnoresDelay))
            .filter_map(|(profile, _)| {
                self.agents.ranked(profile, order).find(|(.., agent)| may(agent))
            })
            .min()
            .map(|(.., agent)| agent.clone())
    }
}

pub(super) fn place(chat: &Chat) -> Place {
    (chat.since, chat.id)
}

/// Whether an agent can be asked to take the chat now. Where all are rung at once, also while some
/// are, unless a supervisor has chosen one.
pub(super) fn may_ask(chat: &Chat, roster: &Roster) -> bool {
    match &chat.state {
        ChatState::Waiting => chat.ask_after.is_none(),
        ChatState::Ringing { requests } => {
            roster.queue(&chat.queue).strategy == Strategy::RingAll
                && !requests.values().any(|request| request.assigned)
        }
        ChatState::Form | ChatState::Active { .. } | ChatState::Ended { .. } => false,
    }
}

/// Whether this agent is not to be asked for this chat: they are being asked, or would not have it.
pub(super) fn is_barred(chat: &Chat, agent: &AgentId) -> bool {
    chat.excluded.contains(agent) || chat.rings(agent)
}

pub(super) fn talkers(chat: &Chat) -> impl Iterator<Item = &AgentId> {
    let agents = match &chat.state {
        ChatState::Active { agents, .. } => Some(agents),
        _ => None,
    };
    agents.into_iter().flatten()
}

fn deadlines(chat: &Chat, roster: &Roster) -> Vec<(Time, Due)> {
    let mut found = Vec::new();
    let mut at = |at: Option<Time>, due| found.extend(at.map(|at| (at, due)));
    match &chat.state {
        ChatState::Waiting => {
            at(chat.ask_after, Due::Ask);
            at(chat.overflow_at, Due::Overflow);
            at(chat.give_up_at, Due::GiveUp);
        }
        ChatState::Ringing { requests } => {
            for request in requests.values() {
                at(request.deadline, Due::Missed);
            }
            at(chat.give_up_at, Due::GiveUp);
        }
        ChatState::Active { return_at, .. } => {
            at(*return_at, Due::Requeue);
            let rings = chat.invitation.as_ref().map(|invitation| &invitation.rings);
            at(rings.and_then(|rings| rings.request.deadline), Due::Missed);
        }
        ChatState::Ended { close_at, .. } => at(*close_at, Due::Close),
        ChatState::Form => {}
    }
    if may_ask(chat, roster) {
        let next = roster
            .serving(&chat.queue)
            .iter()
            .map(|(_, delay)| chat.since + *delay)
            .filter(|seen| *seen > chat.seen_until)
            .min();
        at(next, Due::Delay);
    }
    found
}

fn insert(places: &mut BTreeMap<QueueId, BTreeSet<Place>>, queue: &QueueId, place: Place) {
    match places.get_mut(queue) {
        Some(set) => {
            set.insert(place);
        }
        None => {
            places.insert(queue.clone(), BTreeSet::from([place]));
        }
    }
}

fn remove(places: &mut BTreeMap<QueueId, BTreeSet<Place>>, queue: &QueueId, place: Place) {
    if let Some(set) = places.get_mut(queue) {
        set.remove(&place);
        if set.is_empty() {
            places.remove(queue);
        }
    }
}
