//! What supervisors and agents are shown of what is going on: gathered here, told in
//! [`switchboard_centre::views`].

mod chats;

use std::collections::{BTreeMap, BTreeSet};

use switchboard_centre::{
    ChangeError, Kind, Reply,
    hours::next_change,
    model::Queue,
    views::live::{self, AgentNow, Named, QueueNow, WaitingChat},
};
use switchboard_engine::{Agent, AgentId, ChatId, ChatState, ProfileId, QueueId, Status, Time};

use super::state::State;

/// Who waits in a queue.
#[derive(Debug, Default)]
struct Waits {
    waiting: usize,
    longest: Option<Time>,
    messages: usize,
}

impl State {
    /// Answers `!queues`: those that this user supervises.
    pub(super) fn view_queues(&self, user: &str) -> Reply {
        let now = self.now();
        let mut chats: BTreeMap<&QueueId, usize> = BTreeMap::new();
        for chat in self.engine.chats() {
            if matches!(chat.state, ChatState::Active { .. }) {
                *chats.entry(&chat.queue).or_default() += 1;
            }
        }
        let mut logged_on: BTreeMap<&QueueId, usize> = BTreeMap::new();
        for agent in self.engine.agents().filter(|agent| agent.status != Status::LoggedOff) {
            let profile = agent.profile.iter().flat_map(|profile| self.engine.served(profile));
            for serves in profile {
                *logged_on.entry(&serves.queue).or_default() += 1;
            }
        }
        let queues: Vec<QueueNow> = self
            .supervised(user)
            .map(|queue| {
                let id = QueueId(queue.id.clone());
                let waits = self.waits(&id);
                QueueNow {
                    queue: self.queue_named(&queue.id),
                    open: self.centre.is_open(queue, now),
                    changes: next_change(queue.hours.as_ref(), &self.centre.time_zone, now),
                    waiting: waits.waiting,
                    longest: waits.longest,
                    ready: self.engine.ready(&id).count(),
                    logged_on: logged_on.get(&id).copied().unwrap_or_default(),
                    chats: chats.get(&id).copied().unwrap_or_default(),
                    messages: waits.messages,
                }
            })
            .collect();
        live::queues(&queues, &self.centre.wall_clock(now))
    }

    /// Answers `!agents`: those who serve, or if they are not logged on could serve, a queue that
    /// this user supervises.
    pub(super) fn view_agents(&self, user: &str) -> Reply {
        let all = self.centre.may_edit(user, &[]);
        let supervised: BTreeSet<&str> = self.supervised(user).map(|queue| &*queue.id).collect();
        let agents: Vec<AgentNow> = self
            .engine
            .agents()
            .filter(|agent| all || self.serves_any(agent, &supervised))
            .map(|agent| AgentNow {
                agent: self.agent_named(&agent.id),
                status: agent.status,
                pausing: agent.pausing,
                since: agent.since,
                reason: self.pause_reason(&agent.id).map(str::to_owned),
                profile: agent.profile.as_ref().map(|profile| self.profile_named(profile).name),
                chats: self.engine.chats_of(&agent.id).count(),
                capacity: agent.capacity,
                asked: agent.request.and_then(|chat| self.number_of(chat)),
            })
            .collect();
        live::agents(&agents, &self.centre.wall_clock(self.now()))
    }

    fn serves_any(&self, agent: &Agent, queues: &BTreeSet<&str>) -> bool {
        if let Some(profile) = &agent.profile {
            let served = self.engine.served(profile);
            return served.iter().any(|serves| queues.contains(serves.queue.0.as_str()));
        }
        let profiles = self.centre.profiles_of(&agent.id.0);
        let mut served = profiles.iter().flat_map(|profile| &profile.queues);
        served.any(|served| queues.contains(served.queue.as_str()))
    }

    /// Answers `!waiting`: the chats that wait in one queue, or in all that this user supervises.
    pub(super) fn view_waiting(
        &self,
        user: &str,
        queue: Option<&str>,
    ) -> Result<Reply, ChangeError> {
        let queue = queue.map(|name| self.centre.find(Kind::Queue, name)).transpose()?;
        if let Some(id) = &queue
            && !self.centre.supervises(user, id)
        {
            return Ok(Reply::say(format!("You do not supervise queue `{id}`.")));
        }
        let queues =
            self.supervised(user).filter(|of| queue.as_ref().is_none_or(|id| of.id == *id));
        let mut chats: Vec<WaitingChat> = Vec::new();
        for queue in queues {
            let id = QueueId(queue.id.clone());
            let places = self.engine.waiting(&id).zip(1..);
            chats.extend(places.filter_map(|(chat, place)| self.waiting_chat(chat, place)));
        }
        let name = queue.map(|id| self.queue_named(&id).name);
        Ok(live::waiting(name.as_deref(), &chats, &self.centre.wall_clock(self.now())))
    }

    fn waiting_chat(&self, id: ChatId, place: usize) -> Option<WaitingChat> {
        let (chat, conversation) = (self.engine.chat(id)?, self.conversations.get(&id)?);
        Some(WaitingChat {
            number: conversation.number,
            queue: self.queue_named(&chat.queue.0).name,
            customer: conversation.customer.clone(),
            since: chat.since,
            place,
            asked: self.agent_names(chat.requests_now().into_iter().flatten().map(|(id, _)| id)),
            rejected: conversation.declined.values().map(|of| of.rejected).sum(),
            missed: conversation.declined.values().map(|of| of.missed).sum(),
            message: chat.message,
        })
    }

    /// The queues that a user supervises.
    fn supervised(&self, user: &str) -> impl Iterator<Item = &Queue> {
        self.centre.queues.iter().filter(move |queue| self.centre.supervises(user, &queue.id))
    }

    fn waits(&self, queue: &QueueId) -> Waits {
        let mut waits = Waits::default();
        for chat in self.engine.waiting(queue).filter_map(|chat| self.engine.chat(chat)) {
            if chat.message {
                waits.messages += 1;
                continue;
            }
            waits.waiting += 1;
            // They are in the order of waiting.
            waits.longest.get_or_insert(chat.since);
        }
        waits
    }

    fn number_of(&self, chat: ChatId) -> Option<u64> {
        self.conversations.get(&chat).map(|conversation| conversation.number)
    }

    fn queue_named(&self, id: &str) -> Named {
        let name = self.centre.queue(id).map_or(id, |queue| &queue.name);
        Named { name: name.to_owned(), id: id.to_owned() }
    }

    fn profile_named(&self, profile: &ProfileId) -> Named {
        let profiles = self.centre.effective_profiles();
        let name = profiles.iter().find(|p| p.id == profile.0).map_or(&profile.0, |p| &p.name);
        Named { name: name.clone(), id: profile.0.clone() }
    }

    /// Somebody who is no agent any more is called by their id.
    fn agent_named(&self, agent: &AgentId) -> Named {
        let name = self.centre.agent(&agent.0).map_or(&agent.0, |agent| &agent.name);
        Named { name: name.clone(), id: agent.0.clone() }
    }

    fn agent_names<'a>(&self, agents: impl IntoIterator<Item = &'a AgentId>) -> Vec<String> {
        agents.into_iter().map(|agent| self.agent_named(agent).name).collect()
    }
}
