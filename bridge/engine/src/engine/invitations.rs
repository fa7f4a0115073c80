//! Agents who ask another agent to come: one by name, or one of a queue.
//!
//! There is one invitation per chat at a time, and as long as it is there, it rings somebody. That
//! agent has a request like any other, so that nobody is asked twice at once and every race between
//! an answer and a withdrawal is met as elsewhere (`membership`). Those who invite may leave: then
//! the invitation decides what becomes of the chat.

use std::collections::BTreeSet;

use super::{Outcome, Turn};
use crate::{
    agent::Agent,
    chat::{Chat, ChatState, Invitation, Invitee, Request, Rings},
    effect::{ChatEvent, Effect, Ignored, InvitationEnd, InvitationRefusal},
    ids::{AgentId, ChatId},
    time::Span,
};

impl Turn<'_> {
    pub(super) fn agent_invites(
        &mut self,
        id: ChatId,
        by: &AgentId,
        invitee: &Invitee,
        sent: bool,
    ) -> Outcome {
        let chat = self.chat(id)?;
        if chat.is_ended() {
            return Err(Ignored::Ended);
        }
        if !chat.has(by) {
            return Err(Ignored::NotInChat);
        }
        if chat.invitation.is_some() {
            return Err(Ignored::InvitationPending);
        }
        let agent = self.first_invited(chat, invitee)?;
        let invitation = |rings| Invitation {
            by: by.clone(),
            invitee: invitee.clone(),
            rings,
            refused: BTreeSet::new(),
        };
        let asked = ChatEvent::InvitationAsked { by: by.clone(), invitee: invitee.clone() };
        self.happened(id, asked);
        self.ring_invited(id, &agent, sent, invitation);
        Ok(())
    }

    /// Whom a new invitation asks first, or why it asks nobody.
    fn first_invited(&self, chat: &Chat, invitee: &Invitee) -> Result<AgentId, Ignored> {
        match invitee {
            Invitee::Agent(id) => {
                let agent = self.agent(id)?;
                if chat.has(id) {
                    return Err(Ignored::InChat);
                }
                // That they are paused, logged off or busy is for the one who invites to judge.
                if agent.request.is_some() || !agent.withdrawing.is_empty() {
                    return Err(Ignored::Unavailable);
                }
                Ok(id.clone())
            }
            Invitee::Queue(queue) => {
                self.engine.roster.known_queue(queue).ok_or(Ignored::UnknownQueue)?;
                self.next_invited(chat, invitee, |_| true).ok_or(Ignored::NobodyAvailable)
            }
        }
    }

    /// The next agent of an invited queue, by its strategy; never one who is in the chat.
    fn next_invited(
        &self,
        chat: &Chat,
        invitee: &Invitee,
        may: impl Fn(&AgentId) -> bool,
    ) -> Option<AgentId> {
        let Invitee::Queue(queue) = invitee else { return None };
        let may = |agent: &AgentId| may(agent) && !chat.has(agent);
        let (index, roster) = (&self.engine.index, &self.engine.roster);
        index.first_of(queue, chat.since, roster, self.now, may)
    }

    /// Asks an agent. `sent`: their invite is with the homeserver already.
    fn ring_invited(
        &mut self,
        id: ChatId,
        agent: &AgentId,
        sent: bool,
        invitation: impl FnOnce(Rings) -> Invitation,
    ) {
        let (Ok(chat), Ok(record)) = (self.chat(id), self.agent(agent)) else { return };
        let number = chat.requests.saturating_add(1);
        let (waited, again) = (self.now - chat.since, chat.asked.contains(agent));
        let (status, ready) = (record.status, record.is_ready());
        let busy = self.engine.index.talking(agent) as u64 >= u64::from(record.capacity);
        let request = Request { number, deadline: None, assigned: false };
        let new = invitation(Rings { agent: agent.clone(), request, ready });
        let by = new.by.clone();
        self.edit_chat(id, |chat| {
            chat.requests = number;
            chat.asked.insert(agent.clone());
            chat.removing.remove(agent);
            chat.late.remove(agent);
            chat.invitation = Some(new);
        });
        if sent {
            let deadline = self.chat(id).ok().map(|chat| self.now + self.invited_within(chat));
            self.edit_chat(id, |chat| {
                if let Some(invitation) = &mut chat.invitation {
                    invitation.rings.request.deadline = deadline;
                }
            });
        }
        let now = self.now;
        self.edit_agent(agent, |agent| {
            agent.request = Some(id);
            agent.asked_at = now;
        });
        let agent = agent.clone();
        let rings =
            ChatEvent::InvitationRings { agent: agent.clone(), request: number, status, busy };
        self.happened(id, rings);
        if !sent {
            let by = Some(by);
            self.effects.push(Effect::Ring { chat: id, request: number, agent, waited, again, by });
        }
    }

    /// How long an invited agent has to answer: as long as the queue gives that was invited, or else
    /// the chat's own.
    pub(super) fn invited_within(&self, chat: &Chat) -> Span {
        let invitee = chat.invitation.as_ref().map(|invitation| &invitation.invitee);
        let queue = match invitee {
            Some(Invitee::Queue(queue)) => queue,
            Some(Invitee::Agent(_)) | None => &chat.queue,
        };
        self.engine.roster.queue(queue).request_timeout
    }

    pub(super) fn agent_cancels_invitation(&mut self, id: ChatId, agent: AgentId) -> Outcome {
        let chat = self.chat(id)?;
        if !chat.has(&agent) {
            return Err(Ignored::NotInChat);
        }
        if chat.invitation.is_none() {
            return Err(Ignored::NoInvitation);
        }
        self.drop_invitation(id, InvitationEnd::Cancelled(agent));
        Ok(())
    }

    /// Takes back the invitation of a chat, if there is one.
    pub(super) fn drop_invitation(&mut self, id: ChatId, how: InvitationEnd) {
        let Ok(chat) = self.chat(id) else { return };
        let Some(invitation) = &chat.invitation else { return };
        let agent = invitation.rings.agent.clone();
        self.edit_chat(id, |chat| chat.invitation = None);
        self.edit_agent(&agent, |agent| agent.request = None);
        self.withdraw(id, &agent, ChatEvent::InvitationOver { how });
    }

    /// Whom an invitation asked does not come: the next one of its queue is asked, or it is over.
    pub(super) fn invitation_refused(
        &mut self,
        id: ChatId,
        agent: &AgentId,
        why: InvitationRefusal,
    ) {
        let Ok(chat) = self.chat(id) else { return };
        let Some(mut invitation) = chat.invitation.clone() else { return };
        self.edit_agent(agent, |agent| agent.request = None);
        let refused = ChatEvent::InvitationRefused { agent: agent.clone(), why };
        if matches!(why, InvitationRefusal::Missed | InvitationRefusal::Withdrawn) {
            self.withdraw(id, agent, refused);
        } else {
            self.happened(id, refused);
        }
        if why != InvitationRefusal::Withdrawn {
            invitation.refused.insert(agent.clone());
        }
        if why == InvitationRefusal::Missed {
            let by = invitation.by.clone();
            self.edit_room(id, |chat| {
                chat.late.insert(agent.clone(), by);
            });
            // Who was not ready was not expected to answer.
            if invitation.rings.ready && self.agent(agent).is_ok_and(Agent::is_ready) {
                self.count_miss(agent);
            }
        }
        let Ok(chat) = self.chat(id) else { return };
        let may = |next: &AgentId| !invitation.refused.contains(next);
        let next = self.next_invited(chat, &invitation.invitee, may);
        if let Some(next) = next {
            self.ring_invited(id, &next, false, |rings| Invitation { rings, ..invitation });
        } else {
            self.invitation_fails(id, &invitation);
        }
    }

    /// Nobody comes. A chat that was handed over goes back to its queue at once; whoever would not
    /// have it is asked last there, like those who left it.
    fn invitation_fails(&mut self, id: ChatId, invitation: &Invitation) {
        self.edit_chat(id, |chat| chat.invitation = None);
        let how = match invitation.invitee {
            Invitee::Agent(_) => InvitationEnd::Refused,
            Invitee::Queue(_) => InvitationEnd::NobodyAvailable,
        };
        self.happened(id, ChatEvent::InvitationOver { how });
        let alone = self.chat(id).is_ok_and(
            |chat| matches!(&chat.state, ChatState::Active { agents, .. } if agents.is_empty()),
        );
        if alone {
            self.edit_room(id, |chat| chat.left.extend(invitation.refused.iter().cloned()));
            self.requeue(id);
        }
    }

    /// Whom an invitation asked has joined.
    pub(super) fn accept_invitation(&mut self, id: ChatId, agent: &AgentId) {
        self.edit_chat(id, |chat| chat.invitation = None);
        self.edit_agent(agent, |agent| agent.request = None);
        self.come_in(id, agent);
    }

    /// Who missed an invitation had joined before our withdrawal came through. If their queue's next
    /// agent is being asked meanwhile, that is over.
    pub(super) fn come_late(&mut self, id: ChatId, agent: &AgentId) {
        let Ok(chat) = self.chat(id) else { return };
        let invitation = chat.invitation.as_ref();
        let same = invitation.is_some_and(|invitation| invitation.refused.contains(agent));
        if same {
            self.drop_invitation(id, InvitationEnd::Accepted(agent.clone()));
            self.forgive(agent);
            self.add(id, agent);
        } else {
            self.come_in(id, agent);
        }
    }

    fn come_in(&mut self, id: ChatId, agent: &AgentId) {
        self.forgive(agent);
        self.happened(
            id,
            ChatEvent::InvitationOver { how: InvitationEnd::Accepted(agent.clone()) },
        );
        self.add(id, agent);
    }

    /// Our withdrawal removed an agent who had just accepted an invitation: they are invited again.
    /// Says whether they are.
    pub(super) fn invite_again(&mut self, id: ChatId, agent: &AgentId) -> bool {
        let Some(by) = self.forget_late(id, agent) else { return false };
        let Ok(chat) = self.chat(id) else { return false };
        let active = matches!(chat.state, ChatState::Active { .. });
        let invitee = Invitee::Agent(agent.clone());
        if !active || chat.invitation.is_some() || self.first_invited(chat, &invitee).is_err() {
            return false;
        }
        self.happened(id, ChatEvent::InvitationAsked { by: by.clone(), invitee: invitee.clone() });
        self.ring_invited(id, agent, false, |rings| Invitation {
            by,
            invitee,
            rings,
            refused: BTreeSet::new(),
        });
        true
    }

    /// What became of a late agent is known. Says who had invited them.
    pub(super) fn forget_late(&mut self, id: ChatId, agent: &AgentId) -> Option<AgentId> {
        let by = self.chat(id).ok()?.late.get(agent)?.clone();
        self.edit_room(id, |chat| {
            chat.late.remove(agent);
        });
        Some(by)
    }
}
