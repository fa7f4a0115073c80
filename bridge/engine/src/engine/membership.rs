//! Agents who join and go. The room's order decides every race between an agent and us.

use std::collections::BTreeSet;

use super::{Outcome, Turn};
use crate::{
    agent::Status,
    bugs::{Bug, has},
    chat::{ChatState, Room},
    effect::{ChatEvent, Effect, Ignored, InvitationRefusal, RemoveReason, StatusWhy},
    ids::{AgentId, ChatId},
    input::Removal,
};

impl Turn<'_> {
    /// Joining is accepting, whether we asked the agent or a colleague invited them. The exception
    /// is an acceptance that crossed with our withdrawal: then only a free chat is theirs.
    pub(super) fn agent_joined(&mut self, id: ChatId, agent: &AgentId) -> Outcome {
        let chat = self.chat(id)?;
        let known = self.engine.agents.contains_key(agent);
        let withdrawn = self.is_withdrawing(id, agent);
        let no_room = matches!(chat.room, Room::None | Room::Failed);
        if no_room || chat.has(agent) || chat.removing.contains(agent) {
            return Err(Ignored::Stale);
        }
        if !known && !chat.asked.contains(agent) {
            return Err(Ignored::UnknownAgent);
        }
        match &chat.state {
            ChatState::Ended { .. } if !withdrawn => self.remove(id, agent, RemoveReason::Closed),
            ChatState::Ended { .. } => self.remove(id, agent, RemoveReason::TooLate),
            // They were taken out of the configuration while their invite was still there.
            _ if !known => self.remove(id, agent, RemoveReason::TooLate),
            ChatState::Waiting | ChatState::Form => self.accept(id, agent),
            // Even if we had given them up: they joined before the withdrawal came through, and who
            // is in the room goes before who may still answer.
            ChatState::Ringing { .. } => {
                if chat.rings(agent) {
                    self.drop_request(id, agent);
                }
                if !has(Bug::RingAllKeepsOthers) {
                    self.take_back_all(id);
                }
                self.accept(id, agent);
            }
            ChatState::Active { .. } if chat.invites(agent) => self.accept_invitation(id, agent),
            ChatState::Active { .. } if chat.late.contains_key(agent) => self.come_late(id, agent),
            ChatState::Active { agents, .. } if agents.is_empty() => self.accept(id, agent),
            ChatState::Active { .. } if !withdrawn => self.add(id, agent),
            ChatState::Active { .. } => self.remove(id, agent, RemoveReason::TooLate),
        }
        Ok(())
    }

    /// An agent's membership ended.
    ///
    /// A newer request of the same agent for the same chat must survive news about an older one:
    ///
    /// - An agent is asked again only when `withdrawing` is empty, so `Withdrawn` is never about
    ///   the request that rings.
    /// - A request ends with the joining, so `Left` is never about it either. Our own removals come
    ///   back as `Left`.
    /// - What the agent does before they have been asked again comes while the mark in
    ///   `withdrawing` or `removing` still stands; then it is about what we have given up already.
    pub(super) fn agent_gone(&mut self, id: ChatId, agent: &AgentId, how: Removal) -> Outcome {
        let mut expected = self.end_withdrawal(id, agent);
        let chat = match self.chat(id) {
            Ok(chat) => chat,
            // The chat has been forgotten, but the agent can be asked for others again.
            Err(_) if expected => return Ok(()),
            Err(why) => return Err(why),
        };
        let (rings, inside) = (chat.rings(agent), chat.has(agent));
        if chat.removing.contains(agent) {
            expected = true;
            self.edit_room(id, |chat| {
                chat.removing.remove(agent);
            });
        }
        let invited = self.chat(id).is_ok_and(|chat| chat.invites(agent));
        match how {
            Removal::WithdrawnAfterJoin if self.undo_kick(id, agent) => Ok(()),
            Removal::Left | Removal::Removed if inside => {
                self.leave(id, agent);
                Ok(())
            }
            _ if expected => {
                self.forget_late(id, agent);
                Ok(())
            }
            Removal::Declined | Removal::Removed if invited => {
                self.forgive(agent);
                self.invitation_refused(id, agent, InvitationRefusal::Rejected);
                Ok(())
            }
            Removal::Declined | Removal::Removed if rings => {
                self.forgive(agent);
                self.request_refused(id, agent, ChatEvent::Rejected { agent: agent.clone() });
                Ok(())
            }
            _ => Err(Ignored::Stale),
        }
    }

    /// We cannot show an agent out. From now on their joining and going is news again.
    pub(super) fn removal_failed(&mut self, id: ChatId, agent: &AgentId) -> Outcome {
        if !self.chat(id)?.removing.contains(agent) {
            return Err(Ignored::Stale);
        }
        self.edit_chat(id, |chat| {
            chat.removing.remove(agent);
        });
        Ok(())
    }

    /// Our withdrawal removed an agent who had just accepted. It does not count against them, and
    /// if nobody else has the chat they are asked again at once. Says whether there was anything
    /// to do.
    fn undo_kick(&mut self, id: ChatId, agent: &AgentId) -> bool {
        let Ok(chat) = self.chat(id) else { return false };
        let inside = chat.has(agent);
        let asked = chat.asked.contains(agent);
        let excluded = chat.excluded.contains(agent);
        let max_wait = self.settings_of(chat).max_wait;
        let (was_active, free) = match &chat.state {
            ChatState::Waiting => (false, asked),
            ChatState::Active { agents, .. } => {
                let alone = agents.iter().all(|other| other == agent);
                (true, asked && alone && chat.invitation.is_none())
            }
            ChatState::Ringing { .. } | ChatState::Form | ChatState::Ended { .. } => (false, false),
        };
        if inside {
            // Not `leave`: they did not want to go, and did no work that would move `idle_since`.
            self.edit_chat(id, |chat| take_out(&mut chat.state, agent));
            if was_active {
                self.happened(id, ChatEvent::Left { agent: agent.clone(), last: false });
            }
            self.pause_if_over(agent);
        }
        if !free {
            if excluded {
                self.edit_chat(id, |chat| {
                    chat.excluded.remove(agent);
                });
            }
            return self.invite_again(id, agent) || inside || excluded;
        }
        let give_up_at = max_wait.map(|wait| self.now + wait);
        let overflow_at = self.chat(id).ok().and_then(|chat| self.overflow_at(&chat.queue));
        self.edit_chat(id, |chat| {
            chat.state = ChatState::Waiting;
            chat.late.clear();
            chat.excluded.append(&mut chat.left);
            chat.excluded.remove(agent);
            if was_active {
                chat.passed.clear();
                chat.give_up_at = give_up_at.filter(|_| !chat.message);
                chat.overflow_at = overflow_at.filter(|_| !chat.message);
            }
        });
        // However soon somebody is asked again: nobody has the chat now.
        if was_active {
            self.happened(id, ChatEvent::Requeued);
        }
        // They may be being asked for another chat by now, or no longer be an agent.
        if self.can_ask(id, agent) {
            self.ring(id, agent);
        } else {
            self.settle(id);
            self.overflow_if_nobody_is_ready(id);
        }
        true
    }

    fn accept(&mut self, id: ChatId, agent: &AgentId) {
        self.edit_chat(id, |chat| {
            chat.state =
                ChatState::Active { agents: BTreeSet::from([agent.clone()]), return_at: None };
            chat.excluded.remove(agent);
            chat.left.remove(agent);
            chat.removing.remove(agent);
            chat.asked.insert(agent.clone());
            chat.ask_after = None;
            chat.give_up_at = None;
            chat.overflow_at = None;
        });
        self.forgive(agent);
        self.happened(id, ChatEvent::Joined { agent: agent.clone(), first: true });
    }

    pub(super) fn add(&mut self, id: ChatId, agent: &AgentId) {
        self.edit_chat(id, |chat| {
            if let ChatState::Active { agents, .. } = &mut chat.state {
                agents.insert(agent.clone());
            }
            chat.left.remove(agent);
            chat.asked.insert(agent.clone());
        });
        self.happened(id, ChatEvent::Joined { agent: agent.clone(), first: false });
    }

    /// An agent has told us to leave. It is as if they had left by themselves.
    pub(super) fn agent_leaves(&mut self, id: ChatId, agent: &AgentId) -> Outcome {
        let chat = self.chat(id)?;
        if chat.is_ended() {
            return Err(Ignored::Ended);
        }
        if !chat.has(agent) {
            return Err(Ignored::NotInChat);
        }
        self.leave(id, agent);
        self.remove(id, agent, RemoveReason::Asked);
        Ok(())
    }

    /// An agent has left. What becomes of the chat that has nobody then:
    ///
    /// - over: nothing;
    /// - an invitation rings: it decides (a handover);
    /// - else it waits for their return, and then goes back to its queue.
    fn leave(&mut self, id: ChatId, agent: &AgentId) {
        let Ok(chat) = self.chat(id) else { return };
        let return_at = self.now + self.settings_of(chat).return_grace;
        if chat.is_ended() {
            self.edit_chat(id, |chat| take_out(&mut chat.state, agent));
            return;
        }
        let mut last = false;
        self.edit_chat(id, |chat| {
            take_out(&mut chat.state, agent);
            chat.left.insert(agent.clone());
            if let ChatState::Active { agents, return_at: at } = &mut chat.state
                && agents.is_empty()
                && chat.invitation.is_none()
            {
                last = true;
                *at = Some(return_at);
            }
        });
        self.happened(id, ChatEvent::Left { agent: agent.clone(), last });
        self.rest(agent);
    }

    /// Shows an agent out of the room. Who came too late was willing all the same, and may be asked
    /// again.
    pub(super) fn remove(&mut self, id: ChatId, agent: &AgentId, why: RemoveReason) {
        self.edit_chat(id, |chat| {
            take_out(&mut chat.state, agent);
            chat.removing.insert(agent.clone());
            chat.excluded.remove(agent);
        });
        self.effects.push(Effect::Remove { chat: id, agent: agent.clone(), why });
    }

    /// Marks the end of an agent's work, unless they have other chats.
    pub(super) fn rest(&mut self, agent: &AgentId) {
        if self.engine.index.talking(agent) > 0 {
            return;
        }
        let now = self.now;
        self.edit_agent(agent, |agent| agent.idle_since = now);
        self.pause_if_over(agent);
    }

    /// Who wanted to pause after their chats does so when they have none.
    fn pause_if_over(&mut self, id: &AgentId) {
        let Ok(agent) = self.agent(id) else { return };
        if has(Bug::NeverPauses) {
            return;
        }
        if agent.pausing && self.engine.index.talking(id) == 0 {
            let profile = agent.profile.clone();
            self.change_status(id, Status::Paused, StatusWhy::ChatsOver, profile);
        }
    }
}

fn take_out(state: &mut ChatState, agent: &AgentId) {
    match state {
        ChatState::Active { agents, .. } => {
            agents.remove(agent);
        }
        ChatState::Ended { agents, close_at, .. } => {
            agents.remove(agent);
            if agents.is_empty() {
                *close_at = None;
            }
        }
        ChatState::Waiting | ChatState::Ringing { .. } | ChatState::Form => {}
    }
}
