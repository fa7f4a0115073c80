//! Whether agents want to be asked: log on, log off, ready, pause.

use super::{Outcome, Turn};
use crate::{
    agent::{Agent, Status},
    chat::{ChatState, Invitation, Invitee},
    effect::{ChatEvent, Effect, Ignored, InvitationRefusal, RemoveReason, StatusWhy},
    ids::{AgentId, ChatId, ProfileId, QueueId},
    input::Leaving,
};

impl Turn<'_> {
    pub(super) fn agent_logs_on(&mut self, id: &AgentId, profile: ProfileId) -> Outcome {
        let agent = self.agent(id)?;
        if !self.engine.roster.has_profile(&profile) {
            return Err(Ignored::UnknownProfile);
        }
        if agent.status == Status::Ready && agent.profile.as_ref() == Some(&profile) {
            self.change_readiness(id, |agent| agent.pausing = false);
            return Ok(());
        }
        // A request from a queue that they do not serve any more goes to somebody who does.
        let asks = self.queue_that_asks(id);
        let serves = self.engine.roster.profile(&profile);
        if asks.is_some_and(|queue| serves.iter().all(|serves| serves.queue != queue)) {
            self.withdraw_request(id);
        }
        self.change_status(id, Status::Ready, StatusWhy::Asked, Some(profile));
        Ok(())
    }

    pub(super) fn agent_logs_off(&mut self, id: &AgentId, chats: Option<Leaving>) -> Outcome {
        let logged_off = self.agent(id)?.status == Status::LoggedOff;
        let own: Vec<ChatId> = self.engine.index.chats_of(id).collect();
        let returns = chats == Some(Leaving::Return) && !own.is_empty();
        // Who kept their chats may still return them.
        if logged_off && !returns {
            return Err(Ignored::LoggedOff);
        }
        if chats.is_none() && !own.is_empty() {
            let agent = id.clone();
            self.effects.push(Effect::ConfirmLogOff { agent, chats: own.len() });
            return Ok(());
        }
        if !logged_off {
            self.change_status(id, Status::LoggedOff, StatusWhy::Asked, None);
        }
        if returns {
            for chat in own {
                self.leave_behind(chat, id);
            }
        }
        Ok(())
    }

    pub(super) fn agent_ready(&mut self, id: &AgentId) -> Outcome {
        let agent = self.agent(id)?;
        match agent.status {
            Status::LoggedOff => return Err(Ignored::LoggedOff),
            Status::Ready => self.change_readiness(id, |agent| agent.pausing = false),
            Status::Paused | Status::NotResponding => {
                let profile = agent.profile.clone();
                self.change_status(id, Status::Ready, StatusWhy::Asked, profile);
            }
        }
        Ok(())
    }

    pub(super) fn agent_pauses(&mut self, id: &AgentId, after_chats: bool) -> Outcome {
        let agent = self.agent(id)?;
        if agent.status == Status::LoggedOff {
            return Err(Ignored::LoggedOff);
        }
        let profile = agent.profile.clone();
        if after_chats && agent.status == Status::Ready && self.engine.index.talking(id) > 0 {
            self.withdraw_request(id);
            self.change_readiness(id, |agent| agent.pausing = true);
        } else if agent.status != Status::Paused {
            self.change_status(id, Status::Paused, StatusWhy::Asked, profile);
        }
        Ok(())
    }

    /// Gives an agent a new status, with everything that follows for the chats of their queues.
    pub(super) fn change_status(
        &mut self,
        id: &AgentId,
        status: Status,
        why: StatusWhy,
        profile: Option<ProfileId>,
    ) {
        if status != Status::Ready {
            self.withdraw_request(id);
        }
        self.effects.push(Effect::AgentChanged { agent: id.clone(), status, why });
        let now = self.now;
        self.change_readiness(id, |agent| {
            if agent.status != status {
                agent.since = now;
            }
            if status == Status::Ready {
                agent.idle_since = now;
                agent.misses = 0;
            }
            agent.status = status;
            agent.profile = profile;
            agent.pausing = false;
        });
    }

    /// Changes an agent who may not be among the ready ones of some queues afterwards, or only
    /// then. Chats that some have rejected may have been through all who are ready now.
    fn change_readiness(&mut self, id: &AgentId, change: impl FnOnce(&mut Agent)) {
        let mut concerned = self.engine.index.picky_for(id);
        let left = self.queues_of(id);
        self.edit_agent(id, change);
        for queue in self.queues_of(id) {
            concerned.extend(self.engine.index.picky_with_only(id, &queue, &self.engine.roster));
        }
        for chat in concerned {
            self.settle(chat);
        }
        self.overflow_where_nobody_is_ready(&left);
    }

    pub(super) fn queues_of(&self, id: &AgentId) -> Vec<QueueId> {
        let profile = self.agent(id).ok().and_then(|agent| agent.profile.as_ref());
        let serves = profile.map_or(&[][..], |profile| self.engine.roster.profile(profile));
        serves.iter().map(|serves| serves.queue.clone()).collect()
    }

    /// Who is not to be asked any more is not to be left with a request of a queue, either. It does
    /// not count against them. (A colleague who invites them by name knows how they are.)
    pub(super) fn withdraw_request(&mut self, id: &AgentId) {
        if self.queue_that_asks(id).is_some() {
            self.withdraw_any_request(id);
        }
    }

    /// Takes back whatever an agent is asked for.
    pub(super) fn withdraw_any_request(&mut self, id: &AgentId) {
        let Some(chat) = self.agent(id).ok().and_then(|agent| agent.request) else { return };
        if self.chat(chat).is_ok_and(|chat| chat.invites(id)) {
            self.invitation_refused(chat, id, InvitationRefusal::Withdrawn);
        } else {
            self.take_back(chat, id, ChatEvent::Withdrawn { agent: id.clone() });
        }
    }

    /// The queue for which an agent is being asked, unless it is them who are meant.
    fn queue_that_asks(&self, id: &AgentId) -> Option<QueueId> {
        let chat = self.chat(self.agent(id).ok()?.request?).ok()?;
        match chat.invitation.as_ref().filter(|_| chat.invites(id)) {
            Some(Invitation { invitee: Invitee::Queue(queue), .. }) => Some(queue.clone()),
            Some(Invitation { invitee: Invitee::Agent(_), .. }) => None,
            None => Some(chat.queue.clone()),
        }
    }

    /// An agent who logs off leaves a chat at once; without others it returns to its queue, unless
    /// it is handed over.
    fn leave_behind(&mut self, chat: ChatId, id: &AgentId) {
        self.remove(chat, id, RemoveReason::LoggedOff);
        let last = self.chat(chat).is_ok_and(|chat| {
            let alone =
                matches!(&chat.state, ChatState::Active { agents, .. } if agents.is_empty());
            alone && !chat.is_handed_over()
        });
        self.edit_room(chat, |chat| {
            chat.left.insert(id.clone());
        });
        self.happened(chat, ChatEvent::Left { agent: id.clone(), last });
        if last {
            self.requeue(chat);
        }
    }

    /// A missed request: too many in a row, and the agent is not asked any more.
    pub(super) fn count_miss(&mut self, id: &AgentId) {
        let limit = self.engine.roster.misses;
        let Ok(agent) = self.agent(id) else { return };
        let misses = agent.misses.saturating_add(1);
        let profile = agent.profile.clone();
        let ready = agent.status == Status::Ready;
        self.edit_agent(id, |agent| agent.misses = misses);
        if ready && limit > 0 && misses >= limit {
            self.change_status(id, Status::NotResponding, StatusWhy::Missed, profile);
        }
    }

    /// A sign of life.
    pub(super) fn forgive(&mut self, id: &AgentId) {
        if self.agent(id).is_ok_and(|agent| agent.misses > 0) {
            self.edit_agent(id, |agent| agent.misses = 0);
        }
    }
}
