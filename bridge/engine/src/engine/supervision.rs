//! What supervisors and administrators change.

use std::collections::{BTreeMap, BTreeSet};

use super::{Outcome, Turn, index::Index, roster::Roster};
use crate::{
    agent::{Agent, Status},
    chat::ChatState,
    effect::{ChatEvent, Effect, Ignored, RecordKey, StatusWhy},
    ids::{AgentId, ChatId, QueueId},
    setup::Setup,
};

impl Turn<'_> {
    pub(super) fn assigned(&mut self, id: ChatId, agent: &AgentId) -> Outcome {
        if !self.chat(id)?.is_queued() {
            return Err(Ignored::Stale);
        }
        self.agent(agent)?;
        if !self.engine.index.is_available(agent) {
            return Err(Ignored::Unavailable);
        }
        self.take_back_all(id);
        self.edit_chat(id, |chat| {
            chat.excluded.remove(agent);
        });
        self.request(id, agent, true);
        Ok(())
    }

    pub(super) fn moved(&mut self, id: ChatId, to: QueueId) -> Outcome {
        let chat = self.chat(id)?;
        let settings = self.engine.roster.known_queue(&to).ok_or(Ignored::UnknownQueue)?;
        if chat.is_ended() || chat.queue == to {
            return Err(Ignored::Stale);
        }
        let from = chat.queue.clone();
        let give_up_at = settings.max_wait.map(|wait| self.now + wait);
        if chat.is_queued() {
            self.take_back_all(id);
            self.enter(id, &to);
            self.edit_chat(id, |chat| chat.give_up_at = give_up_at.filter(|_| !chat.message));
        } else {
            // Who rejected it before did so in the other queue.
            self.edit_chat(id, |chat| {
                chat.queue = to.clone();
                chat.excluded.clear();
                chat.round = 0;
            });
        }
        self.edit_room(id, |chat| chat.passed.clear());
        self.happened(id, ChatEvent::Moved { from, to });
        self.overflow_if_nobody_is_ready(id);
        Ok(())
    }

    pub(super) fn configured(&mut self, setup: &Setup) {
        let roster = Roster::new(setup);
        let named: BTreeMap<&AgentId, u32> =
            setup.agents.iter().map(|agent| (&agent.id, agent.capacity)).collect();
        let homeless = |agent: &Agent| {
            agent.profile.as_ref().is_some_and(|profile| !roster.has_profile(profile))
        };
        // Still by the old roster, which the index is made of.
        let (mut removed, mut logged_off) = (Vec::new(), Vec::new());
        for agent in self.engine.agents.values() {
            if !named.contains_key(&agent.id) {
                removed.push(agent.id.clone());
            } else if homeless(agent) {
                logged_off.push(agent.id.clone());
            }
        }
        // None of them is to be asked in another's place.
        for id in removed.iter().chain(&logged_off) {
            self.engine.index.forget_agent(id);
        }
        for id in &removed {
            self.withdraw_any_request(id);
        }
        for id in &logged_off {
            self.withdraw_request(id);
        }
        for id in removed {
            self.engine.index.forget_agent(&id);
            self.engine.agents.remove(&id);
            self.changed.insert(RecordKey::Agent(id));
        }
        self.engine.roster = roster;
        for (id, capacity) in named {
            match self.engine.agents.get_mut(id) {
                Some(agent) if agent.capacity == capacity => continue,
                Some(agent) => agent.capacity = capacity,
                None => {
                    let agent = Agent::new(id.clone(), capacity, self.now);
                    self.engine.agents.insert(id.clone(), agent);
                }
            }
            self.changed.insert(RecordKey::Agent(id.clone()));
        }
        for id in logged_off {
            if let Some(agent) = self.engine.agents.get_mut(&id) {
                agent.status = Status::LoggedOff;
                agent.since = self.now;
                agent.profile = None;
                agent.pausing = false;
            }
            self.changed.insert(RecordKey::Agent(id.clone()));
            let (status, why) = (Status::LoggedOff, StatusWhy::ProfileGone);
            self.effects.push(Effect::AgentChanged { agent: id, status, why });
        }
        let engine = &mut *self.engine;
        engine.index = Index::build(&engine.roster, &engine.agents, &engine.chats);
        self.woken_agents = engine.index.available().cloned().collect();
        self.limit_the_homeless();
        self.settle_all();
        let queues: Vec<QueueId> =
            self.engine.roster.queues().map(|queue| queue.id.clone()).collect();
        self.overflow_where_nobody_is_ready(&queues);
    }

    /// Nobody serves a queue that is gone, so a customer must not wait there for ever.
    fn limit_the_homeless(&mut self) {
        let homeless: Vec<ChatId> = self
            .engine
            .chats
            .values()
            .filter(|chat| self.engine.roster.known_queue(&chat.queue).is_none())
            .filter(|chat| chat.is_queued() && !chat.message && chat.give_up_at.is_none())
            .map(|chat| chat.id)
            .collect();
        for id in homeless {
            let Ok(chat) = self.chat(id) else { continue };
            let give_up_at = self.settings_of(chat).max_wait.map(|wait| self.now + wait);
            self.edit_chat(id, |chat| chat.give_up_at = give_up_at);
        }
    }

    /// Those who are left may all have been asked already.
    fn settle_all(&mut self) {
        let waiting: BTreeSet<ChatId> = self
            .engine
            .chats
            .values()
            .filter(|chat| chat.state == ChatState::Waiting && !chat.excluded.is_empty())
            .map(|chat| chat.id)
            .collect();
        for id in waiting {
            self.settle(id);
        }
    }
}
