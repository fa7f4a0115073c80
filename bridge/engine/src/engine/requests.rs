//! The room and the requests: what became of our effects.

use std::mem;

use super::{Outcome, Turn};
use crate::{
    bugs::{Bug, has},
    chat::{ChatState, EndReason, Room},
    effect::{ChatEvent, Effect, Ignored, InvitationRefusal},
    ids::{AgentId, ChatId},
    input::WithdrawOutcome,
};

impl Turn<'_> {
    pub(super) fn room_opened(&mut self, id: ChatId) -> Outcome {
        if self.chat(id)?.room != Room::Opening {
            return Err(Ignored::Stale);
        }
        self.edit_room(id, |chat| chat.room = Room::Open);
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
            chat.invitation = None;
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
        let (agent, request) = chat.request(number).ok_or(Ignored::Stale)?;
        if request.deadline.is_some() {
            return Err(Ignored::Stale);
        }
        let (agent, invited) = (agent.clone(), chat.invites(agent));
        let within = if invited {
            self.invited_within(chat)
        } else {
            self.settings_of(chat).request_timeout
        };
        let missed_at = self.now + within;
        self.edit_chat(id, |chat| {
            let request = match (&mut chat.state, &mut chat.invitation) {
                (ChatState::Ringing { requests }, _) => requests.get_mut(&agent),
                (_, Some(invitation)) => Some(&mut invitation.rings.request),
                _ => None,
            };
            if let Some(request) = request {
                request.deadline = Some(missed_at);
            }
        });
        Ok(())
    }

    pub(super) fn request_failed(&mut self, id: ChatId, number: u32) -> Outcome {
        let chat = self.chat(id)?;
        let (agent, _) = chat.request(number).ok_or(Ignored::Stale)?;
        let (agent, invited) = (agent.clone(), chat.invites(agent));
        if invited {
            self.invitation_refused(id, &agent, InvitationRefusal::Failed);
            return Ok(());
        }
        self.request_refused(id, &agent, ChatEvent::RequestFailed { agent: agent.clone() });
        Ok(())
    }

    pub(super) fn request_withdrawn(
        &mut self,
        id: ChatId,
        agent: &AgentId,
        outcome: WithdrawOutcome,
    ) -> Outcome {
        // Of somebody who is no agent any more, the room alone tells: this may be old news.
        if !self.is_withdrawing(id, agent) {
            self.chat(id)?;
            self.agent(agent)?;
            return Err(Ignored::Stale);
        }
        // That the agent is in the room is news if the room has not told us yet, and then it is
        // dealt with as if the room had. If it has, this is a repetition and changes nothing.
        if outcome == WithdrawOutcome::HadJoined {
            // What does not fit has happened before.
            let _ = self.agent_joined(id, agent);
        }
        self.end_withdrawal(id, agent);
        Ok(())
    }

    /// The invite is gone without our doing: the agent is passed over, and the next one is asked.
    pub(super) fn request_refused(&mut self, id: ChatId, agent: &AgentId, event: ChatEvent) {
        self.drop_request(id, agent);
        self.happened(id, event);
        self.exclude(id, agent);
        self.go_on(id);
    }

    /// A request is over; without another one the chat waits again.
    pub(super) fn drop_request(&mut self, id: ChatId, agent: &AgentId) {
        self.edit_agent(agent, |agent| agent.request = None);
        self.edit_chat(id, |chat| {
            if let ChatState::Ringing { requests } = &mut chat.state {
                requests.remove(agent);
                if requests.is_empty() {
                    chat.state = ChatState::Waiting;
                }
            }
        });
    }

    /// Takes a request back; without another one the chat waits again.
    pub(super) fn take_back(&mut self, id: ChatId, agent: &AgentId, event: ChatEvent) {
        self.drop_request(id, agent);
        self.withdraw(id, agent, event);
    }

    /// Takes back every request of a chat.
    pub(super) fn take_back_all(&mut self, id: ChatId) {
        let Ok(chat) = self.chat(id) else { return };
        let Some(requests) = chat.requests_now() else { return };
        let asked: Vec<AgentId> = requests.keys().cloned().collect();
        self.edit_chat(id, |chat| chat.state = ChatState::Waiting);
        for agent in asked {
            self.edit_agent(&agent, |agent| agent.request = None);
            self.withdraw(id, &agent, ChatEvent::Withdrawn { agent: agent.clone() });
        }
    }

    /// The agent is not asked for anything until it is known what became of the invite.
    pub(super) fn withdraw(&mut self, id: ChatId, agent: &AgentId, event: ChatEvent) {
        self.edit_agent(agent, |agent| agent.withdrawing.push(id));
        let missed = matches!(event, ChatEvent::Missed { .. });
        if has(Bug::CountsWithdrawalAsMiss) && !missed {
            self.count_miss(agent);
        }
        self.happened(id, event);
        if has(Bug::KeepsMissedInvite) && missed {
            return;
        }
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
        self.edit_room(id, |chat| {
            chat.room = Room::Opening;
            pending = mem::take(&mut chat.pending);
        });
        if has(Bug::LosesPending) {
            pending.clear();
        }
        if has(Bug::ReversesPending) {
            pending.reverse();
        }
        self.effects.push(Effect::OpenRoom { chat: id });
        for message in pending {
            self.effects.push(Effect::Relay { chat: id, message });
        }
    }
}
