//! The room and the requests: what became of our effects.

use std::mem;

use super::{Outcome, Turn};
use crate::{
    chat::{ChatState, EndReason, Room},
    effect::{ChatEvent, Effect, Ignored},
    ids::{AgentId, ChatId},
    input::WithdrawOutcome,
};

impl Turn<'_> {
    pub(super) fn room_opened(&mut self, id: ChatId) -> Outcome {
        if self.chat(id)?.room != Room::Opening {
            return Err(Ignored::Stale);
        }
        self.edit_chat(id, |chat| chat.room = Room::Open);
        Ok(())
    }

    pub(super) fn room_failed(&mut self, id: ChatId) -> Outcome {
        let chat = self.chat(id)?;
        if chat.room != Room::Opening {
            return Err(Ignored::Stale);
        }
        let ended = chat.is_ended();
        // Without a room there is no invite either, so that nothing needs to be withdrawn.
        let concerned: Vec<AgentId> = self
            .engine
            .agents
            .values()
            .filter(|agent| agent.request == Some(id) || agent.withdrawing.contains(&id))
            .map(|agent| agent.id.clone())
            .collect();
        for agent in concerned {
            self.edit_agent(&agent, |agent| {
                agent.request.take_if(|chat| *chat == id);
                agent.withdrawing.retain(|chat| *chat != id);
            });
        }
        self.edit_chat(id, |chat| {
            chat.room = Room::Failed;
            if chat.is_queued() {
                chat.state = ChatState::Waiting;
            }
        });
        if !ended {
            self.end(id, EndReason::NoAgent);
        }
        Ok(())
    }

    pub(super) fn request_sent(&mut self, id: ChatId, number: u32) -> Outcome {
        let chat = self.chat(id)?;
        let timeout = self.settings_of(chat).request_timeout;
        match chat.state {
            ChatState::Ringing { request, deadline: None, .. } if request == number => {}
            _ => return Err(Ignored::Stale),
        }
        let missed_at = self.now + timeout;
        self.edit_chat(id, |chat| {
            if let ChatState::Ringing { deadline, .. } = &mut chat.state {
                *deadline = Some(missed_at);
            }
        });
        Ok(())
    }

    pub(super) fn request_failed(&mut self, id: ChatId, number: u32) -> Outcome {
        let agent = match &self.chat(id)?.state {
            ChatState::Ringing { agent, request, .. } if *request == number => agent.clone(),
            _ => return Err(Ignored::Stale),
        };
        self.request_refused(id, &agent, ChatEvent::RequestFailed { agent: agent.clone() });
        Ok(())
    }

    pub(super) fn request_withdrawn(
        &mut self,
        id: ChatId,
        agent: &AgentId,
        outcome: WithdrawOutcome,
    ) -> Outcome {
        if !self.is_withdrawing(id, agent) {
            self.chat(id)?;
            if self.engine.agents.contains_key(agent) {
                return Err(Ignored::Stale);
            }
        }
        // That the agent is in the room is news if the room has not told us yet, and then it is
        // dealt with as if the room had. If it has, this is a repetition and changes nothing.
        let joined = if outcome == WithdrawOutcome::HadJoined {
            self.agent_joined(id, agent)
        } else {
            Err(Ignored::UnknownAgent)
        };
        if self.end_withdrawal(id, agent) { Ok(()) } else { joined }
    }

    /// The invite is gone without our doing: the agent is passed over, and the next one is asked.
    pub(super) fn request_refused(&mut self, id: ChatId, agent: &AgentId, event: ChatEvent) {
        self.edit_agent(agent, |agent| agent.request = None);
        self.edit_chat(id, |chat| chat.state = ChatState::Waiting);
        self.happened(id, event);
        self.pass_over(id, agent);
    }

    /// Takes a request back; the chat waits again. The agent is not asked for anything until it is
    /// known what became of the invite.
    pub(super) fn take_back(&mut self, id: ChatId, agent: &AgentId, event: ChatEvent) {
        self.edit_agent(agent, |agent| {
            agent.request = None;
            agent.withdrawing.push(id);
        });
        self.edit_chat(id, |chat| chat.state = ChatState::Waiting);
        self.happened(id, event);
        self.effects.push(Effect::Withdraw { chat: id, agent: agent.clone() });
    }

    pub(super) fn is_withdrawing(&self, id: ChatId, agent: &AgentId) -> bool {
        self.engine.agents.get(agent).is_some_and(|agent| agent.withdrawing.contains(&id))
    }

    /// Notes that a withdrawal's outcome is known. Says whether one was waited for.
    pub(super) fn end_withdrawal(&mut self, id: ChatId, agent: &AgentId) -> bool {
        let expected = self.is_withdrawing(id, agent);
        if expected {
            self.edit_agent(agent, |agent| agent.withdrawing.retain(|chat| *chat != id));
        }
        expected
    }

    /// Makes the room before the first request, and hands it what the customer wrote so far.
    pub(super) fn open_room(&mut self, id: ChatId) {
        if !self.chat(id).is_ok_and(|chat| chat.room == Room::None) {
            return;
        }
        let mut pending = Vec::new();
        self.edit_chat(id, |chat| {
            chat.room = Room::Opening;
            pending = mem::take(&mut chat.pending);
        });
        self.effects.push(Effect::OpenRoom { chat: id });
        for message in pending {
            self.effects.push(Effect::Relay { chat: id, message });
        }
    }
}
